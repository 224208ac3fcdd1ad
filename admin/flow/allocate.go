package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/reconcile"
)

// allocate gives a line's money to an order in the lock order (order, line, receivable) and, where that pays it in
// full, opens its payment gate and asks for the invoice. It is the only way from a bank line to a gate.
func (f *Flow) allocate(ctx context.Context, tx pg.Tx, a actor.Actor, no string, al reconcile.Allocation) (settled bool, err error) {
	o, err := f.Orders.Lock(ctx, tx, a, no)
	if err != nil {
		return false, err
	}
	if o.Gates.Payment != order.Awaiting || o.Gates.Closed != order.Open {
		return false, fault.New(fault.Conflict, "payment_not_awaited", nil)
	}
	if settled, err = f.Ledger.Allocate(ctx, tx, al); err != nil {
		return false, err
	}
	err = audit.Append(ctx, tx, a, f.Now(), audit.Entry{
		Action: "matching.allocated", Object: "order:" + no, Project: o.ProjectID,
		Details: map[string]any{
			"line": al.LineID.String(), "amount_fen": int64(al.Amount), "source": string(al.Source), "settled": settled,
		},
	})
	if err != nil {
		return settled, err
	}
	if !settled {
		return false, f.tellPart(ctx, tx, o, al)
	}
	return true, f.settle(ctx, tx, a, o)
}

// tellPart says what is missing exactly (部分到账).
func (f *Flow) tellPart(ctx context.Context, tx pg.Tx, o order.Order, al reconcile.Allocation) error {
	owed, err := f.Ledger.Receivable(ctx, tx, o.No)
	if err != nil {
		return err
	}
	args := map[string]string{"no": o.No, "paid": owed.Allocated.String(), "missing": owed.Rest().String()}
	return f.tell(ctx, tx, o, notify.PartPaid, args, al.LineID.String())
}
