package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// WithdrawOrder ends a renewal because its applicant says so: an order not yet paid closes, of a paid one the money goes
// back by the way it came. Possible until signing. Faults: order_unknown, order_closed, order_signed.
func (f *Flow) WithdrawOrder(ctx context.Context, a actor.Actor, key idem.Key, no string) (OrderView, error) {
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		_, err := idem.Run(ctx, tx, key, f.Now(), func() (string, error) {
			o, err := f.Orders.Lock(ctx, tx, a, no)
			if err != nil {
				return "", err
			}
			if err := mayWithdraw(o.Gates); err != nil {
				return "", err
			}
			return no, f.endOrder(ctx, tx, a, o, order.ClosedWithdrawn, payment.Withdrawn)
		})
		return err
	})
	if err != nil {
		return OrderView{}, err
	}
	return f.ApplicantOrder(ctx, a, no)
}

func mayWithdraw(g order.Gates) error {
	switch {
	case g.Closed != order.Open:
		return fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(g.Closed)})
	case atSigner(g):
		return fault.New(fault.Conflict, "order_signed", nil)
	}
	return nil
}
