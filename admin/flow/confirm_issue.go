package flow

import (
	"context"
	"slices"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// MaxBatch is how many orders one confirmation may cover.
const MaxBatch = 50

// batch is what one issuer confirms together, in the lock order.
type batch struct {
	orders  []order.Order
	auths   []issuance.Authorisation
	digests []cert.Digest
}

// ConfirmToSign says what an issuer signs to confirm a batch. It refuses all that ConfirmIssue refuses.
func (f *Flow) ConfirmToSign(ctx context.Context, a actor.Actor, nos []string) (issuance.ToSign, error) {
	var out issuance.ToSign
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		b, err := f.approvedOrders(ctx, tx, a, nos)
		if err != nil {
			return err
		}
		for _, o := range b.orders {
			if err := f.Orders.MayTake(ctx, tx, o.ID, a.ID, order.DutyIssue); err != nil {
				return about(o.No, err)
			}
		}
		out = f.Issuance.ToSign(cert.DutyIssue, b.digests...)
		return nil
	})
	no, _ := fault.Of(err).Args["no"].(string)
	return out, f.fourEyes(ctx, a, "issuance.confirmed", no, err)
}

// ConfirmIssue is the issuer's confirmation, the second of the two approvals the signer demands: one signature over the
// authorisations of all orders in the batch, as ConfirmToSign said. All are reserved for signing or none is; the error
// names the order that stood in the way.
func (f *Flow) ConfirmIssue(ctx context.Context, a actor.Actor, nos []string, sig issuance.Signature) error {
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		b, err := f.approvedOrders(ctx, tx, a, nos)
		if err != nil {
			return err
		}
		for _, o := range b.orders {
			if err := f.Orders.TakeDuty(ctx, tx, o.ID, a.ID, order.DutyIssue); err != nil {
				return about(o.No, err)
			}
		}
		signed, err := f.Issuance.Approval(ctx, tx, a, cert.DutyIssue, b.digests, sig)
		if err != nil {
			return err
		}
		for i, o := range b.orders {
			if err := f.reserve(ctx, tx, a, o, b.auths[i], signed); err != nil {
				return about(o.No, err)
			}
		}
		return nil
	})
	no, _ := fault.Of(err).Args["no"].(string)
	return f.fourEyes(ctx, a, "issuance.confirmed", no, err)
}

// approvedOrders locks the orders of a batch.
func (f *Flow) approvedOrders(ctx context.Context, tx pg.Tx, a actor.Actor, nos []string) (batch, error) {
	nos = slices.Compact(slices.Sorted(slices.Values(nos))) // ascending: the lock order
	if len(nos) == 0 || len(nos) > MaxBatch {
		return batch{}, fault.InvalidField("orders", "batch_size")
	}
	var b batch
	for _, no := range nos {
		o, auth, err := f.approvedOrder(ctx, tx, a, no)
		if err != nil {
			return batch{}, about(no, err)
		}
		b.orders, b.auths, b.digests = append(b.orders, o), append(b.auths, auth), append(b.digests, auth.Digest)
	}
	return b, nil
}

// approvedOrder locks an order that waits for its issuer and returns what the reviewer signed, if it still says what the
// order says.
func (f *Flow) approvedOrder(ctx context.Context, tx pg.Tx, a actor.Actor, no string) (order.Order, issuance.Authorisation, error) {
	o, err := f.Orders.Lock(ctx, tx, a, no)
	if err != nil {
		return order.Order{}, issuance.Authorisation{}, err
	}
	if o.Stage == order.StageIssuing || o.Stage == order.StageUpdate || o.Stage == order.StageDone {
		return order.Order{}, issuance.Authorisation{}, fault.New(fault.Conflict, "already_confirmed", nil)
	}
	if o.Kind == order.Manual {
		return order.Order{}, issuance.Authorisation{}, fault.New(fault.Conflict, "manual_apart", nil)
	}
	return f.approvedContent(ctx, tx, o)
}

// approvedContent returns what was signed of an order that waits for its last signature, if it still says what the order
// says.
func (f *Flow) approvedContent(ctx context.Context, tx pg.Tx, o order.Order) (order.Order, issuance.Authorisation, error) {
	if o.Stage != order.StageToIssue {
		return order.Order{}, issuance.Authorisation{}, fault.New(fault.Conflict, "not_ready_for_issue", nil)
	}
	auth, err := f.Issuance.ForOrder(ctx, tx, o.ID)
	if err != nil {
		return order.Order{}, issuance.Authorisation{}, err
	}
	digest, err := f.contentDigest(ctx, tx, o)
	if err != nil {
		return order.Order{}, issuance.Authorisation{}, err
	}
	if auth.Object.Content != cert.Digest(digest).Hex() {
		return order.Order{}, issuance.Authorisation{}, fault.New(fault.Conflict, "approval_outdated", nil)
	}
	return o, auth, nil
}

// reserve adds the issuer's signature, commits the request to the signer and enqueues its execution. Where the project
// re-keys, the order waits for the driver with its CSR instead, and the agent is told.
func (f *Flow) reserve(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, auth issuance.Authorisation, signed issuance.Approval) error {
	given := slices.ContainsFunc(auth.Approvals, func(p cert.Approval) bool { return p.Duty == signed.Duty })
	if !given { // a second try after a failed execution finds its approval in place
		if err := f.Issuance.AddApproval(ctx, tx, auth.ID, signed); err != nil {
			return err
		}
	}
	awaitsCSR := auth.Object.Keys == cert.CSRKeys && auth.Object.Origin == cert.OriginReviewed
	_, err := f.Orders.Change(ctx, tx, a, o.No, "issuance.confirmed", func(g *order.Gates) error {
		g.Authorisation, g.Issuance = order.Authorised, order.Reserved
		if awaitsCSR {
			g.Issuance = order.None
		}
		return nil
	})
	if err != nil {
		return err
	}
	if awaitsCSR {
		return f.tell(ctx, tx, o, notify.Approved, map[string]string{"no": o.No})
	}
	id, err := f.Issuance.Reserve(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	return f.Jobs.Enqueue(ctx, tx, IssueArgs{RequestID: id})
}

// about names the order an error is about, where the error is one a person can act on.
func about(no string, err error) error {
	e := fault.Of(err)
	if e.Kind == fault.Internal {
		return err
	}
	named := *e
	named.Args = fault.Args{"no": no}
	for k, v := range e.Args {
		named.Args[k] = v
	}
	return &named
}
