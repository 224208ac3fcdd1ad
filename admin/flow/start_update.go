package flow

import (
	"context"
	"strings"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/pg"
	"caconsole/admin/project"
	"caconsole/issuance"
)

// How often drivers behind one address may ask for updates.
const (
	updates    = 300
	updatesPer = 10 * time.Minute
)

// StartUpdate opens a driver's session for the Ukey that holds a certificate. csr is what the driver brought, DER, or
// empty. Faults on "serial": those of issuance.Service.Find and StartUpdate, update_not_yet (the renewal is under way);
// on "csr": csr_required, csr_not_expected; too_many_attempts.
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
		if err := f.checkKeys(ctx, tx, pair, csr); err != nil {
			return err
		}
		u, err = idem.Run(ctx, tx, key, f.Now(), func() (issuance.Update, error) { return f.Issuance.StartUpdate(ctx, tx, serial) })
		if !fault.HasKey(err, "update_none") {
			return err
		}
		if _, noOrder := f.Orders.OpenOf(ctx, tx, pair.ID); noOrder != nil {
			return err
		}
		return refuseField(fault.Conflict, "serial", "update_not_yet", nil)
	})
	return u, err
}

// checkKeys compares what the driver brought with whether the project re-keys.
func (f *Flow) checkKeys(ctx context.Context, tx pg.Tx, pair issuance.Pair, csr []byte) error {
	settings, err := f.Projects.Settings(ctx, tx, pair.ProjectID, f.Now())
	switch {
	case err != nil:
		return err
	case settings.Keys == project.KeysCSR && len(csr) == 0:
		return refuseField(fault.Conflict, "csr", "csr_required", nil)
	case settings.Keys == project.KeysKeep && len(csr) > 0:
		return refuseField(fault.Invalid, "csr", "csr_not_expected", nil)
	}
	return nil
}
