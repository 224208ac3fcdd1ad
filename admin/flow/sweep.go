package flow

import (
	"context"
	"errors"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
)

// each does something for every item; one that fails holds up no other.
func each[T any](items []T, do func(T) error) error {
	var failed error
	for _, item := range items {
		if err := do(item); err != nil && !fault.Is(err, fault.Conflict) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// claimSweeper ends claims whose lease has run out.
var claimSweeper = actor.Job("sweep_claims")

// SweepClaims puts orders whose lease has run out back into the queue; their drafts stay.
func (f *Flow) SweepClaims(ctx context.Context) error {
	lapsed, err := f.Reviews.Lapsed(ctx, f.DB.Read(ctx), 100)
	if err != nil {
		return err
	}
	return each(lapsed, func(c review.Claim) error {
		return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
			o, err := f.Orders.ByID(ctx, tx, claimSweeper, c.OrderID)
			if err != nil {
				return err
			}
			if o, err = f.Orders.Lock(ctx, tx, claimSweeper, o.No); err != nil {
				return err
			}
			if _, err := f.Reviews.Holder(ctx, tx, o.ID); !fault.Is(err, fault.NotFound) {
				return err // renewed meanwhile
			}
			return f.unclaim(ctx, tx, claimSweeper, o)
		})
	})
}

// KeepAuthority asks the signer what it signs by and whose signatures count, and keeps the answers, so that prices,
// authorisations, downloads and approvals need not wait for it.
func (f *Flow) KeepAuthority(ctx context.Context) error {
	chain, err := f.Issuance.Chain(ctx)
	if err != nil {
		return err
	}
	registry, err := f.Issuance.SignerRegistry(ctx)
	if err != nil {
		return err
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := f.Issuance.KeepAuthority(ctx, tx, chain); err != nil {
			return err
		}
		return f.registryKept(ctx, tx, registry)
	})
}

// voidApproval goes with TouchContent: what was signed over the old content is worth nothing any more.
func (f *Flow) voidApproval(ctx context.Context, tx pg.Tx, o order.Order) error {
	return f.Issuance.Void(ctx, tx, o.ID)
}
