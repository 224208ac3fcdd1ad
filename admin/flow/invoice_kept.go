package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/invoice"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// invoiceKept has all that is kept of an order's money invoiced to the buyer as it is now. There is one live invoice at a
// time: another is taken back first, and the next one requested once it is, never before. Where it fits it stays, unless
// it is to be made out anew. waiting says that a red letter (红冲) is under way, which a refund has to wait for. The caller
// holds the order's lock.
func (f *Flow) invoiceKept(ctx context.Context, tx pg.Tx, o order.Order, anew bool) (waiting bool, err error) {
	live, leaving, err := f.Invoices.Live(ctx, tx, o.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return false, f.requestInvoice(ctx, tx, o)
	case err != nil:
		return false, err
	case !leaving && !anew && live.Total == o.Gates.Kept:
		return false, nil
	}
	if waiting, err = f.redLetter(ctx, tx, o); err != nil || waiting {
		return waiting, err
	}
	return false, f.requestInvoice(ctx, tx, o)
}

// requestInvoice requests the invoice of what is kept of an open order's money; of nothing there is none.
func (f *Flow) requestInvoice(ctx context.Context, tx pg.Tx, o order.Order) error {
	if o.Gates.Closed != order.Open || o.Gates.Kept == 0 {
		return nil
	}
	settings, err := f.Projects.Settings(ctx, tx, o.ProjectID, f.Now())
	if err != nil {
		return err
	}
	inv, err := f.Invoices.Request(ctx, tx, invoice.Request{
		OrderID: o.ID, ProjectID: o.ProjectID, OrderNo: o.No, Total: o.Gates.Kept, TaxPercent: settings.InvoiceTaxRatePercent,
		Goods: invoice.Goods{Code: settings.InvoiceGoodsCode, Name: settings.InvoiceGoodsName},
	})
	if err != nil {
		return err
	}
	_, err = f.Orders.Change(ctx, tx, actor.Job("invoice"), o.No, "invoice.requested", func(g *order.Gates) error {
		g.Invoice = order.Requested
		return nil
	})
	if err != nil {
		return err
	}
	return f.Jobs.Enqueue(ctx, tx, invoice.IssueArgs{ID: inv.ID})
}
