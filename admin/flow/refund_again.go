package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// RetryRefund sets a refund that its vendor refused to work again, under the same number. Faults: not_found,
// order_unknown outside the actor's scope, Conflict refund_moved.
func (f *Flow) RetryRefund(ctx context.Context, a actor.Actor, id uuid.UUID) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Payments.Refund(ctx, tx, id)
		if err != nil {
			return err
		}
		o, err := f.Orders.ByID(ctx, tx, a, r.OrderID)
		if err != nil {
			return err
		}
		if err := f.Payments.RetryRefund(ctx, tx, id); err != nil {
			return err
		}
		if err := f.Jobs.Enqueue(ctx, tx, RefundArgs{RefundID: id}); err != nil {
			return err
		}
		return f.auditRefund(ctx, tx, a, o, "refund.retried", r.OwnNo, r.Amount)
	})
}

// ReturnSuspense sends money back that a person has looked at: all that came for an intent in a wrong amount. What came
// late or twice goes back by itself. Faults: not_found, order_unknown outside the actor's scope, Conflict suspense_none,
// refund_exists.
func (f *Flow) ReturnSuspense(ctx context.Context, a actor.Actor, intentID uuid.UUID) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		came, err := f.Payments.Arrival(ctx, tx, intentID)
		if err != nil {
			return err
		}
		o, err := f.Orders.ByID(ctx, tx, a, came.OrderID)
		if err != nil {
			return err
		}
		if o, err = f.Orders.Lock(ctx, tx, a, o.No); err != nil {
			return err
		}
		if came.Suspense == "" {
			return fault.New(fault.Conflict, "suspense_none", nil)
		}
		i, err := f.Payments.Get(ctx, tx, intentID)
		if err != nil {
			return err
		}
		if err := f.payBack(ctx, tx, i, came.Amount, payment.WrongAmount, false); err != nil {
			return err
		}
		return f.auditRefund(ctx, tx, a, o, "suspense.returned", i.OwnNo, came.Amount)
	})
}

func (f *Flow) auditRefund(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, act, ownNo string, amount money.Fen) error {
	return audit.Append(ctx, tx, a, f.Now(), audit.Entry{
		Action: act, Object: "order:" + o.No, Project: o.ProjectID, Details: map[string]any{"own_no": ownNo, "amount_fen": int64(amount)},
	})
}
