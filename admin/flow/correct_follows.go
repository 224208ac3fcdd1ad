package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/invoice"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// releasePrice lets an order have another price: nobody waits for the old one, or for a difference, any more.
func (f *Flow) releasePrice(ctx context.Context, tx pg.Tx, o order.Order) error {
	live, err := f.Payments.Intent(ctx, tx, o.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.replacePayment(ctx, tx, o, live)
}

// reprice is what another price does to the money that came: what is too much goes back by the way it came, newest
// payment first, after the invoice over it is red-lettered (红冲); what is missing is awaited. o is the order with its new
// price; the caller holds its lock.
func (f *Flow) reprice(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	payments, had, err := f.Payments.Kept(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	kept := min(had, o.AmountFen)
	o, err = f.Orders.Change(ctx, tx, a, o.No, "payment.repriced", func(g *order.Gates) error {
		g.Repriced(o.AmountFen, kept)
		if g.Payment == order.Settled && len(payments) > 0 {
			g.Method = order.Method(payments[0].Intent.Method)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if o.Gates.AwaitsDifference() { // it has its own reminder and its own time
		return f.Orders.Unnudge(ctx, tx, o.ID, order.NudgeDifference, order.NudgeOverdue)
	}
	if had == kept {
		return nil
	}
	waiting, err := f.invoiceKept(ctx, tx, o, false)
	if err != nil {
		return err
	}
	return f.giveBack(ctx, tx, payments, had-kept, payment.YearsChanged, waiting)
}

// correctBuyer puts right whom the invoice is made out to. One that is made out already is taken back, and another
// follows, as long as the order is not with the signer: Conflict "invoice_made_out". While a taking back is under way
// this only changes what the next one will say.
func (f *Flow) correctBuyer(ctx context.Context, tx pg.Tx, o order.Order, b invoice.Buyer) error {
	changed, err := f.Invoices.CorrectBuyer(ctx, tx, o.ID, b)
	if err != nil || !changed {
		return err
	}
	live, _, err := f.Invoices.Live(ctx, tx, o.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if atSigner(o.Gates) && live.State != invoice.Requested {
		return fault.New(fault.Conflict, "invoice_made_out", nil)
	}
	_, err = f.invoiceKept(ctx, tx, o, true)
	return err
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
