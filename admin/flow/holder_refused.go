package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

// requestKeeps is the age from which a request may have become too old for the signer's clock. A younger one that is
// refused for its time means that the two clocks are apart, and another request would not help.
const requestKeeps = 5 * time.Minute

// holderRefused is what follows where the signer will not execute what a Ukey authorised. A request that lay too long is
// made anew by the same authorisation; everything else needs another signature, or, once the certificate has ended by the
// signer's clock, a review. The caller holds the order's lock and has closed the request.
func (f *Flow) holderRefused(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, h issuance.Hanging, reason string) error {
	auth, err := f.Issuance.ForOrder(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	layTooLong := f.Now().Sub(h.CreatedAt) > requestKeeps
	if reason == "clock_skew" && layTooLong && f.Now().Before(auth.ExpiresAt) {
		again, err := f.Issuance.Reserve(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		return f.Jobs.Enqueue(ctx, tx, IssueArgs{RequestID: again})
	}
	failed, err := f.Orders.Change(ctx, tx, a, o.No, "issuance.failed", func(g *order.Gates) error {
		g.Issuance, g.Authorisation = order.Failed, order.Void
		return nil
	})
	if err != nil {
		return err
	}
	if err := f.voidApproval(ctx, tx, o); err != nil {
		return err
	}
	pair, err := f.Issuance.Get(ctx, tx, a, o.OldPairID)
	if err != nil {
		return err
	}
	over := pair.Expired(f.Now()) || reason == "holder_certificate_expired" ||
		(reason == "authorisation_expired" && !auth.ExpiresAt.Before(pair.NotAfter()))
	if !over {
		return nil
	}
	return f.expire(ctx, tx, a, failed)
}
