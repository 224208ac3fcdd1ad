package flow

import (
	"context"
	"slices"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// MaxBatch is how many orders one confirmation may cover.
const MaxBatch = 50

// ConfirmIssue is the issuer's confirmation, the second of the two approvals the signer demands: one signature over the
// authorisations of all orders in the batch. All are reserved for signing or none is; the error names the order that
// stood in the way.
func (f *Flow) ConfirmIssue(ctx context.Context, a actor.Actor, nos []string) error {
	nos = slices.Compact(slices.Sorted(slices.Values(nos))) // ascending: the lock order
	if len(nos) == 0 || len(nos) > MaxBatch {
		return fault.InvalidField("orders", "batch_size")
	}
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		orders := make([]order.Order, 0, len(nos))
		auths := make([]issuance.Authorisation, 0, len(nos))
		digests := make([]cert.Digest, 0, len(nos))
		for _, no := range nos {
			o, auth, err := f.approvedOrder(ctx, tx, a, no)
			if err != nil {
				return about(no, err)
			}
			orders, auths, digests = append(orders, o), append(auths, auth), append(digests, auth.Digest)
		}
		signed, err := f.sign(ctx, tx, a, cert.DutyIssue, digests)
		if err != nil {
			return err
		}
		for i, o := range orders {
			if err := f.reserve(ctx, tx, a, o, auths[i], signed); err != nil {
				return about(o.No, err)
			}
		}
		return nil
	})
	no, _ := fault.Of(err).Args["no"].(string)
	return f.fourEyes(ctx, a, "issuance.confirmed", no, err)
}

// approvedOrder locks an order that waits for its issuer and returns what the reviewer signed, if it still says what the
// order says.
func (f *Flow) approvedOrder(ctx context.Context, tx pg.Tx, a actor.Actor, no string) (order.Order, issuance.Authorisation, error) {
	o, err := f.Orders.Lock(ctx, tx, a, no)
	if err != nil {
		return order.Order{}, issuance.Authorisation{}, err
	}
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
	return o, auth, f.Orders.TakeDuty(ctx, tx, o.ID, a.ID, order.DutyIssue)
}

// reserve adds the issuer's signature, commits the request to the signer and enqueues its execution.
func (f *Flow) reserve(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, auth issuance.Authorisation, signed issuance.Approval) error {
	given := slices.ContainsFunc(auth.Approvals, func(p cert.Approval) bool { return p.Duty == cert.DutyIssue })
	if !given { // a second try after a failed execution finds its approval in place
		if err := f.Issuance.AddApproval(ctx, tx, auth.ID, signed); err != nil {
			return err
		}
	}
	_, err := f.Orders.Change(ctx, tx, a, o.No, "issuance.confirmed", func(g *order.Gates) error {
		g.Authorisation, g.Issuance = order.Authorised, order.Reserved
		return nil
	})
	if err != nil {
		return err
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
