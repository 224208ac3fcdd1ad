package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/reconcile"
)

// ByHand is what an allocation by hand came to.
type ByHand struct {
	No      string
	Amount  money.Fen
	Settled bool
	Gap     money.Fen // what the order still owes
}

// AllocateByHand gives one line's money to one order because a person says so: as much as the line has and the order
// owes. Whoever reviewed or issues the order may not (Conflict four_eyes). Faults: those of reconcile.Choose and
// Allocate, Conflict payment_not_awaited.
func (f *Flow) AllocateByHand(ctx context.Context, a actor.Actor, line uuid.UUID, no string) (ByHand, error) {
	done := ByHand{No: no}
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, no)
		if err != nil {
			return err
		}
		if err := f.Orders.TakeDuty(ctx, tx, o.ID, a.ID, order.DutyMatch); err != nil {
			return err
		}
		c, err := f.Ledger.Choose(ctx, tx, a, line, no)
		if err != nil {
			return err
		}
		done.Amount = c.Amount()
		done.Settled, err = f.allocate(ctx, tx, a, no, reconcile.Allocation{
			LineID: line, ReceivableID: c.Receivable.ID, Amount: done.Amount, Source: reconcile.Manual,
			Score: c.Score, Reasons: c.Reasons, By: a.ID,
		})
		done.Gap = c.Receivable.Rest() - done.Amount
		return err
	})
	return done, f.fourEyes(ctx, a, "matching.allocated", no, err)
}
