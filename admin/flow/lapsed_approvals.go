package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// SweepApprovals gives orders whose approval ran out before an issuer confirmed it, or is for a profile that has changed, back to whoever approves first: nobody
// could sign by it any more.
func (f *Flow) SweepApprovals(ctx context.Context) error {
	lapsed, err := f.Issuance.Lapsed(ctx, f.DB.Read(ctx), 100)
	if err != nil {
		return err
	}
	outdated, err := f.Issuance.Outdated(ctx, f.DB.Read(ctx), 100)
	if err != nil && !fault.HasKey(err, "signer_unknown") {
		return err
	}
	lapsed = append(lapsed, outdated...)
	a := actor.Job("sweep_approvals")
	return each(lapsed, func(id uuid.UUID) error {
		return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
			o, err := f.Orders.ByID(ctx, tx, a, id)
			if err != nil {
				return err
			}
			if o, err = f.Orders.Lock(ctx, tx, a, o.No); err != nil {
				return err
			}
			if atSigner(o.Gates) {
				return nil // confirmed at the last moment
			}
			if again := afterLapse(o.Gates); again != nil {
				if _, err := f.Orders.Change(ctx, tx, a, o.No, "approval.lapsed", again); err != nil {
					return err
				}
			}
			return f.voidApproval(ctx, tx, o)
		})
	})
}

// afterLapse is what a lapse does to an order's gates; nil for nothing. Where nobody approved, somebody only asked what to
// sign; a driver just starts again.
func afterLapse(g order.Gates) func(*order.Gates) error {
	switch {
	case g.Closed != order.Open:
	case g.Path == order.Reviewed && g.Review == order.Approved:
		return (*order.Gates).TouchContent
	case g.Path == order.ByHand && g.Documents == order.Accepted:
		return func(g *order.Gates) error { return g.Rewritten(true) }
	}
	return nil
}
