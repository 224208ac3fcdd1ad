package flow

import (
	"context"
	"slices"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// GiveConsents records that the applicant agrees to texts in force and returns all they stand by. What had been
// approved of their open orders has to be looked at again if that is new. Faults: required, agreement_outdated (a
// version that is not, or no longer, in force).
func (f *Flow) GiveConsents(ctx context.Context, a actor.Actor, agreed []applicant.Agreed) ([]applicant.Consent, error) {
	if len(agreed) == 0 {
		return nil, fault.InvalidField("codes", "required")
	}
	var consents []applicant.Consent
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := f.Applicants.Lock(ctx, tx, a.ID); err != nil { // before any order, as everywhere
			return err
		}
		now := f.Now()
		agreements, err := f.Projects.Agreements(ctx, tx, now)
		if err != nil {
			return err
		}
		inForce := agreedTo(agreements, true)
		for _, c := range agreed {
			if !slices.Contains(inForce, c) {
				return refuseField(fault.Invalid, "codes", "agreement_outdated", fault.Args{"code": c.Code})
			}
		}
		fresh, err := f.Applicants.GiveConsents(ctx, tx, a.ID, agreed, a.IP, now)
		if err != nil {
			return err
		}
		if fresh > 0 {
			if err := f.consentsChanged(ctx, tx, a, nil); err != nil {
				return err
			}
		}
		entry := audit.Entry{Action: consentGiven, Object: "applicant:" + a.ID.String(), Details: map[string]any{"agreements": agreed}}
		if err := audit.Append(ctx, tx, a, now, entry); err != nil {
			return err
		}
		consents, err = f.Applicants.ConsentsOf(ctx, tx, a.ID)
		return err
	})
	return consents, err
}
