package flow

import (
	"context"
	"strings"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
	"caconsole/issuance"
)

// How often drivers behind one address may ask for updates.
const (
	updates    = 300
	updatesPer = 10 * time.Minute
)

// StartUpdate opens a driver's session for the Ukey that holds a certificate: to collect what was issued or, on the
// online path, to authorise the renewal itself. csr is what the driver brought, DER, or empty. Faults on "serial": those
// of issuance.Service.Find and StartUpdate and of mayRenew, update_not_yet (the renewal is under way); on "csr":
// csr_required, csr_not_expected, csr_key_kept, and those of cert.ParseCSR; too_many_attempts.
func (f *Flow) StartUpdate(ctx context.Context, a actor.Actor, key idem.Key, serial string, csr []byte) (issuance.Update, error) {
	if err := f.Throttle.Take(ctx, "update:ip:"+a.IP, updates, updatesPer); err != nil {
		return issuance.Update{}, err
	}
	key.Principal += "/" + strings.ToLower(strings.TrimSpace(serial)) // drivers behind one address do not share keys
	var u issuance.Update
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		pair, err := f.Issuance.Find(ctx, tx, a, serial)
		if err != nil {
			return err
		}
		if csr, err = f.checkKeys(ctx, tx, pair, csr); err != nil {
			return err
		}
		u, err = idem.Run(ctx, tx, key, f.Now(), func() (issuance.Update, error) { return f.openUpdate(ctx, tx, a, pair, serial, csr) })
		return err
	})
	return u, err
}

// openUpdate opens the session that fits how far the pair's renewal is.
func (f *Flow) openUpdate(ctx context.Context, tx pg.Tx, a actor.Actor, pair issuance.Pair, serial string, csr []byte) (issuance.Update, error) {
	o, err := f.Orders.OpenOf(ctx, tx, pair.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return issuance.Update{}, err
	}
	ordered := err == nil
	if ordered && o.Gates.Path == order.Online && !atSigner(o.Gates) {
		return f.startRenew(ctx, tx, a, o.No, pair, csr)
	}
	if ordered && len(csr) > 0 && !atSigner(o.Gates) && o.Gates.Authorisation != order.Authorised {
		return issuance.Update{}, refuseField(fault.Conflict, "serial", "update_not_yet", nil) // a CSR is bound to what staff approved
	}
	u, err := f.Issuance.StartUpdate(ctx, tx, serial, csr)
	if ordered && fault.HasKey(err, "update_none") {
		err = refuseField(fault.Conflict, "serial", "update_not_yet", nil)
	}
	if fault.HasKey(err, "revoked") {
		err = refuseField(fault.Conflict, "serial", "revoked", nil)
	}
	return u, err
}

// checkKeys compares what the driver brought with whether the project re-keys, and returns the CSR's DER. A pair that was
// made on a CSR already is collected without another one.
func (f *Flow) checkKeys(ctx context.Context, tx pg.Tx, pair issuance.Pair, csr []byte) ([]byte, error) {
	settings, err := f.Projects.Settings(ctx, tx, pair.ProjectID, f.Now())
	if err != nil {
		return nil, err
	}
	if settings.Keys == project.KeysKeep {
		if len(csr) > 0 {
			return nil, refuseField(fault.Invalid, "csr", "csr_not_expected", nil)
		}
		return nil, nil
	}
	if len(csr) == 0 {
		made, err := f.Issuance.Collectable(ctx, tx, pair.ID)
		if err == nil && !made {
			err = refuseField(fault.Conflict, "csr", "csr_required", nil)
		}
		return nil, err
	}
	read, err := f.Issuance.NewKey(pair, csr)
	if err != nil {
		return nil, refuseField(fault.Invalid, "csr", fault.Of(err).Key, fault.Of(err).Args)
	}
	return read, nil
}
