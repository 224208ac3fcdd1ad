package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// SweepExpired takes up orders of the online path whose old certificate ended before its Ukey authorised the renewal: an
// unpaid one closes, a paid one goes on by review and keeps its money. What has been given to the signer is left to it:
// it decides by its own clock.
func (f *Flow) SweepExpired(ctx context.Context) error {
	nos, err := f.Orders.Expiring(ctx, f.DB.Read(ctx), f.Now(), 100)
	if err != nil {
		return err
	}
	a := actor.Job("sweep_expired")
	return each(nos, func(no string) error {
		return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
			o, err := f.Orders.Lock(ctx, tx, a, no)
			if err != nil {
				return err
			}
			return f.expire(ctx, tx, a, o)
		})
	})
}

// expire does to an order what the end of its old certificate does. The caller holds the order's lock.
func (f *Flow) expire(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	switch o.Gates.AtExpiry() {
	case order.Closes:
		return f.closeOrder(ctx, tx, a, o, order.ClosedExpired)
	case order.Moves:
		return f.moveToReviewed(ctx, tx, a, o)
	case order.Untouched:
	}
	return nil
}

// moveToReviewed sends a paid order on by review and tells the agent which papers it takes.
func (f *Flow) moveToReviewed(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	moved, err := f.Orders.Change(ctx, tx, a, o.No, "order.moved_to_reviewed", (*order.Gates).MoveToReviewed)
	if err != nil {
		return err
	}
	if err := f.voidApproval(ctx, tx, o); err != nil {
		return err
	}
	if err := f.wantTelecom(ctx, tx, moved); err != nil {
		return err
	}
	return f.tell(ctx, tx, moved, notify.MovedToReviewed, map[string]string{"no": o.No})
}

// wantTelecom has the carriers asked about the agent of an order nobody has asked them about, where its path wants it.
func (f *Flow) wantTelecom(ctx context.Context, tx pg.Tx, o order.Order) error {
	if o.Gates.Telecom != order.None {
		return nil
	}
	settings, err := f.Projects.Settings(ctx, tx, o.ProjectID, f.Now())
	if err != nil || !settings.TelecomOn(o.Gates.Path == order.Online) {
		return err
	}
	return f.Jobs.Enqueue(ctx, tx, TelecomCheckArgs{OrderNo: o.No})
}
