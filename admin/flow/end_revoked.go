package flow

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

// endRevoked closes the orders that stood on a revoked pair:
//
//   - the renewal of the pair, while the signer has not been asked: its money goes back;
//   - the renewal that led to the pair, if the holder has not imported it yet: there is nothing left to fetch. What was paid
//     for it stays, until a lead sends it back: see RefundSigned.
//
// A renewal of the pair that the signer has at this moment is let alone until it has answered: if it refuses, as it does
// from the revocation on, the sweep closes the order; if it had signed before, there is a new pair, to be revoked by
// itself if its key is the one that was lost. Done before, it changes nothing.
func (f *Flow) endRevoked(ctx context.Context, id uuid.UUID) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Issuance.Revocation(ctx, tx, revoker, id)
		if err != nil || r.State != issuance.RevocationRevoked || r.OrdersEnded {
			return err
		}
		orders, err := f.ordersOn(ctx, tx, revoker, r.Pair)
		if err != nil {
			return err
		}
		ended := true
		for _, o := range orders {
			with, err := f.endOnRevoked(ctx, tx, o, r.Pair)
			if err != nil {
				return err
			}
			ended = ended && !with
		}
		if !ended {
			return nil
		}
		return f.Issuance.OrdersEnded(ctx, tx, id)
	})
}

// ordersOn locks the open renewal of a pair and the one that led to it, in the lock order.
func (f *Flow) ordersOn(ctx context.Context, tx pg.Tx, a actor.Actor, pair uuid.UUID) ([]order.Order, error) {
	var found []order.Order
	switch o, err := f.Orders.OpenOf(ctx, tx, pair); {
	case err == nil:
		found = append(found, o)
	case !fault.Is(err, fault.NotFound):
		return nil, err
	}
	by, err := f.Issuance.MadeBy(ctx, tx, pair)
	if err != nil {
		return nil, err
	}
	if by != uuid.Nil {
		o, err := f.Orders.ByID(ctx, tx, a, by)
		if err != nil {
			return nil, err
		}
		found = append(found, o)
	}
	slices.SortFunc(found, func(a, b order.Order) int { return strings.Compare(a.No, b.No) })
	for i, o := range found {
		if found[i], err = f.Orders.Lock(ctx, tx, a, o.No); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// endOnRevoked closes one of them; waits tells that the signer has it.
func (f *Flow) endOnRevoked(ctx context.Context, tx pg.Tx, o order.Order, pair uuid.UUID) (waits bool, err error) {
	g := o.Gates
	switch {
	case g.Closed != order.Open || g.Delivery == order.Confirmed:
		return false, nil
	case g.Issuance == order.Reserved || g.Issuance == order.Signed:
		return true, nil
	case !atSigner(g):
		return false, f.endOrder(ctx, tx, revoker, o, order.ClosedRevoked, payment.CertificateGone)
	case o.OldPairID == pair: // it led to a pair already, which is none of this one's business
		return false, nil
	}
	_, err = f.Orders.Change(ctx, tx, revoker, o.No, "order.closed", (*order.Gates).CloseRevoked)
	return false, err
}
