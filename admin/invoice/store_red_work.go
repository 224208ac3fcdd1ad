package invoice

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// Ending is what goes with the end of a red letter, in its transaction and once: Lock before any row of it is touched,
// for orders come before all else, and Keep after it is over; its state is then RedIssued or RedNotNeeded.
type Ending struct {
	Lock, Keep func(ctx context.Context, tx pg.Tx, r Red) error
}

// WorkRed takes a red letter one step on: asks the vendor for the confirmation form, or asks what became of form and red
// invoice. It may be called at any time and any number of times. Unavailable "invoice_pending" says: call again later.
func (i *Invoices) WorkRed(ctx context.Context, id uuid.UUID, keep Ending) error {
	r, err := findRed(i.db.Read(ctx), "id = ?", id)
	if err != nil || r.State.Over() || r.State == RedBlocked {
		return err
	}
	blue, err := find(i.db.Read(ctx), "id = ?", r.InvoiceID)
	if err != nil {
		return err
	}
	switch r.State {
	case RedWaitingInvoice:
		return i.awaitBlue(ctx, r, blue, keep)
	case RedRequested:
		if err := i.redTo(ctx, r, map[string]any{"state": RedAsked}); err != nil {
			return err
		}
		r.State = RedAsked
		return i.askRed(ctx, r, blue)
	case RedAsked, RedWaitingBuyer, RedConfirmed:
		return i.followRed(ctx, r, blue, keep)
	case RedIssued, RedNotNeeded, RedBlocked:
	}
	return nil
}

// awaitBlue waits until it is known whether the invoice exists: one that failed need not be taken back.
func (i *Invoices) awaitBlue(ctx context.Context, r redRow, blue row, keep Ending) error {
	switch {
	case blue.State == Issued, blue.State == Failed && blue.Number != "":
		return i.redTo(ctx, r, map[string]any{"state": RedRequested, "attempts": 0})
	case blue.State != Failed && blue.State != Cancelled:
		return i.waitRed(ctx, r, nil)
	}
	return i.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		over := r.red()
		over.State = RedNotNeeded
		if err := keep.Lock(ctx, tx, over); err != nil {
			return err
		}
		if blue.State == Failed {
			if err := i.moveIn(tx, blue, Failed, map[string]any{"state": Cancelled}); err != nil {
				return err
			}
		}
		if err := i.moveRed(tx, r, r.State, map[string]any{"state": RedNotNeeded}); err != nil {
			return err
		}
		return keep.Keep(ctx, tx, over)
	})
}

// askRed asks for the form. What becomes of it is found out by the next step.
func (i *Invoices) askRed(ctx context.Context, r redRow, blue row) error {
	err := i.vendor.AskRed(ctx, RedOrder{Serial: r.Serial, Number: blue.Number, Buyer: blue.invoice().Buyer})
	if fault.Is(err, fault.Invalid) {
		return i.redTo(ctx, r, map[string]any{"state": RedBlocked, "last_error": cause(err)})
	}
	return i.waitRed(ctx, r, err)
}

// followRed asks what became of the form and keeps the red invoice.
func (i *Invoices) followRed(ctx context.Context, r redRow, blue row, keep Ending) error {
	answer, err := i.vendor.QueryRed(ctx, r.Serial)
	if err != nil {
		return i.waitRed(ctx, r, err)
	}
	seen := map[string]any{"form_state": answer.FormState, "form_no": answer.FormNo}
	switch {
	case !answer.Found && r.State == RedAsked:
		return i.askRed(ctx, r, blue) // the vendor never heard of our number: the call was lost on its way
	case !answer.Found:
		return i.waitRed(ctx, r, nil)
	case answer.State == RedBlocked:
		seen["state"], seen["last_error"] = RedBlocked, answer.Cause
		return i.redTo(ctx, r, seen)
	case answer.Total != 0 && answer.Total != blue.TotalFen:
		seen["state"], seen["last_error"], seen["number"] = RedBlocked, "amount_differs", answer.Number
		return i.redTo(ctx, r, seen)
	case answer.State != RedIssued:
		if answer.State == r.State {
			return i.waitRed(ctx, r, nil)
		}
		seen["state"], seen["attempts"] = answer.State, 0
		if err := i.redTo(ctx, r, seen); err != nil {
			return err
		}
		return pending(nil)
	}
	return i.keepRed(ctx, r, answer, seen, keep)
}

func (i *Invoices) keepRed(ctx context.Context, r redRow, answer RedAnswer, seen map[string]any, keep Ending) error {
	pdf, err := i.vendor.Fetch(ctx, answer.PDFURL)
	if err != nil {
		return i.waitRed(ctx, r, err)
	}
	object, err := i.vault.Put(ctx, pdf)
	if err != nil {
		return err
	}
	return i.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		over := r.red()
		over.State, over.Number, over.IssuedAt = RedIssued, answer.Number, i.now()
		if err := keep.Lock(ctx, tx, over); err != nil {
			return err
		}
		seen["state"], seen["number"], seen["issued_at"], seen["last_error"] = RedIssued, over.Number, over.IssuedAt, ""
		seen["pdf_object_key"], seen["pdf_sm3"], seen["pdf_bytes"], seen["pdf_data_key"] = object.Key, object.SM3, object.Size, object.DataKey
		if err := i.endRed(tx, r, r.State, seen); err != nil {
			return err
		}
		return keep.Keep(ctx, tx, over)
	})
}

// waitRed notes a step that nothing came of yet; why is what the vendor said, nil if it is at work. The error is why,
// else "invoice_pending".
func (i *Invoices) waitRed(ctx context.Context, r redRow, why error) error {
	noted := map[string]any{"attempts": r.Attempts + 1}
	if why == nil {
		why = pending(nil)
	} else {
		noted["last_error"] = cause(why)
	}
	if err := i.redTo(ctx, r, noted); err != nil {
		return err
	}
	return why
}

func (i *Invoices) redTo(ctx context.Context, r redRow, to map[string]any) error {
	return i.db.InTx(ctx, func(_ context.Context, tx pg.Tx) error { return i.moveRed(tx, r, r.State, to) })
}

// RedPDF returns the file of a red invoice. The caller has audited the view. Conflict "invoice_not_issued", also for one
// that was made by hand.
func (i *Invoices) RedPDF(ctx context.Context, q pg.Q, id uuid.UUID) ([]byte, error) {
	r, err := findRed(q, "id = ?", id)
	if err != nil {
		return nil, err
	}
	if r.PDFObjectKey == nil || r.PDFBytes == nil {
		return nil, fault.New(fault.Conflict, "invoice_not_issued", nil)
	}
	return i.vault.Open(ctx, seal.Object{Key: *r.PDFObjectKey, SM3: r.PDFSM3, Size: *r.PDFBytes, DataKey: r.PDFDataKey})
}
