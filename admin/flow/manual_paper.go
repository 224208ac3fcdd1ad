package flow

import (
	"context"
	"slices"

	"caconsole/admin/actor"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/job"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance/manual"
)

// AddManualPaper seals a paper of an order opened by hand: the evidence of identity, the consent, a letter about the
// grounds. What was signed before it is void. Only the issuer who opened the order. Faults: document_kind_unknown,
// manual_not_yours, order_closed, order_being_issued, those of document.Check.
func (f *Flow) AddManualPaper(ctx context.Context, a actor.Actor, no string, kind document.Kind, body []byte) error {
	if !slices.Contains(document.ByHand, kind) {
		return fault.InvalidField("kind", "document_kind_unknown")
	}
	if err := f.Throttle.Take(ctx, "upload:"+a.ID.String(), uploads, uploadsPer); err != nil {
		return err
	}
	file, err := f.Documents.Check(ctx, body)
	if err != nil {
		return err
	}
	stored, err := f.Documents.Store(ctx, file)
	if err != nil {
		return err
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, v, err := f.ownManual(ctx, tx, a, no)
		if err != nil {
			return err
		}
		doc, fresh, err := f.Documents.Add(ctx, tx, document.Upload{OrderID: o.ID, ProjectID: o.ProjectID, Kind: kind, File: stored})
		if err != nil || !fresh {
			return err
		}
		if err := f.Jobs.Enqueue(ctx, tx, document.PagesArgs{DocumentID: doc.ID}, job.Queue(document.PagesQueue)); err != nil {
			return err
		}
		return f.manualChanged(ctx, tx, a, o, v, "document.uploaded")
	})
}

// manualComplete tells whether the evidence is there: of identity always, of the consent unless a statement stands for it.
func (f *Flow) manualComplete(ctx context.Context, q pg.Q, a actor.Actor, o order.Order, v manual.Version) (bool, error) {
	papers, err := f.Documents.List(ctx, q, a, o.ID)
	if err != nil {
		return false, err
	}
	there := func(kind document.Kind) bool {
		return slices.ContainsFunc(papers, func(d document.Document) bool { return d.Kind == kind && d.State != document.Superseded })
	}
	return there(document.IdentityEvidence) && (v.Consent != manual.OnPaper || there(document.ConsentPaper)), nil
}
