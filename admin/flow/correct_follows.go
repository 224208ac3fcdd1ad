package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// releasePrice lets an order have another price: nobody waits for the old one any more. Once it is paid the years stay:
// Conflict "years_paid".
func (f *Flow) releasePrice(ctx context.Context, tx pg.Tx, o order.Order) error {
	switch o.Gates.Payment {
	case order.None:
		return nil
	case order.Awaiting:
		live, err := f.Payments.Intent(ctx, tx, o.ID)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return f.replacePayment(ctx, tx, o, live)
	default:
		return refuseField(fault.Conflict, "years", "years_paid", nil)
	}
}

// endTries ends a try at the agent's identity that is under way: it is about another person.
func (f *Flow) endTries(ctx context.Context, tx pg.Tx, o order.Order) error {
	last, err := f.Identities.Latest(ctx, tx, o.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || (last.State != identity.Begun && last.State != identity.Pending) {
		return err
	}
	_, err = f.Identities.Expire(ctx, tx, last.ID)
	return err
}

// reprint freezes what was corrected as a new version of a form that had been confirmed; a scan of the old one is
// obsolete. An order without a form has none to reprint.
func (f *Flow) reprint(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	switch _, err := f.Documents.CurrentForm(ctx, tx, o.ID); {
	case fault.HasKey(err, "form_not_confirmed"):
		return nil
	case err != nil:
		return err
	}
	_, err := f.freezeForm(ctx, tx, a, o)
	return err
}
