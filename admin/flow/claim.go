package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
)

// ClaimNext takes the queued order that must be decided first for the reviewer. NotFound "queue_empty" where there is
// none; two people at once get two orders.
func (f *Flow) ClaimNext(ctx context.Context, a actor.Actor) (order.Order, error) {
	var o order.Order
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		next, err := f.Orders.NextQueued(ctx, tx, a)
		if err != nil {
			return err
		}
		o, err = f.claim(ctx, tx, a, next)
		return err
	})
	return o, err
}

// Claim takes one order for the reviewer, or renews their lease. Conflict "claimed_by_other" while a colleague holds
// it, "not_claimable" where it is not in the queue, "four_eyes" where the reviewer had another duty in it.
func (f *Flow) Claim(ctx context.Context, a actor.Actor, no string) (order.Order, error) {
	var o order.Order
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		locked, err := f.Orders.Lock(ctx, tx, a, no)
		if err != nil {
			return err
		}
		o, err = f.claim(ctx, tx, a, locked)
		return err
	})
	return o, f.fourEyes(ctx, a, "review.claimed", no, err)
}

// claim expects the order's row to be locked. A claim counts while the gate says so and its lease runs: one that an
// order left behind when it fell out of the queue keeps nobody from it, and one that has lapsed is released first, so
// that the course of the order tells who had it when.
func (f *Flow) claim(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) (order.Order, error) {
	if err := f.Orders.MayTake(ctx, tx, o.ID, a.ID, order.DutyReview); err != nil {
		return order.Order{}, err
	}
	// The gate alone would not tell: claimed without all that a review needs, it falls back at once and nothing happens.
	if o.Gates.Review != order.Queued && o.Gates.Review != order.Claimed {
		return order.Order{}, fault.New(fault.Conflict, "not_claimable", nil)
	}
	switch _, err := f.Reviews.Holder(ctx, tx, o.ID); {
	case o.Gates.Review != order.Claimed, fault.HasKey(err, "not_claimed"):
		if err := f.unclaim(ctx, tx, claimSweeper, o); err != nil {
			return order.Order{}, err
		}
	case err != nil:
		return order.Order{}, err
	}
	if _, err := f.Reviews.Claim(ctx, tx, o.ID, a.ID); err != nil {
		return order.Order{}, err
	}
	return f.Orders.Change(ctx, tx, a, o.No, "review.claimed", func(g *order.Gates) error {
		g.Review = order.Claimed
		return nil
	})
}

// Release gives a claimed order back to the queue; the draft stays for whoever takes it next.
func (f *Flow) Release(ctx context.Context, a actor.Actor, no string) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, no)
		if err != nil {
			return err
		}
		if _, err := f.holds(ctx, tx, a, o); err != nil {
			return err
		}
		return f.unclaim(ctx, tx, a, o)
	})
}

// holds returns the claim of whoever works on the order. Conflict "claim_lost" where that is not the actor (any more).
func (f *Flow) holds(ctx context.Context, q pg.Q, a actor.Actor, o order.Order) (review.Claim, error) {
	if o.Gates.Review != order.Claimed {
		return review.Claim{}, fault.New(fault.Conflict, "claim_lost", nil)
	}
	return f.Reviews.RequireHolder(ctx, q, o.ID, a.ID)
}

func (f *Flow) unclaim(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	if err := f.Reviews.Release(ctx, tx, o.ID); err != nil {
		return err
	}
	_, err := f.Orders.Change(ctx, tx, a, o.No, "review.released", func(g *order.Gates) error {
		if g.Review == order.Claimed {
			g.Review = order.Queued
		}
		return nil
	})
	return err
}

// SaveDraft keeps what the reviewer has ticked and written so far, and renews their lease: who writes is at work.
// Conflict "claim_lost" where they no longer hold the order.
func (f *Flow) SaveDraft(ctx context.Context, a actor.Actor, no string, d review.Draft) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, no)
		if err != nil {
			return err
		}
		if _, err := f.holds(ctx, tx, a, o); err != nil {
			return err
		}
		if _, err := f.Reviews.Claim(ctx, tx, o.ID, a.ID); err != nil {
			return err
		}
		d.OrderID, d.StaffID = o.ID, a.ID
		return f.Reviews.SaveDraft(ctx, tx, d)
	})
}
