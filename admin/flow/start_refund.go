package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// startRefund sends an order's payment back by the way it came, after the invoice is red-lettered (红冲). WeChat and
// Alipay go on by themselves; a transfer's refund stays a request. The caller holds the order's lock. Conflict
// payment_not_settled.
func (f *Flow) startRefund(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, why payment.RefundReason) error {
	i, err := f.Payments.Intent(ctx, tx, o.ID)
	if fault.Is(err, fault.NotFound) || err == nil && i.State != payment.Settled {
		return fault.New(fault.Conflict, "payment_not_settled", nil)
	}
	if err != nil {
		return err
	}
	rest, err := f.Payments.Rest(ctx, tx, i)
	if err != nil {
		return err
	}
	o, err = f.Orders.Change(ctx, tx, a, o.No, "refund.started", func(g *order.Gates) error {
		g.Payment = order.Refunding
		return nil
	})
	if err != nil {
		return err
	}
	waiting, err := f.redLetter(ctx, tx, o)
	if err != nil {
		return err
	}
	return f.payBack(ctx, tx, i, rest, why, waiting)
}
