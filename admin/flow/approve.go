package flow

import (
	"bytes"
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// Opinion is what a reviewer submits: what they ticked and wrote, and the content they saw when they did.
type Opinion struct {
	ContentVersion int
	ContentDigest  []byte
	Checks         []review.Check
	Items          []review.Item
	CustomerText   string
	Note           string
}

// Approve is 通过: the first of the two approvals the signer demands. It is signed over the order's authorisation,
// which binds the content the reviewer saw; content that changed since is Conflict "content_changed". Other refusals:
// "claim_lost", "checks_missing", "four_eyes", "not_ready_for_review". Whatever is refused, the draft was saved first.
func (f *Flow) Approve(ctx context.Context, a actor.Actor, no string, op Opinion) error {
	if err := f.SaveDraft(ctx, a, no, op.draft()); err != nil {
		return err
	}
	if missing := review.Missing(op.Checks); len(missing) > 0 {
		return fault.New(fault.Conflict, "checks_missing", fault.Args{"count": len(missing)})
	}
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, held, err := f.seen(ctx, tx, a, no, op)
		if err != nil {
			return err
		}
		if err := f.approved(ctx, tx, a, o, op); err != nil {
			return err
		}
		if err := f.acceptPapers(ctx, tx, a, o); err != nil {
			return err
		}
		_, err = f.Orders.Change(ctx, tx, a, no, "review.approved", func(g *order.Gates) error {
			g.Review, g.Documents = order.Approved, order.Accepted
			return nil
		})
		if err != nil {
			return err
		}
		return f.decided(ctx, tx, a, o, held, op.verdict(review.Approved))
	})
	return f.fourEyes(ctx, a, "review.approved", no, err)
}

// approved adds the reviewer's signature to the order's authorisation.
func (f *Flow) approved(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, op Opinion) error {
	auth, err := f.Issuance.Authorise(ctx, tx, issuance.Grant{
		OrderID: o.ID, OrderNo: o.No, OldPair: o.OldPairID, Origin: cert.OriginReviewed, Content: cert.Digest(op.ContentDigest), Years: o.Years,
		Expires: f.Now().Add(review.ApprovalLife),
	})
	if err != nil {
		return err
	}
	signed, err := f.sign(ctx, tx, a, cert.DutyReview, []cert.Digest{auth.Digest})
	if err != nil {
		return err
	}
	return f.Issuance.AddApproval(ctx, tx, auth.ID, signed)
}

// seen locks the order and refuses a verdict by whoever does not hold it, had another duty in it, or saw other content.
func (f *Flow) seen(ctx context.Context, tx pg.Tx, a actor.Actor, no string, op Opinion) (order.Order, review.Claim, error) {
	o, err := f.Orders.Lock(ctx, tx, a, no)
	if err != nil {
		return order.Order{}, review.Claim{}, err
	}
	held, err := f.holds(ctx, tx, a, o)
	if err != nil {
		return order.Order{}, review.Claim{}, err
	}
	digest, err := f.contentDigest(ctx, tx, o)
	if err != nil {
		return order.Order{}, review.Claim{}, err
	}
	if op.ContentVersion != o.Gates.ContentVersion || !bytes.Equal(op.ContentDigest, digest) {
		return order.Order{}, review.Claim{}, fault.New(fault.Conflict, "content_changed", nil)
	}
	return o, held, f.Orders.TakeDuty(ctx, tx, o.ID, a.ID, order.DutyReview)
}

// decided stores the verdict and ends claim and draft.
func (f *Flow) decided(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, held review.Claim, v review.Verdict) error {
	v.OrderID, v.StaffID, v.ClaimedAt = o.ID, a.ID, held.ClaimedAt
	if _, err := f.Reviews.Decide(ctx, tx, v); err != nil {
		return err
	}
	if err := f.Reviews.Release(ctx, tx, o.ID); err != nil {
		return err
	}
	return f.Reviews.DropDraft(ctx, tx, o.ID)
}

func (op Opinion) draft() review.Draft {
	return review.Draft{Checks: op.Checks, Items: op.Items, CustomerText: op.CustomerText, Note: op.Note}
}

func (op Opinion) verdict(d review.Decision) review.Verdict {
	return review.Verdict{
		Decision: d, ContentVersion: op.ContentVersion, ContentDigest: op.ContentDigest, Checks: op.Checks,
		Items: op.Items, CustomerText: op.CustomerText, Note: op.Note,
	}
}
