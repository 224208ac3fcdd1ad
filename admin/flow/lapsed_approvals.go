package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// SweepApprovals gives orders whose approval ran out before an issuer confirmed it back to the reviewers: nobody could
// sign by it any more.
func (f *Flow) SweepApprovals(ctx context.Context) error {
	lapsed, err := f.Issuance.Lapsed(ctx, f.DB.Read(ctx), 100)
	if err != nil {
		return err
	}
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
			// Where nobody approved, a reviewer only asked what to sign; a driver just starts again.
			if o.Gates.Closed == order.Open && o.Gates.Path == order.Reviewed && o.Gates.Review == order.Approved {
				if _, err := f.Orders.Change(ctx, tx, a, o.No, "approval.lapsed", (*order.Gates).TouchContent); err != nil {
					return err
				}
			}
			return f.voidApproval(ctx, tx, o)
		})
	})
}
