package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
)

// eligible is renewable for an applicant who has consented to what the certificate's path needs.
func (f *Flow) eligible(ctx context.Context, tx pg.Tx, a actor.Actor, serial string) (renewable, error) {
	missing, err := f.missingConsents(ctx, tx, a.ID, false)
	if err == nil && len(missing) > 0 {
		err = consentMissing(missing)
	}
	if err != nil {
		return renewable{}, err
	}
	r, err := f.renewable(ctx, tx, serial)
	if err != nil {
		return renewable{}, err
	}
	missing, err = f.missingConsents(ctx, tx, a.ID, r.Path == order.Reviewed)
	if err == nil && len(missing) > 0 {
		err = consentMissing(missing)
	}
	return r, err
}

// oneAtATime refuses a second renewal before the first is updated, within the project's scope of that rule.
func (f *Flow) oneAtATime(ctx context.Context, tx pg.Tx, a actor.Actor, r renewable) error {
	var open order.Order
	var err error
	switch r.Settings.OneAtATime {
	case project.ScopeOff:
		return nil
	case project.ScopeHolder:
		if err := f.Orders.LockHolder(ctx, tx, r.Old.OrgIDNumber); err != nil {
			return err
		}
		open, err = f.Orders.OpenOfHolder(ctx, tx, r.Old.OrgIDNumber)
	case project.ScopeAccount:
		open, err = f.Orders.OpenOfApplicant(ctx, tx, a.ID)
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	}
	return refuseField(fault.Conflict, "serial", "one_at_a_time", fault.Args{"no": open.No})
}
