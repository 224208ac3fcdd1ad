package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/money"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// closeOrder ends an order before signing: nobody waits for its money any more, what was approved of it is void, a
// reviewer who has it lets go, and the agent is told. Money that came is not its business: see endOrder. The caller holds
// the order's lock. Conflict "order_being_issued" once the signer may have been asked, "order_closed" if it is over.
func (f *Flow) closeOrder(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, why order.Reason) error {
	back := o.Gates.Kept // as it was before endOrder sent it back
	o, err := f.Orders.Change(ctx, tx, a, o.No, "order.closed", func(g *order.Gates) error {
		if g.Authorisation == order.Authorised {
			g.Authorisation = order.Void
		}
		return g.Close(why)
	})
	if err != nil {
		return err
	}
	if err := f.voidApproval(ctx, tx, o); err != nil {
		return err
	}
	if err := f.Reviews.Release(ctx, tx, o.ID); err != nil {
		return err
	}
	if err := f.abandonPayment(ctx, tx, o); err != nil {
		return err
	}
	return f.tellClosed(ctx, tx, o, back)
}

// endOrder closes an order and sends back what was paid for it.
func (f *Flow) endOrder(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, why order.Reason, refund payment.RefundReason) error {
	if o.Gates.Payment == order.Settled || o.Gates.AwaitsDifference() {
		if err := f.startRefund(ctx, tx, a, o, refund); err != nil {
			return err
		}
	}
	return f.closeOrder(ctx, tx, a, o, why)
}

// tellClosed says why an order was closed, and what goes back. A rejected applicant has the reviewer's own words; of a revoked certificate
// whoever had it revoked knows.
func (f *Flow) tellClosed(ctx context.Context, tx pg.Tx, o order.Order, back money.Fen) error {
	args := map[string]string{"no": o.No, "amount": back.String()}
	switch o.Gates.Closed {
	case order.ClosedUnpaid:
		return f.tell(ctx, tx, o, notify.ClosedUnpaid, args)
	case order.ClosedExpired:
		return f.tell(ctx, tx, o, notify.ClosedExpired, args)
	case order.ClosedWithdrawn:
		if o.Gates.Payment == order.Refunding {
			return f.tell(ctx, tx, o, notify.WithdrawnPaid, args)
		}
		return f.tell(ctx, tx, o, notify.Withdrawn, args)
	case order.ClosedRejected, order.ClosedRevoked, order.Open:
	}
	return nil
}
