package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
)

// waiter acts on orders that stand still.
var waiter = actor.Job("sweep_waiting")

// sweptAtOnce is how many orders a sweep takes up of one kind and project; the next one goes on.
const sweptAtOnce = 100

// SweepWaiting reminds applicants of orders that stand still and closes those that ran out of time: unpaid ones, and
// transfers that never came. How long that is stands in the project's settings, counted from the last step forward.
func (f *Flow) SweepWaiting(ctx context.Context) error {
	q := f.DB.Read(ctx)
	projects, err := f.Projects.List(ctx, q)
	if err != nil {
		return err
	}
	return each(projects, func(p project.Project) error {
		settings, err := f.Projects.Settings(ctx, q, p.ID, f.Now())
		if err != nil {
			return err
		}
		if err := f.closeOverdue(ctx, p, order.AwaitsPayment, settings.UnpaidAfter()); err != nil {
			return err
		}
		if err := f.closeOverdue(ctx, p, order.AwaitsTransfer, settings.TransferWithin()); err != nil {
			return err
		}
		if err := f.differenceOverdue(ctx, p, settings); err != nil {
			return err
		}
		return f.remind(ctx, p, settings)
	})
}

// closeOverdue closes the orders of a project that waited too long for money, and has finance look at those for which
// some is in sight.
func (f *Flow) closeOverdue(ctx context.Context, p project.Project, awaits order.Awaits, after time.Duration) error {
	return f.eachStanding(ctx, p, awaits, after, order.NudgeOverdue, func(ctx context.Context, tx pg.Tx, o order.Order) error {
		paid, err := f.Ledger.MoneyInSight(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		if paid { // a time-out with money never closes in silence
			return f.overdueTask(ctx, tx, o)
		}
		return f.closeOrder(ctx, tx, waiter, o, order.ClosedUnpaid)
	})
}

// differenceOverdue has finance look at the orders of a project whose difference has not come in its time: they keep what
// was paid, so they never close by themselves. The applicant pays, sets the years back or withdraws.
func (f *Flow) differenceOverdue(ctx context.Context, p project.Project, s project.Settings) error {
	return f.eachStanding(ctx, p, order.AwaitsDifference, s.UnpaidAfter(), order.NudgeOverdue, func(ctx context.Context, tx pg.Tx, o order.Order) error {
		if o.Gates.Method == order.Transfer && f.Now().Sub(o.StageSince) < s.TransferWithin() {
			return nil
		}
		return f.overdueTask(ctx, tx, o)
	})
}

// overdueTask puts an order on finance's list: something came for it, or is said to have been sent, and its time is up.
func (f *Flow) overdueTask(ctx context.Context, tx pg.Tx, o order.Order) error {
	fresh, err := f.Orders.Nudged(ctx, tx, o.ID, order.NudgeOverdue)
	if err != nil || !fresh {
		return err
	}
	return audit.Append(ctx, tx, waiter, f.Now(), audit.Entry{Action: "order.overdue", Object: "order:" + o.No, Project: o.ProjectID})
}

// eachStanding does something, under its lock, for every order that still stands as it was found.
func (f *Flow) eachStanding(ctx context.Context, p project.Project, awaits order.Awaits, after time.Duration, without order.Nudge,
	do func(ctx context.Context, tx pg.Tx, o order.Order) error,
) error {
	before := f.Now().Add(-after)
	nos, err := f.Orders.Standing(ctx, f.DB.Read(ctx), order.Standing{
		Project: p.ID, Awaits: awaits, Before: before, Without: without, Limit: sweptAtOnce,
	})
	if err != nil {
		return err
	}
	return each(nos, func(no string) error {
		return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
			o, err := f.Orders.Lock(ctx, tx, waiter, no)
			if err != nil || !o.Gates.Awaits(awaits) || !o.StageSince.Before(before) {
				return err
			}
			return do(ctx, tx, o)
		})
	})
}
