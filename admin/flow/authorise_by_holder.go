package flow

import (
	"bytes"
	"context"
	"encoding/hex"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

// authoriseByHolder takes the Ukey's signature over the renewal in place of the two approvals of staff and reserves the
// pair; request is its id. Where another session of the same Ukey was first, there is none, and this one goes on with
// what that one began. Faults: those of issuance.Service.Prove and of mayRenew, update_outdated.
func (f *Flow) authoriseByHolder(
	ctx context.Context, tx pg.Tx, a actor.Actor, u issuance.Update, signature []byte,
) (token string, proved issuance.Update, request uuid.UUID, err error) {
	o, err := f.Orders.Lock(ctx, tx, a, u.OrderNo) // the order before anything of issuance
	if err != nil {
		return "", issuance.Update{}, uuid.Nil, err
	}
	if token, proved, err = f.Issuance.Prove(ctx, tx, u.ID, signature); err != nil || atSigner(o.Gates) {
		return token, proved, uuid.Nil, err
	}
	if err := f.stillGranted(ctx, tx, a, o); err != nil {
		return "", issuance.Update{}, uuid.Nil, err
	}
	_, err = f.Orders.Change(ctx, tx, a, o.No, "holder.authorised", func(g *order.Gates) error {
		g.Authorisation, g.Issuance = order.Authorised, order.Reserved
		return nil
	})
	if err != nil {
		return "", issuance.Update{}, uuid.Nil, err
	}
	if request, err = f.Issuance.Reserve(ctx, tx, o.ID); err != nil {
		return "", issuance.Update{}, uuid.Nil, err
	}
	return token, proved, request, f.Jobs.Enqueue(ctx, tx, IssueArgs{RequestID: request})
}

// stillGranted refuses what was signed over an order that says something else by now.
func (f *Flow) stillGranted(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	pair, err := f.Issuance.Get(ctx, tx, a, o.OldPairID)
	if err != nil {
		return err
	}
	if err := f.mayRenew(o, pair); err != nil {
		return err
	}
	auth, err := f.Issuance.ForOrder(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	digest, err := f.contentDigest(ctx, tx, o)
	if err != nil {
		return err
	}
	signed, err := hex.DecodeString(auth.Object.Content)
	if err != nil || !bytes.Equal(signed, digest) || f.Now().After(auth.ExpiresAt) {
		return &fault.Error{Kind: fault.Conflict, Key: "update_outdated", Cause: err}
	}
	return nil
}

// driverWaits is how long a driver that has just signed waits for its pair; the job goes on after it.
const driverWaits = 4 * time.Second

// issueSoon executes a request at once, beside its job: usually the pair is there before the driver asks for it.
func (f *Flow) issueSoon(ctx context.Context, request uuid.UUID) {
	now, cancel := context.WithTimeout(ctx, driverWaits)
	defer cancel()
	if err := f.Issue(now, request); err != nil {
		f.Log.WarnContext(ctx, "pair not issued at once", "request_id", request, "error", err)
	}
}
