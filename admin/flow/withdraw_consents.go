package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// WithdrawConsents ends consents and, before signing, the renewals that rest on them: their face and card images are
// deleted, they close, and what was paid goes back. It returns what the applicant still stands by.
func (f *Flow) WithdrawConsents(ctx context.Context, a actor.Actor, codes []string) ([]applicant.Consent, error) {
	if len(codes) == 0 {
		return nil, fault.InvalidField("codes", "required")
	}
	var consents []applicant.Consent
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := f.Applicants.Lock(ctx, tx, a.ID); err != nil { // an order being created waits, and then lacks the consent
			return err
		}
		now := f.Now()
		n, err := f.Applicants.WithdrawConsents(ctx, tx, a.ID, codes, now)
		if err != nil {
			return err
		}
		if n > 0 {
			entry := audit.Entry{Action: consentWithdrawn, Object: "applicant:" + a.ID.String(), Details: map[string]any{"agreements": codes}}
			if err := audit.Append(ctx, tx, a, now, entry); err != nil {
				return err
			}
			if err := f.consentsChanged(ctx, tx, a, codes); err != nil {
				return err
			}
		}
		consents, err = f.Applicants.ConsentsOf(ctx, tx, a.ID)
		return err
	})
	return consents, err
}
