package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/invoice"
	"caconsole/admin/pg"
)

// RetryRedLetter has a blocked red letter tried again with a new confirmation form. Faults: red_letter_unknown,
// red_letter_not_blocked.
func (f *Flow) RetryRedLetter(ctx context.Context, a actor.Actor, id uuid.UUID) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Invoices.Red(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := f.Invoices.RetryRed(ctx, tx, id); err != nil {
			return err
		}
		if err := f.Jobs.Enqueue(ctx, tx, invoice.RedArgs{ID: id}); err != nil {
			return err
		}
		return f.auditRed(ctx, tx, a, r, "invoice.red_retried", nil)
	})
}

// RecordRedLetter takes the number of a red invoice that finance made at the tax bureau, where the vendor's way is
// blocked; the money that waited for it goes back. Faults: red_number_wrong on "number", and those of RetryRedLetter.
func (f *Flow) RecordRedLetter(ctx context.Context, a actor.Actor, id uuid.UUID, number string) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Invoices.Red(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := f.lockOf(ctx, tx, a, r); err != nil { // orders are locked before all else
			return err
		}
		if err := f.Invoices.RecordRed(ctx, tx, id, number); err != nil {
			return err
		}
		r.State = invoice.RedIssued
		if err := f.takenBack(ctx, tx, a, r); err != nil {
			return err
		}
		return f.auditRed(ctx, tx, a, r, "invoice.red_recorded", map[string]any{"number": number})
	})
}

// RedLetterFile opens a red invoice's PDF for staff; the view is on record before a byte leaves.
func (f *Flow) RedLetterFile(ctx context.Context, a actor.Actor, id uuid.UUID) (invoice.Red, []byte, error) {
	r, err := f.Invoices.Red(ctx, f.DB.Read(ctx), a, id)
	if err != nil {
		return invoice.Red{}, nil, err
	}
	entry := audit.Entry{Action: "invoice.viewed", Object: "invoice:" + r.Serial, Project: r.ProjectID}
	if err := f.Audit.Write(ctx, a, entry); err != nil {
		return invoice.Red{}, nil, err
	}
	pdf, err := f.Invoices.RedPDF(ctx, f.DB.Read(ctx), id)
	return r, pdf, err
}

func (f *Flow) auditRed(ctx context.Context, tx pg.Tx, a actor.Actor, r invoice.Red, act string, details map[string]any) error {
	return audit.Append(ctx, tx, a, f.Now(), audit.Entry{
		Action: act, Object: "invoice:" + r.Serial, Project: r.ProjectID, Details: details,
	})
}
