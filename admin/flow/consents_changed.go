package flow

import (
	"context"
	"slices"
	"strings"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/order"
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
	act, change := consentGiven, (*order.Gates).TouchContent
	if withdrawn != nil {
		act = consentWithdrawn
	}
	if slices.ContainsFunc(missing, func(m applicant.Agreed) bool { return slices.Contains(withdrawn, m.Code) }) {
		change = withdrawConsent
		if err := f.unwanted(ctx, tx, o); err != nil {
			return err
		}
	}
	if _, err := f.Orders.Change(ctx, tx, a, o.No, act, change); err != nil {
		return err
	}
	return f.voidApproval(ctx, tx, o)
}

// unwanted deletes the pictures of the agent and stops waiting for money that has not come.
func (f *Flow) unwanted(ctx context.Context, tx pg.Tx, o order.Order) error {
	err := f.Identities.Forget(ctx, tx, o.ID)
	if err != nil || o.Gates.Payment != order.Awaiting {
		return err
	}
	if err := f.Payments.Close(ctx, tx, o.ID); err != nil {
		return err
	}
	if err := f.Ledger.CloseReceivable(ctx, tx, o.ID); !fault.HasKey(err, "receivable_paid") {
		return err
	}
	return nil // a part has come: finance sends it back
}

func atSigner(g order.Gates) bool { return g.Issuance != order.None && g.Issuance != order.Failed }

// withdrawConsent shuts the consent gate and closes what has not been paid.
func withdrawConsent(g *order.Gates) error {
	g.Consent = order.Withdrawn
	if err := g.TouchContent(); err != nil {
		return err
	}
	if g.Payment == order.None || g.Payment == order.Awaiting {
		return g.Close(order.ClosedWithdrawn)
	}
	return nil
}
