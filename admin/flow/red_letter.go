package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/invoice"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// redLetter takes an order's live invoice back before its money goes back, or another takes its place. One that was only asked for is cancelled on the
// spot; one that is issued, or may be, is red-lettered (红冲) by a job. pending says that the refund has to wait for it.
// The caller holds the order's lock.
func (f *Flow) redLetter(ctx context.Context, tx pg.Tx, o order.Order) (pending bool, err error) {
	taken, err := f.Invoices.TakeBack(ctx, tx, o.ID)
	if err != nil {
		return false, err
	}
	if taken.Cancelled {
		_, err := f.Orders.Change(ctx, tx, actor.Job("invoice"), o.No, "invoice.cancelled", func(g *order.Gates) error {
			if g.Invoice == order.Requested {
				g.Invoice = order.None
			}
			return nil
		})
		return false, err
	}
	if taken.Pending {
		return true, f.Jobs.Enqueue(ctx, tx, invoice.RedArgs{ID: taken.Red})
	}
	return false, nil
}

// RedLetter takes the taking back of an invoice one step on; when it is done the order's gate moves and the money that
// waited for it goes back.
func (f *Flow) RedLetter(ctx context.Context, id uuid.UUID) error {
	a := actor.Job("invoice")
	return f.Invoices.WorkRed(ctx, id, invoice.Ending{
		Lock: func(ctx context.Context, tx pg.Tx, r invoice.Red) error { return f.lockOf(ctx, tx, a, r) },
		Keep: func(ctx context.Context, tx pg.Tx, r invoice.Red) error { return f.takenBack(ctx, tx, a, r) },
	})
}

// lockOf locks the order of a red letter.
func (f *Flow) lockOf(ctx context.Context, tx pg.Tx, a actor.Actor, r invoice.Red) error {
	o, err := f.Orders.ByID(ctx, tx, a, r.OrderID)
	if err != nil {
		return err
	}
	_, err = f.Orders.Lock(ctx, tx, a, o.No)
	return err
}

// takenBack is what follows once an invoice is red-lettered, or turned out never to have been issued: the money that
// waited for it goes back, and what is kept of an order that goes on is invoiced anew.
func (f *Flow) takenBack(ctx context.Context, tx pg.Tx, a actor.Actor, r invoice.Red) error {
	o, err := f.Orders.ByID(ctx, tx, a, r.OrderID)
	if err != nil {
		return err
	}
	act, to := "invoice.red_lettered", order.RedLettered
	if r.State == invoice.RedNotNeeded {
		act, to = "invoice.cancelled", order.None
	}
	o, err = f.Orders.Change(ctx, tx, a, o.No, act, func(g *order.Gates) error {
		g.Invoice = to
		return nil
	})
	if err != nil {
		return err
	}
	if err := f.refundAfterRedLetter(ctx, tx, o.ID); err != nil {
		return err
	}
	return f.requestInvoice(ctx, tx, o)
}

// redIdle is when a red letter nothing has happened to is looked at again.
const redIdle = 5 * time.Second

// SweepRedLetters works on every red letter that is under way.
func (f *Flow) SweepRedLetters(ctx context.Context) error {
	ids, err := f.Invoices.RedHanging(ctx, f.DB.Read(ctx), f.Now().Add(-redIdle), 100)
	if err != nil {
		return err
	}
	return each(ids, func(id uuid.UUID) error {
		if err := f.RedLetter(ctx, id); !fault.HasKey(err, "invoice_pending") {
			return err
		}
		return nil
	})
}
