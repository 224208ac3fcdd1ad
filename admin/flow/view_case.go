package flow

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/review"
	"caconsole/issuance"
)

// Case is all that the case screen shows of one order. Persons are masks; papers and pictures are fetched one by one,
// each view on record.
type Case struct {
	Order    order.Order
	Line     board.OrderLine // with who has claimed it
	Digest   []byte          // of the content as it is now: a verdict comes back with it
	Papers   []document.Document
	Attempts []identity.Attempt // the one an approval binds, then the others, newest first
	Check    *identity.Check    // nil before the carriers were asked
	Draft    review.Draft
	Verdicts []review.Verdict     // newest first
	Deciders map[uuid.UUID]string // name and number of whoever gave a verdict
	Old      issuance.Pair
	Money    []payment.Arrival // that came by WeChat or Alipay, oldest first
	Refunds  []payment.Refund  // oldest first
	Events   []order.Event
	// Unblocked is why a lead lets other renewals go on beside this one; "" unless one did.
	Unblocked string
}

// Case reads an order for the case screen.
func (f *Flow) Case(ctx context.Context, a actor.Actor, no string) (Case, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return Case{}, err
	}
	c := Case{Order: o}
	lines, err := f.Board.Orders(ctx, a, board.OrderFilter{No: no})
	if err != nil {
		return Case{}, err
	}
	if len(lines.Rows) == 1 {
		c.Line = lines.Rows[0]
	}
	if c.Digest, err = f.contentDigest(ctx, q, o); err != nil {
		return Case{}, err
	}
	if err := f.evidence(ctx, q, a, &c); err != nil {
		return Case{}, err
	}
	if c.Draft, err = f.Reviews.Draft(ctx, q, o.ID); err != nil {
		return Case{}, err
	}
	if c.Verdicts, err = f.Reviews.Verdicts(ctx, q, o.ID); err != nil {
		return Case{}, err
	}
	if c.Deciders, err = f.deciders(ctx, q, c.Verdicts); err != nil {
		return Case{}, err
	}
	if c.Old, err = f.Issuance.Get(ctx, q, a, o.OldPairID); err != nil {
		return Case{}, err
	}
	if c.Money, err = f.Payments.Arrivals(ctx, q, o.ID); err != nil {
		return Case{}, err
	}
	if c.Refunds, err = f.Payments.Refunds(ctx, q, o.ID); err != nil {
		return Case{}, err
	}
	if c.Unblocked, err = f.Orders.Unblocked(ctx, q, o.ID); err != nil {
		return Case{}, err
	}
	c.Events, err = f.Orders.Events(ctx, q, o.ID)
	return c, err
}

// evidence adds the papers in force and the identity results.
func (f *Flow) evidence(ctx context.Context, q pg.Q, a actor.Actor, c *Case) error {
	papers, err := f.Documents.List(ctx, q, a, c.Order.ID)
	if err != nil {
		return err
	}
	c.Papers = slices.DeleteFunc(papers, func(d document.Document) bool { return d.State == document.Superseded })
	if c.Attempts, err = f.attempts(ctx, q, c.Order); err != nil {
		return err
	}
	check, err := f.Identities.LatestCheck(ctx, q, c.Order.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	c.Check = &check
	return err
}

// deciders names who gave the verdicts.
func (f *Flow) deciders(ctx context.Context, q pg.Q, verdicts []review.Verdict) (map[uuid.UUID]string, error) {
	out := make(map[uuid.UUID]string, len(verdicts))
	for _, v := range verdicts {
		if out[v.StaffID] != "" {
			continue
		}
		m, err := f.Staff.Get(ctx, q, v.StaffID)
		if err != nil {
			return nil, err
		}
		out[v.StaffID] = m.Name + " " + m.No
	}
	return out, nil
}

// ViewPaper returns a page of one of an order's papers with who looks burnt in. The view is on record before its bytes
// are read. NotFound "document_unknown" for a paper of another order; the others are those of document.Page.
func (f *Flow) ViewPaper(ctx context.Context, a actor.Actor, no string, id uuid.UUID, page int, size document.Size, viewer string) (document.Image, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return document.Image{}, err
	}
	doc, err := f.Documents.Get(ctx, q, a, id)
	if err != nil {
		return document.Image{}, err
	}
	if doc.OrderID != o.ID {
		return document.Image{}, fault.New(fault.NotFound, "document_unknown", nil)
	}
	err = f.Audit.Write(ctx, a, audit.Entry{
		Action: "document.viewed", Object: "order:" + o.No, Project: o.ProjectID,
		Details: map[string]any{"document": id.String(), "kind": string(doc.Kind), "page": page},
	})
	if err != nil {
		return document.Image{}, err
	}
	return f.Documents.Page(ctx, q, a, id, page, size, document.Mark{Viewer: viewer, OrderNo: o.No, Purpose: "仅供续期审核"})
}

// ViewFace returns a picture of one of an order's identity checks with who looks burnt in; the view is on record first.
func (f *Flow) ViewFace(ctx context.Context, a actor.Actor, no string, id uuid.UUID, which identity.Picture, viewer string) ([]byte, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return nil, err
	}
	attempt, err := f.Identities.Get(ctx, q, id)
	if err != nil || attempt.OrderID != o.ID {
		return nil, fault.New(fault.NotFound, "image_unknown", nil)
	}
	err = f.Audit.Write(ctx, a, audit.Entry{
		Action: "identity.viewed", Object: "order:" + o.No, Project: o.ProjectID,
		Details: map[string]any{"attempt": id.String(), "picture": string(which)},
	})
	if err != nil {
		return nil, err
	}
	picture, err := f.Identities.Image(ctx, q, a, id, which)
	if err != nil {
		return nil, err
	}
	return f.Documents.Marked(picture, document.Mark{Viewer: viewer, OrderNo: o.No, Purpose: "仅供核身"})
}
