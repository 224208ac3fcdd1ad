package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// settle opens the payment gate of an order that is paid in full, requests its invoice and tells the agent. The caller
// holds its lock. Whether the order enters review with that is decided by its gates.
func (f *Flow) settle(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	if err := f.Payments.Settle(ctx, tx, o.ID); err != nil {
		return err
	}
	_, err := f.Orders.Change(ctx, tx, a, o.No, "payment.settled", func(g *order.Gates) error {
		g.Payment, g.Invoice = order.Settled, order.Requested
		return nil
	})
	if err != nil {
		return err
	}
	if err := f.requestInvoice(ctx, tx, o); err != nil {
		return err
	}
	return f.tell(ctx, tx, o, notify.PaymentSettled, map[string]string{"no": o.No, "amount": o.AmountFen.String()})
}

func (f *Flow) requestInvoice(ctx context.Context, tx pg.Tx, o order.Order) error {
	settings, err := f.Projects.Settings(ctx, tx, o.ProjectID, f.Now())
	if err != nil {
		return err
	}
	inv, err := f.Invoices.Request(ctx, tx, invoice.Request{
		OrderID: o.ID, ProjectID: o.ProjectID, OrderNo: o.No, Total: o.AmountFen, TaxPercent: settings.InvoiceTaxRatePercent,
		Goods: invoice.Goods{Code: settings.InvoiceGoodsCode, Name: settings.InvoiceGoodsName},
	})
	if err != nil {
		return err
	}
	return f.Jobs.Enqueue(ctx, tx, invoice.IssueArgs{ID: inv.ID})
}
