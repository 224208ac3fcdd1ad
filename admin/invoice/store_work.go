package invoice

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// Work takes an invoice one step on: asks the vendor for it, or asks what became of it and keeps the file. It may be
// called at any time and any number of times. keep runs in the transaction that makes the invoice issued, once, and
// before any row of it is touched, so that it can lock the order first. Unavailable "invoice_pending" says: call again
// later.
func (i *Invoices) Work(ctx context.Context, id uuid.UUID, keep func(ctx context.Context, tx pg.Tx, inv Invoice) error) error {
	r, err := find(i.db.Read(ctx), "id = ?", id)
	if err != nil {
		return err
	}
	switch r.State {
	case Requested:
		if err := i.move(ctx, r, Requested, map[string]any{"state": Issuing}); err != nil {
			return err
		}
		r.State = Issuing
		return i.ask(ctx, r)
	case Issuing:
		return i.follow(ctx, r, keep)
	case Issued, Failed, Cancelled, RedLettered:
	}
	return nil
}

// ask sends the request. What becomes of it is found out by the next step.
func (i *Invoices) ask(ctx context.Context, r row) error {
	b, err := i.Buyer(ctx, i.db.Read(ctx), r.OrderID)
	if err != nil {
		return err
	}
	inv := r.invoice()
	inv.Buyer.Phone = b.Phone
	err = i.vendor.Issue(ctx, Order{
		Serial: r.Serial, Buyer: inv.Buyer, Goods: inv.Goods, Total: inv.Total, Net: inv.Net, Tax: inv.Tax,
		TaxPercent: inv.TaxPercent, Remark: r.Serial[:strings.LastIndexByte(r.Serial, 'B')], At: i.now(),
	})
	if fault.Is(err, fault.Invalid) {
		return i.move(ctx, r, Issuing, map[string]any{"state": Failed, "last_error": cause(err)})
	}
	return i.wait(ctx, r, err)
}

// wait notes a step that nothing came of yet, so that Hanging names the invoice later and later; why is what the vendor
// said, nil if it is at work. The error is why, else "invoice_pending".
func (i *Invoices) wait(ctx context.Context, r row, why error) error {
	noted := map[string]any{"attempts": r.Attempts + 1}
	if why == nil {
		why = pending(nil)
	} else {
		noted["last_error"] = cause(why)
	}
	if err := i.move(ctx, r, Issuing, noted); err != nil {
		return err
	}
	return why
}

// follow asks what became of a request and keeps the issued file.
func (i *Invoices) follow(ctx context.Context, r row, keep func(context.Context, pg.Tx, Invoice) error) error {
	answer, err := i.vendor.Query(ctx, r.Serial)
	switch {
	case err != nil:
		return i.wait(ctx, r, err)
	case !answer.Found:
		return i.ask(ctx, r) // the vendor never heard of our number: the call was lost on its way
	case answer.Total != 0 && answer.Total != r.TotalFen:
		return i.move(ctx, r, Issuing, map[string]any{"state": Failed, "last_error": "amount_differs", "vendor_serial": answer.VendorSerial})
	case answer.State == Failed:
		return i.move(ctx, r, Issuing, map[string]any{ // one that has a number exists at the tax bureau: only its file failed
			"state": Failed, "last_error": answer.Cause, "vendor_serial": answer.VendorSerial, "number": answer.Number,
		})
	case answer.State == Issuing:
		return i.wait(ctx, r, nil)
	}
	pdf, err := i.vendor.Fetch(ctx, answer.PDFURL)
	if err != nil {
		return i.wait(ctx, r, err)
	}
	object, err := i.vault.Put(ctx, pdf)
	if err != nil {
		return err
	}
	return i.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		now := i.now()
		inv := r.invoice()
		inv.State, inv.Number, inv.IssuedAt = Issued, answer.Number, now
		if err := keep(ctx, tx, inv); err != nil { // locks the order first: orders come before all else
			return err
		}
		return i.moveIn(tx, r, Issuing, map[string]any{
			"state": Issued, "number": answer.Number, "vendor_serial": answer.VendorSerial, "issued_at": now, "last_error": "",
			"pdf_object_key": object.Key, "pdf_sm3": object.SM3, "pdf_bytes": object.Size, "pdf_data_key": object.DataKey,
		})
	})
}

// Retry sets a failed invoice to work again, under the same number. Conflict "invoice_not_failed".
func (i *Invoices) Retry(_ context.Context, tx pg.Tx, id uuid.UUID) error {
	res := tx.Gorm().Model(&row{}).Where("id = ? AND state = ?", id, Failed).
		Updates(map[string]any{"state": Requested, "attempts": 0, "last_error": "", "changed_at": i.now()})
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "invoice_not_failed", nil)
	}
	return pg.Fault(res.Error)
}

func (i *Invoices) move(ctx context.Context, r row, from State, to map[string]any) error {
	return i.db.InTx(ctx, func(_ context.Context, tx pg.Tx) error { return i.moveIn(tx, r, from, to) })
}

// moveIn changes an invoice from a state, once.
func (i *Invoices) moveIn(tx pg.Tx, r row, from State, to map[string]any) error {
	to["changed_at"] = i.now()
	res := tx.Gorm().Model(&row{}).Where("id = ? AND state = ?", r.ID, from).Updates(to)
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "invoice_under_way", nil)
	}
	return pg.Fault(res.Error)
}

func pending(err error) error {
	return &fault.Error{Kind: fault.Unavailable, Key: "invoice_pending", Cause: err}
}

func cause(err error) string {
	f := fault.Of(err)
	if c, ok := f.Args["cause"].(string); ok && c != "" {
		return c
	}
	return f.Key
}
