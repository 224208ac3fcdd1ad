package flow

import (
	"context"
	"slices"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/staffkey"
)

// RegistryToSign says what a key officer signs to agree to the open change, named by its digest (hex), and refuses all
// that SignRegistry refuses.
func (f *Flow) RegistryToSign(ctx context.Context, a actor.Actor, sum string) (issuance.ToSign, error) {
	var out issuance.ToSign
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		c, _, err := f.signable(ctx, tx, a, sum)
		out = f.Issuance.ToSign(cert.DutyRegistry, c.Sum)
		return err
	})
	return out, err
}

// SignRegistry adds a key officer's signature to the open change; with the last one that is needed the change goes to the
// signer. Fails with Conflict "registry_change_ended" where it is no longer the one that was seen, "registry_signed"
// where this officer has signed it or "registry_complete" where enough have, and as issuance.Service.Approval does.
func (f *Flow) SignRegistry(ctx context.Context, a actor.Actor, sum string, sig issuance.Signature) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		c, have, err := f.signable(ctx, tx, a, sum)
		if err != nil {
			return err
		}
		r, err := f.Issuance.Registry(ctx, tx)
		if err != nil {
			return err
		}
		signed, err := f.Issuance.Approval(ctx, tx, a, cert.DutyRegistry, []cert.Digest{c.Sum}, sig)
		if err != nil {
			return err
		}
		if err := f.Issuance.KeepApproval(ctx, tx, c.Sum, signed); err != nil {
			return err
		}
		e := changeEntry("registry.sign", c)
		e.Details["given"], e.Details["needed"] = have+1, r.Officers
		if err := audit.Append(ctx, tx, a, f.Now(), e); err != nil {
			return err
		}
		if have+1 < r.Officers {
			return nil
		}
		return f.Jobs.Enqueue(ctx, tx, RegistryArgs{Digest: c.Sum.Hex()})
	})
}

// signable locks the open change and refuses an officer who has signed it; have is how many did.
func (f *Flow) signable(ctx context.Context, tx pg.Tx, a actor.Actor, sum string) (c staffkey.Change, have int, err error) {
	if c, err = f.changeSeen(ctx, tx, sum); err != nil {
		return c, 0, err
	}
	given, err := f.Issuance.ApprovalsOf(ctx, tx, c.Sum)
	if err != nil {
		return c, 0, err
	}
	if slices.ContainsFunc(given, func(p cert.Approval) bool { return p.StaffID == a.ID.String() }) {
		return c, 0, fault.New(fault.Conflict, "registry_signed", nil)
	}
	r, err := f.Issuance.Registry(ctx, tx)
	if err == nil && len(given) >= r.Officers {
		err = fault.New(fault.Conflict, "registry_complete", nil)
	}
	return c, len(given), err
}
