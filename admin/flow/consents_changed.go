package flow

import (
	"context"
	"slices"
	"strings"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// What the audit trail calls the two changes of consents.
const (
	consentGiven     = "consent.given"
	consentWithdrawn = "consent.withdrawn"
)

// consentsChanged brings the applicant's open orders in line with the consents they now stand by: consents are part of
// what an approval binds, and an order that needs one of those withdrawn cannot go on.
func (f *Flow) consentsChanged(ctx context.Context, tx pg.Tx, a actor.Actor, withdrawn []string) error {
	orders, err := f.Orders.OfApplicant(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	slices.SortFunc(orders, func(x, y order.Order) int { return strings.Compare(x.No, y.No) }) // lock order
	for _, o := range orders {
		if o.Gates.Closed != order.Open {
			continue
		}
		if o, err = f.Orders.Lock(ctx, tx, a, o.No); err != nil {
			return err
		}
		if !wanted(o.Gates) || atSigner(o.Gates) {
			continue // over; or the pair may already be signed: then the consents were used up
		}
		if err := f.orderConsents(ctx, tx, a, o, withdrawn); err != nil {
			return err
		}
	}
	return nil
}

// orderConsents voids what was approved of an order, or ends it where it needs what was withdrawn.
func (f *Flow) orderConsents(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, withdrawn []string) error {
	missing, err := f.missingConsents(ctx, tx, a.ID, o.Gates.Path == order.Reviewed)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(missing, func(m applicant.Agreed) bool { return slices.Contains(withdrawn, m.Code) }) {
		return f.withoutConsent(ctx, tx, a, o)
	}
	act := consentGiven
	if withdrawn != nil {
		act = consentWithdrawn
	}
	if _, err := f.Orders.Change(ctx, tx, a, o.No, act, (*order.Gates).TouchContent); err != nil {
		return err
	}
	return f.voidApproval(ctx, tx, o)
}

// withoutConsent ends an order whose consent was withdrawn: the pictures of the agent are deleted, what was paid goes back.
func (f *Flow) withoutConsent(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	if err := f.Identities.Forget(ctx, tx, o.ID); err != nil {
		return err
	}
	o, err := f.Orders.Change(ctx, tx, a, o.No, consentWithdrawn, func(g *order.Gates) error {
		g.Consent = order.Withdrawn
		return g.TouchContent()
	})
	if err != nil {
		return err
	}
	return f.endOrder(ctx, tx, a, o, order.ClosedWithdrawn, payment.ConsentWithdrawn)
}

func atSigner(g order.Gates) bool { return g.Issuance != order.None && g.Issuance != order.Failed }
