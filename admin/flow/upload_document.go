package flow

import (
	"context"
	"slices"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/job"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
)

// Upload is a scan an applicant hands in.
type Upload struct {
	Kind  document.Kind
	Body  []byte
	Claim document.Claim // of a remittance voucher: all of it
}

// How often an applicant may send files: each is decoded and kept.
const (
	uploads    = 60
	uploadsPer = 10 * time.Minute
)

// UploadDocument checks and stores a scan and moves the documents gate; the last paper that was returned brings the
// order back to review. What it accepted is sealed on disk before the answer. Faults: order_unknown, order_closed, not_on_path,
// document_not_returned, voucher_not_expected, those of document.Check and Add, for a voucher those of payment.AddClaim; too_many_attempts.
func (f *Flow) UploadDocument(ctx context.Context, a actor.Actor, no string, up Upload) (document.Document, error) {
	if err := f.Throttle.Take(ctx, "upload:"+a.ID.String(), uploads, uploadsPer); err != nil {
		return document.Document{}, err
	}
	o, err := f.Orders.Get(ctx, f.DB.Read(ctx), a, no)
	if err != nil {
		return document.Document{}, err
	}
	if err := f.mayUpload(ctx, f.DB.Read(ctx), a, o, up.Kind); err != nil { // before the costly part; again under the lock
		return document.Document{}, err
	}
	file, err := f.Documents.Check(ctx, up.Body)
	if err != nil {
		return document.Document{}, err
	}
	stored, err := f.Documents.Store(ctx, file)
	if err != nil {
		return document.Document{}, err
	}
	var doc document.Document
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if o, err = f.Orders.Lock(ctx, tx, a, no); err != nil {
			return err
		}
		if err := f.mayUpload(ctx, tx, a, o, up.Kind); err != nil {
			return err
		}
		var fresh bool
		doc, fresh, err = f.Documents.Add(ctx, tx, document.Upload{OrderID: o.ID, ProjectID: o.ProjectID, Kind: up.Kind, File: stored, Claim: up.Claim})
		if err != nil || !fresh {
			return err
		}
		if err := f.Jobs.Enqueue(ctx, tx, document.PagesArgs{DocumentID: doc.ID}, job.Queue(document.PagesQueue)); err != nil {
			return err
		}
		if up.Kind == document.RemittanceVoucher {
			return f.claimTransfer(ctx, tx, o, doc, up.Claim)
		}
		return f.paperArrived(ctx, tx, a, o)
	})
	return doc, err
}

// mayUpload asks the order whether it takes a paper of the kind now.
func (f *Flow) mayUpload(ctx context.Context, q pg.Q, a actor.Actor, o order.Order, kind document.Kind) error {
	g := o.Gates
	switch {
	case g.Closed != order.Open:
		return fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(g.Closed)})
	case g.Path == order.Online:
		return notOnPath()
	case kind == document.RemittanceVoucher:
		if g.Method != order.Transfer || g.Payment != order.Awaiting {
			return fault.New(fault.Conflict, "voucher_not_expected", nil)
		}
		return nil
	case g.Review != order.Returned:
		return nil
	}
	return f.wasReturned(ctx, q, a, o, kind)
}

// wasReturned refuses a paper that the last 退回补件 did not name, unless the order has none of its kind in force: a
// corrected form makes the scan of the old one obsolete.
func (f *Flow) wasReturned(ctx context.Context, q pg.Q, a actor.Actor, o order.Order, kind document.Kind) error {
	papers, err := f.Documents.List(ctx, q, a, o.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(papers, func(d document.Document) bool { return d.Kind == kind && d.State != document.Superseded })
	if at < 0 || papers[at].State == document.Returned {
		return nil
	}
	verdicts, err := f.Reviews.Verdicts(ctx, q, o.ID)
	if err != nil {
		return err
	}
	named := func(i review.Item) bool { return i.Kind == string(kind) }
	if len(verdicts) == 0 || !slices.ContainsFunc(verdicts[0].Items, named) {
		return fault.New(fault.Conflict, "document_not_returned", nil)
	}
	return nil // returned, and replaced once already
}

// paperArrived moves the documents gate of an order whose papers changed. What was approved over the old ones is void.
func (f *Flow) paperArrived(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	complete, err := f.Documents.Complete(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	_, err = f.Orders.Change(ctx, tx, a, o.No, "document.uploaded", func(g *order.Gates) error {
		if err := g.TouchContent(); err != nil {
			return err
		}
		switch {
		case complete:
			g.Documents = order.Uploaded
		case g.Review != order.Returned:
			g.Documents = order.Missing
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.voidApproval(ctx, tx, o)
}
