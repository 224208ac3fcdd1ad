package flow

import (
	"context"
	"log/slog"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
	"caconsole/issuance/staffkey"
)

// Registrar is the signer where it keeps whose keys count.
type Registrar interface {
	// ChangeRegistry changes whose keys count; the last change may be sent again and is answered again.
	ChangeRegistry(ctx context.Context, in cert.RegistryOrder) (cert.RegistryState, error)
	// EndDelegation ends a delegation before its time; again it answers as before.
	EndDelegation(ctx context.Context, in cert.DelegationEnd) (cert.Ended, error)
}

// RegistryArgs asks for the open change of the registry to be brought to the signer, if it is still this one.
type RegistryArgs struct {
	Digest string `json:"digest"`
}

// Kind names the job for River.
func (RegistryArgs) Kind() string { return "registry" }

// registrar acts for the officers once enough of them have signed.
var registrar = actor.Job("registry")

// SendRegistry brings the open change to the signer, once enough officers have signed it, and keeps its answer. It may be
// repeated at will. Where the signer refuses, the reason is kept for the officers; where its registry has moved, the
// change is dropped and what is left of it composed anew.
func (f *Flow) SendRegistry(ctx context.Context, sum string) error {
	q := f.DB.Read(ctx)
	c, err := f.Keys.OpenChange(ctx, q, false)
	if fault.Is(err, fault.NotFound) || err == nil && (c.Sum.Hex() != sum || c.Refusal != nil) {
		return nil // settled, or for the officers to look at
	}
	if err != nil {
		return err
	}
	r, err := f.Issuance.Registry(ctx, q)
	if err != nil {
		return err
	}
	signed, err := f.Issuance.ApprovalsOf(ctx, q, c.Sum)
	if err != nil || len(signed) < r.Officers {
		return err
	}
	state, err := f.Registrar.ChangeRegistry(ctx, cert.RegistryOrder{Change: c.Canonical(), Approvals: signed})
	switch {
	case err == nil:
		return f.keepRegistry(ctx, state)
	case fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Internal):
		return err // the queue tries again, and the sweep after it
	case fault.HasKey(err, "registry_moved"):
		return f.KeepAuthority(ctx)
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := f.Keys.RefusedChange(ctx, tx, c.Sum, fault.Of(err)); err != nil {
			return err
		}
		e := changeEntry("registry.send", c)
		e.Outcome, e.Reason = audit.Failed, fault.Of(err).Key
		return audit.Append(ctx, tx, registrar, f.Now(), e)
	})
}

// SweepRegistry sends a change that enough officers have signed and that the signer has not answered.
func (f *Flow) SweepRegistry(ctx context.Context) error {
	c, err := f.Keys.OpenChange(ctx, f.DB.Read(ctx), false)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	return f.SendRegistry(ctx, c.Sum.Hex())
}

func (f *Flow) keepRegistry(ctx context.Context, state cert.RegistryState) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error { return f.registryKept(ctx, tx, state) })
}

// registryKept stores whose keys count and settles what waited for it: requests whose keys do now, the open change.
func (f *Flow) registryKept(ctx context.Context, tx pg.Tx, state cert.RegistryState) error {
	if err := f.Issuance.KeepRegistry(ctx, tx, state); err != nil {
		return err
	}
	r, err := f.Issuance.Registry(ctx, tx) // an answer may be older than what is known by now
	if err != nil {
		return err
	}
	enrolled, err := f.Keys.Enrol(ctx, tx, r)
	if err != nil {
		return err
	}
	for _, q := range enrolled {
		m, err := f.Staff.Get(ctx, tx, q.StaffID)
		if err != nil {
			return err
		}
		e := audit.Entry{Action: "key.enrolled", Object: "staff:" + m.Login, Details: map[string]any{"key": q.KeyID(), "seq": r.Seq}}
		if err := audit.Append(ctx, tx, registrar, f.Now(), e); err != nil {
			return err
		}
	}
	return f.changeSettled(ctx, tx, r)
}

// changeSettled ends the open change where the registry is no longer the one it was made for: it is done, or what is left
// of it is composed for the new one, to be signed anew.
func (f *Flow) changeSettled(ctx context.Context, tx pg.Tx, r cert.Registry) error {
	c, err := f.Keys.OpenChange(ctx, tx, true)
	if fault.Is(err, fault.NotFound) || err == nil && c.Prev == r.Digest().Hex() {
		return nil
	}
	if err != nil {
		return err
	}
	add, revoke := staffkey.Left(c.RegistryChange, r)
	if len(add)+len(revoke) == 0 {
		if err := f.Keys.EndChange(ctx, tx, c.Sum, staffkey.Done); err != nil {
			return err
		}
		return audit.Append(ctx, tx, registrar, f.Now(), changeEntry("registry.changed", c))
	}
	if err := f.Keys.EndChange(ctx, tx, c.Sum, staffkey.Outdated); err != nil {
		return err
	}
	trust, err := f.Issuance.Trust(ctx, tx)
	if err != nil {
		return err
	}
	anew, err := staffkey.Compose(trust, add, revoke)
	if err != nil { // the officers put it together again themselves
		f.Log.WarnContext(ctx, "what is left of a change does not fit the registry", slog.Any("error", err))
		return nil
	}
	next, err := f.Keys.Begin(ctx, tx, c.CreatedBy, anew)
	if err != nil {
		return err
	}
	return audit.Append(ctx, tx, registrar, f.Now(), changeEntry("registry.compose", next))
}
