package flow

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// tell sends an SMS to an order's agent about an event. Each event of an order is told once; the content version makes a
// second 退回补件 an event of its own, and so does each further word for what can happen more than once, a refund's own
// number for example.
func (f *Flow) tell(ctx context.Context, tx pg.Tx, o order.Order, t notify.Template, args map[string]string, event ...string) error {
	agent, _, err := f.Orders.Persons(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	key := "order:" + o.No + ":" + string(t)
	if t == notify.Returned {
		key += ":" + strconv.Itoa(o.Gates.ContentVersion)
	}
	for _, word := range event {
		key += ":" + word
	}
	return f.Messages.Queue(ctx, tx, notify.Message{OrderID: o.ID, Template: t, Channel: notify.SMS, To: agent.Phone, Args: args, Key: key})
}

// SendMessage carries a message to its vendor. When both messages of an invoice have gone, the order's invoice gate says so.
func (f *Flow) SendMessage(ctx context.Context, id uuid.UUID) error {
	if err := f.Messages.Send(ctx, id); err != nil {
		return err
	}
	return f.messageMoved(ctx, id)
}

// CheckDelivery asks a message's vendor whether it has arrived, which may be the first that is known of its going out.
func (f *Flow) CheckDelivery(ctx context.Context, id uuid.UUID) error {
	if err := f.Messages.CheckDelivery(ctx, id); err != nil {
		return err
	}
	return f.messageMoved(ctx, id)
}

// messageMoved is what follows for an order when one of its messages got on.
func (f *Flow) messageMoved(ctx context.Context, id uuid.UUID) error {
	line, orderID, err := f.Messages.Get(ctx, f.DB.Read(ctx), id)
	if err != nil || line.Template != notify.Invoice {
		return err
	}
	return f.invoiceTold(ctx, orderID)
}

// stuckAfter is when a message nobody sent is looked at again.
const stuckAfter = 15 * time.Second

// SweepMessages takes up messages the queue has lost sight of.
func (f *Flow) SweepMessages(ctx context.Context) error {
	ids, err := f.Messages.Stuck(ctx, f.DB.Read(ctx), f.Now().Add(-stuckAfter), 100)
	if err != nil {
		return err
	}
	return each(ids, func(id uuid.UUID) error { return f.SendMessage(ctx, id) })
}

// invoiceTold moves the invoice gate once the invoice's SMS and mail are with their vendors.
func (f *Flow) invoiceTold(ctx context.Context, orderID uuid.UUID) error {
	a := actor.Job("invoice")
	o, err := f.Orders.ByID(ctx, f.DB.Read(ctx), a, orderID)
	if err != nil || o.Gates.Invoice != order.Issued {
		return err
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if o, err = f.Orders.Lock(ctx, tx, a, o.No); err != nil || o.Gates.Invoice != order.Issued {
			return err
		}
		told, err := f.toldOfLive(ctx, tx, orderID)
		if err != nil || !told {
			return err
		}
		_, err = f.Orders.Change(ctx, tx, a, o.No, "invoice.dispatched", func(g *order.Gates) error {
			g.Invoice = order.Dispatched
			return nil
		})
		return err
	})
}

// toldOfLive tells whether both messages of an order's live invoice have gone out; those of one before it do not count.
func (f *Flow) toldOfLive(ctx context.Context, tx pg.Tx, orderID uuid.UUID) (bool, error) {
	live, _, err := f.Invoices.Live(ctx, tx, orderID)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	lines, err := f.Messages.OfOrder(ctx, tx, orderID)
	if err != nil {
		return false, err
	}
	gone := map[notify.Channel]bool{}
	for _, l := range lines {
		if l.Key == invoiceKey(live.ID) && (l.State == notify.Sent || l.State == notify.Delivered) {
			gone[l.Channel] = true
		}
	}
	return gone[notify.SMS] && gone[notify.Mail], nil
}
