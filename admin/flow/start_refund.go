package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// startRefund sends all that is kept of an order's money back, each payment by the way it came, after the invoice is
// red-lettered (红冲). WeChat and Alipay go on by themselves; a transfer's refund stays a request. The caller holds the
// order's lock. Conflict payment_not_settled.
func (f *Flow) startRefund(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, why payment.RefundReason) error {
	payments, all, err := f.Payments.Kept(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	if all == 0 {
		return fault.New(fault.Conflict, "payment_not_settled", nil)
	}
	o, err = f.Orders.Change(ctx, tx, a, o.No, "refund.started", func(g *order.Gates) error {
		g.Payment, g.Kept = order.Refunding, 0
		return nil
	})
	if err != nil {
		return err
	}
	waiting, err := f.redLetter(ctx, tx, o)
	if err != nil {
		return err
	}
	return f.giveBack(ctx, tx, payments, all, why, waiting)
}

// giveBack opens the refunds of an amount: of the newest payment first, and of those before it what is left.
func (f *Flow) giveBack(ctx context.Context, tx pg.Tx, payments []payment.Kept, amount money.Fen, why payment.RefundReason, waiting bool) error {
	for _, p := range payments {
		part := min(amount, p.Amount)
		if part == 0 {
			break
		}
		if err := f.payBack(ctx, tx, p.Intent, part, why, waiting); err != nil {
			return err
		}
		amount -= part
	}
	return nil
}
