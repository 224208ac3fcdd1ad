package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// moneyArrived does what an order's state asks for with money that a vendor took: it pays the order, or it is put in
// suspense and goes back. However often, and by whatever way, its vendor tells of it, it counts once. An order that has
// closed is never opened again.
func (f *Flow) moneyArrived(ctx context.Context, tx pg.Tx, i payment.Intent, got payment.Received, learnedBy string) error {
	a := actor.Job("payment_" + learnedBy)
	o, err := f.Orders.ByID(ctx, tx, a, i.OrderID)
	if err != nil {
		return err
	}
	if o, err = f.Orders.Lock(ctx, tx, a, o.No); err != nil {
		return err
	}
	if i, err = f.Payments.Get(ctx, tx, i.ID); err != nil { // as it stands under the lock
		return err
	}
	why := unowed(o, i, got)
	fresh, err := f.Payments.Arrived(ctx, tx, payment.Arrival{
		IntentID: i.ID, OrderID: o.ID, Method: i.Method, Received: got, LearnedBy: learnedBy, Suspense: why,
	})
	if err != nil || !fresh {
		return err
	}
	if err := f.Payments.Finish(ctx, tx, i.ID); err != nil {
		return err
	}
	if why != "" {
		return f.suspend(ctx, tx, a, o, i, got, why)
	}
	return f.settleByCode(ctx, tx, a, o, i)
}

// unowed tells why money does not pay its order; empty where it does. A code that was left for another way pays as long
// as nothing else has.
func unowed(o order.Order, i payment.Intent, got payment.Received) payment.RefundReason {
	switch {
	case got.Amount != i.Amount || got.Currency != "CNY":
		return payment.WrongAmount
	case o.Gates.Closed != order.Open:
		return payment.PaidLate
	case o.Gates.Payment != order.Awaiting && o.Gates.Payment != order.None:
		return payment.PaidTwice
	case i.Amount != o.Due():
		return payment.YearsChanged
	}
	return ""
}

func (f *Flow) settleByCode(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, i payment.Intent) error {
	if i.State == payment.Closed {
		if err := f.abandonPayment(ctx, tx, o); err != nil {
			return err
		}
		if err := f.Payments.Revive(ctx, tx, i.ID); err != nil {
			return err
		}
		if err := f.awaitPayment(ctx, tx, a, o, order.Method(i.Method)); err != nil {
			return err
		}
	}
	return f.settle(ctx, tx, a, o)
}

// suspend keeps money that pays no order for finance to see. What came too late or twice goes back by itself; of a
// wrong amount a person has to find out the reason.
func (f *Flow) suspend(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, i payment.Intent, got payment.Received, why payment.RefundReason) error {
	err := audit.Append(ctx, tx, a, f.Now(), audit.Entry{
		Action: "payment.suspended", Object: "order:" + o.No, Project: o.ProjectID, Reason: string(why),
		Details: map[string]any{
			"own_no": i.OwnNo, "transaction": got.TransactionID, "amount_fen": int64(got.Amount), "currency": got.Currency, "owed_fen": int64(i.Amount),
		},
	})
	if err != nil {
		return err
	}
	if why == payment.WrongAmount {
		return f.endIntent(ctx, tx, a, o, i, "payment.wrong_amount")
	}
	if err := f.payBack(ctx, tx, i, got.Amount, why, false); err != nil {
		return err
	}
	template, known := map[payment.RefundReason]notify.Template{payment.PaidLate: notify.PaidLate, payment.PaidTwice: notify.PaidTwice}[why]
	if !known {
		return nil
	}
	return f.tell(ctx, tx, o, template, map[string]string{"no": o.No, "amount": got.Amount.String()}, i.OwnNo)
}

// endIntent ends an intent nobody can pay by any more; an order that waited for it may be paid anew.
func (f *Flow) endIntent(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, i payment.Intent, act string) error {
	if i.State != payment.Awaiting {
		return nil
	}
	if err := f.Payments.Close(ctx, tx, o.ID); err != nil {
		return err
	}
	_, err := f.Orders.Change(ctx, tx, a, o.No, act, func(g *order.Gates) error {
		if g.Closed == order.Open && g.Payment == order.Awaiting {
			g.Unchosen()
		}
		return nil
	})
	return err
}

// vendorOf is the vendor of a payment by code. An installation that no longer has its account cannot ask: Unavailable.
func (f *Flow) vendorOf(m payment.Method) (payment.Vendor, error) {
	if v := f.PayVendors[m]; v != nil {
		return v, nil
	}
	return nil, fault.Down("vendor_unavailable", refusedRetry, nil)
}
