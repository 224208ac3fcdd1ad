package flow

import (
	"context"
	"slices"
	"strings"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// WithdrawConsents ends consents and, before signing, the renewals that rest on them: an order not yet paid closes, a
// paid one keeps its gate shut until its money has gone back. It returns what the applicant still stands by.
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
			entry := audit.Entry{Action: "consent.withdrawn", Object: "applicant:" + a.ID.String(), Details: map[string]any{"agreements": codes}}
			if err := audit.Append(ctx, tx, a, now, entry); err != nil {
				return err
			}
			if err := f.endUnconsented(ctx, tx, a); err != nil {
				return err
			}
		}
		consents, err = f.Applicants.ConsentsOf(ctx, tx, a.ID)
		return err
	})
	return consents, err
}

func (f *Flow) endUnconsented(ctx context.Context, tx pg.Tx, a actor.Actor) error {
	orders, err := f.Orders.OfApplicant(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	slices.SortFunc(orders, func(x, y order.Order) int { return strings.Compare(x.No, y.No) }) // lock order
	for _, o := range orders {
		missing, err := f.missingConsents(ctx, tx, a.ID, o.Gates.Path == order.Reviewed)
		if err != nil {
			return err
		}
		if len(missing) == 0 || o.Gates.Closed != order.Open {
			continue
		}
		if _, err := f.Orders.Change(ctx, tx, a, o.No, "consent.withdrawn", withdrawConsent); err != nil {
			return err
		}
	}
	return nil
}

// withdrawConsent shuts the consent gate unless the pair may already be signed: then the consent was used up.
func withdrawConsent(g *order.Gates) error {
	if g.Consent != order.Given || g.Issuance == order.Reserved || g.Issuance == order.Signed || g.Issuance == order.Recorded {
		return nil
	}
	g.Consent = order.Withdrawn
	if err := g.TouchContent(); err != nil {
		return err
	}
	if g.Payment == order.None || g.Payment == order.Awaiting {
		return g.Close(order.ClosedWithdrawn)
	}
	return nil
}
