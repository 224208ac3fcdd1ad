package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// IssueInvoice takes an invoice one step on; when it is issued the order's gate moves and the invoice goes out, unless it
// is wanted back already.
func (f *Flow) IssueInvoice(ctx context.Context, id uuid.UUID) error {
	a := actor.Job("invoice")
	return f.Invoices.Work(ctx, id, func(ctx context.Context, tx pg.Tx, inv invoice.Invoice) error {
		o, err := f.Orders.ByID(ctx, tx, a, inv.OrderID)
		if err != nil {
			return err
		}
		_, err = f.Orders.Change(ctx, tx, a, o.No, "invoice.issued", func(g *order.Gates) error {
			g.Invoice = order.Issued
			return nil
		})
		if err != nil {
			return err
		}
		red, err := f.Invoices.RedOf(ctx, tx, inv.ID)
		if err == nil { // wanted no more meanwhile: it goes back before anybody gets it
			return f.Jobs.Enqueue(ctx, tx, invoice.RedArgs{ID: red.ID})
		}
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		return f.dispatchInvoice(ctx, tx, o, inv.ID)
	})
}

// dispatchInvoice sends an invoice to the agent: by SMS the fixed address and a code, for SMS variables may carry no
// link; by mail the link itself.
func (f *Flow) dispatchInvoice(ctx context.Context, tx pg.Tx, o order.Order, id uuid.UUID) error {
	agent, _, err := f.Orders.Persons(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	code, err := f.Invoices.Code(ctx, tx, id)
	if err != nil {
		return err
	}
	args := map[string]string{
		"no": o.No, "code": code.Reveal(), "page": f.PublicURL + "/inv", "link": f.PublicURL + "/inv?code=" + code.Reveal(),
	}
	for channel, to := range map[notify.Channel]seal.Secret{notify.SMS: agent.Phone, notify.Mail: agent.Email} {
		err := f.Messages.Queue(ctx, tx, notify.Message{
			OrderID: o.ID, Template: notify.Invoice, Channel: channel, To: to, Args: args, Key: invoiceKey(id),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// invoiceKey is what both messages of an invoice are known by.
func invoiceKey(id uuid.UUID) string { return "invoice:" + id.String() }

// invoiceIdle is when an invoice nothing has happened to is looked at again.
const invoiceIdle = 5 * time.Second

// SweepInvoices works on every invoice that is under way.
func (f *Flow) SweepInvoices(ctx context.Context) error {
	ids, err := f.Invoices.Hanging(ctx, f.DB.Read(ctx), f.Now().Add(-invoiceIdle), 100)
	if err != nil {
		return err
	}
	return each(ids, func(id uuid.UUID) error {
		if err := f.IssueInvoice(ctx, id); !fault.HasKey(err, "invoice_pending") {
			return err
		}
		return nil
	})
}

// ResendInvoice sends again what failed or may not have arrived: one message of an invoice, as its next version. Conflict
// "invoice_taken_back" for an invoice that is red-lettered.
func (f *Flow) ResendInvoice(ctx context.Context, a actor.Actor, id, message uuid.UUID) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		inv, err := f.Invoices.Get(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if inv.State == invoice.RedLettered {
			return fault.New(fault.Conflict, "invoice_taken_back", nil)
		}
		line, orderID, err := f.Messages.Get(ctx, tx, message)
		if err != nil {
			return err
		}
		if orderID != inv.OrderID || line.Template != notify.Invoice {
			return fault.New(fault.NotFound, "message_unknown", nil)
		}
		if err := f.Messages.Resend(ctx, tx, message); err != nil {
			return err
		}
		return f.auditInvoice(ctx, tx, a, inv, "invoice.resent", map[string]any{"channel": string(line.Channel)})
	})
}

// RetryInvoice sets a failed invoice to work again, under the same number.
func (f *Flow) RetryInvoice(ctx context.Context, a actor.Actor, id uuid.UUID) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		inv, err := f.Invoices.Get(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := f.Invoices.Retry(ctx, tx, id); err != nil {
			return err
		}
		if err := f.Jobs.Enqueue(ctx, tx, invoice.IssueArgs{ID: id}); err != nil {
			return err
		}
		return f.auditInvoice(ctx, tx, a, inv, "invoice.retried", nil)
	})
}

// InvoiceFile opens an invoice's PDF for staff; the view is on record before a byte leaves.
func (f *Flow) InvoiceFile(ctx context.Context, a actor.Actor, id uuid.UUID) (invoice.Invoice, []byte, error) {
	inv, err := f.Invoices.Get(ctx, f.DB.Read(ctx), a, id)
	if err != nil {
		return invoice.Invoice{}, nil, err
	}
	err = f.Audit.Write(ctx, a, audit.Entry{Action: "invoice.viewed", Object: "invoice:" + inv.Serial, Project: inv.ProjectID})
	if err != nil {
		return invoice.Invoice{}, nil, err
	}
	return f.Invoices.PDF(ctx, f.DB.Read(ctx), a, id)
}

func (f *Flow) auditInvoice(ctx context.Context, tx pg.Tx, a actor.Actor, inv invoice.Invoice, act string, details map[string]any) error {
	return audit.Append(ctx, tx, a, f.Now(), audit.Entry{
		Action: act, Object: "invoice:" + inv.Serial, Project: inv.ProjectID, Details: details,
	})
}
