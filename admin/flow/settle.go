package flow

import (
	"context"
	"fmt"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// settle opens the payment gate of an order that is paid in full, has all of it invoiced and tells the agent. The caller
// holds its lock. Whether the order enters review with that is decided by its gates.
func (f *Flow) settle(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	paid, err := f.Payments.Intent(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	if err := f.Payments.Settle(ctx, tx, o.ID); err != nil {
		return err
	}
	_, kept, err := f.Payments.Kept(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	if kept != o.AmountFen {
		return fault.Wrap("payment_differs", fmt.Errorf("flow: order %s costs %s and has %s", o.No, o.AmountFen, kept))
	}
	o, err = f.Orders.Change(ctx, tx, a, o.No, "payment.settled", func(g *order.Gates) error {
		g.Payment, g.Kept = order.Settled, kept
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := f.invoiceKept(ctx, tx, o, false); err != nil {
		return err
	}
	return f.tell(ctx, tx, o, notify.PaymentSettled, map[string]string{"no": o.No, "amount": paid.Amount.String()}, paid.OwnNo)
}
