package flow

import (
	"bytes"
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
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

// ApproveToSign makes the authorisation that 通过 is signed over, which binds the content the reviewer saw, and says what
// to sign. It refuses all that Approve refuses.
func (f *Flow) ApproveToSign(ctx context.Context, a actor.Actor, no string, op Opinion) (issuance.ToSign, error) {
	if err := f.approvable(ctx, a, no, op); err != nil {
		return issuance.ToSign{}, err
	}
	var out issuance.ToSign
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, _, err := f.looked(ctx, tx, a, no, op)
		if err != nil {
			return err
		}
		if err := f.Orders.MayTake(ctx, tx, o.ID, a.ID, order.DutyReview); err != nil {
			return err
		}
		auth, err := f.authorise(ctx, tx, o, op)
		out = f.Issuance.ToSign(cert.DutyReview, auth.Digest)
		return err
	})
	return out, f.fourEyes(ctx, a, "review.approved", no, err)
}

// approvable saves the draft and asks what the database need not be locked for.
func (f *Flow) approvable(ctx context.Context, a actor.Actor, no string, op Opinion) error {
	if err := f.SaveDraft(ctx, a, no, op.draft()); err != nil {
		return err
	}
	if missing := review.Missing(op.Checks); len(missing) > 0 {
		return fault.New(fault.Conflict, "checks_missing", fault.Args{"count": len(missing)})
	}
	return nil
}

// Approve is 通过: the first of the two approvals the signer demands, signed over what ApproveToSign said. Content that
// changed since the reviewer saw it is Conflict "content_changed". Other refusals: "claim_lost", "checks_missing",
// "four_eyes", "not_ready_for_review", and those of a signature. Whatever is refused, the draft was saved first.
func (f *Flow) Approve(ctx context.Context, a actor.Actor, no string, op Opinion, sig issuance.Signature) error {
	if err := f.approvable(ctx, a, no, op); err != nil {
		return err
	}
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, held, err := f.seen(ctx, tx, a, no, op)
		if err != nil {
			return err
		}
		if err := f.approved(ctx, tx, a, o, op, sig); err != nil {
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

// authorise makes the order's authorisation, or finds the one that says the same.
func (f *Flow) authorise(ctx context.Context, tx pg.Tx, o order.Order, op Opinion) (issuance.Authorisation, error) {
	settings, err := f.Projects.Settings(ctx, tx, o.ProjectID, f.Now())
	if err != nil {
		return issuance.Authorisation{}, err
	}
	return f.Issuance.Authorise(ctx, tx, issuance.Grant{
		OrderID: o.ID, OrderNo: o.No, OldPair: o.OldPairID, Origin: cert.OriginReviewed, Content: cert.Digest(op.ContentDigest), Years: o.Years,
		Keys: string(settings.Keys), Expires: f.Now().Add(approvalLife(settings)),
	})
}

// approvalLife is how long an approval may wait: for its issuer, and where the project re-keys also for the driver that
// brings the new key, until a person decides what becomes of the order.
func approvalLife(s project.Settings) time.Duration {
	if s.Keys == project.KeysCSR {
		return review.ApprovalLife + time.Duration(s.DecideAfterDays)*day
	}
	return review.ApprovalLife
}

// approved adds the reviewer's signature to the order's authorisation.
func (f *Flow) approved(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, op Opinion, sig issuance.Signature) error {
	auth, err := f.authorise(ctx, tx, o, op)
	if err != nil {
		return err
	}
	signed, err := f.Issuance.Approval(ctx, tx, a, cert.DutyReview, []cert.Digest{auth.Digest}, sig)
	if err != nil {
		return err
	}
	return f.Issuance.AddApproval(ctx, tx, auth.ID, signed)
}

// seen is looked by whom no other duty bars, and makes it theirs.
func (f *Flow) seen(ctx context.Context, tx pg.Tx, a actor.Actor, no string, op Opinion) (order.Order, review.Claim, error) {
	o, held, err := f.looked(ctx, tx, a, no, op)
	if err != nil {
		return order.Order{}, review.Claim{}, err
	}
	return o, held, f.Orders.TakeDuty(ctx, tx, o.ID, a.ID, order.DutyReview)
}

// looked locks the order and refuses a verdict by whoever does not hold it, or saw other content.
func (f *Flow) looked(ctx context.Context, tx pg.Tx, a actor.Actor, no string, op Opinion) (order.Order, review.Claim, error) {
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
	return o, held, nil
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
