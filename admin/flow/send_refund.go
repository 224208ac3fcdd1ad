package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// SendRefund takes a refund one step on: asked for under our number, then asked after until its vendor says what became
// of it. It is the job's worker and the sweep's function, and may run again at will: the same number is the same refund.
func (f *Flow) SendRefund(ctx context.Context, id uuid.UUID) error {
	r, err := f.Payments.Refund(ctx, f.DB.Read(ctx), id)
	if err != nil || (r.State != payment.Due && r.State != payment.Sent) {
		return err
	}
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error { return f.Payments.TakeUp(ctx, tx, r) })
	if err != nil {
		return err
	}
	what, err := f.returned(ctx, r)
	if fault.HasKey(err, "payment_vendor_refused") {
		code, _ := fault.Of(err).Args["code"].(string)
		what, err = payment.Returned{State: payment.ReturnFailed, Code: code}, nil
	}
	if err != nil || (what.State != payment.ReturnDone && what.State != payment.ReturnFailed) {
		return err
	}
	return f.endRefund(ctx, r, what)
}

// returned asks the vendor for a refund, or after one it may know already.
func (f *Flow) returned(ctx context.Context, r payment.Refund) (payment.Returned, error) {
	vendor, err := f.vendorOf(r.Method)
	if err != nil {
		return payment.Returned{}, err
	}
	q := f.DB.Read(ctx)
	i, err := f.Payments.Get(ctx, q, r.IntentID)
	if err != nil {
		return payment.Returned{}, err
	}
	came, err := f.Payments.Arrival(ctx, q, r.IntentID)
	if err != nil {
		return payment.Returned{}, err
	}
	back := payment.Return{OwnNo: r.OwnNo, TradeNo: i.OwnNo, Amount: r.Amount, Total: came.Amount, Reason: "数字证书续期退款"}
	ctx, cancel := context.WithTimeout(ctx, 2*vendorTime)
	defer cancel()
	if r.State == payment.Sent {
		what, err := vendor.FindRefund(ctx, back)
		if err != nil || what.State != payment.ReturnUnknown {
			return what, err
		}
	}
	return vendor.Refund(ctx, back)
}

// endRefund records what became of a refund. Once all that had paid an order is back, the gate says so; a refund that
// failed stays for finance.
func (f *Flow) endRefund(ctx context.Context, r payment.Refund, what payment.Returned) error {
	a := actor.Job("payment_refund")
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.ByID(ctx, tx, a, r.OrderID)
		if err != nil {
			return err
		}
		if o, err = f.Orders.Lock(ctx, tx, a, o.No); err != nil {
			return err
		}
		if err := f.Payments.EndRefund(ctx, tx, r.ID, what); err != nil {
			return err
		}
		entry := audit.Entry{
			Action: "refund." + string(what.State), Object: "order:" + o.No, Project: o.ProjectID, Reason: what.Code,
			Details: map[string]any{"own_no": r.OwnNo, "amount_fen": int64(r.Amount), "reason": string(r.Reason)},
		}
		if what.State == payment.ReturnFailed {
			entry.Outcome = audit.Failed
			return audit.Append(ctx, tx, a, f.Now(), entry)
		}
		if err := audit.Append(ctx, tx, a, f.Now(), entry); err != nil {
			return err
		}
		return f.refundDone(ctx, tx, a, o, r)
	})
}

func (f *Flow) refundDone(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, r payment.Refund) error {
	if o.Gates.Payment == order.Refunding {
		outstanding, err := f.Payments.Outstanding(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		_, err = f.Orders.Change(ctx, tx, a, o.No, "payment.refunded", func(g *order.Gates) error {
			if !outstanding {
				g.Payment = order.Refunded
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return f.tell(ctx, tx, o, notify.RefundSent, map[string]string{"no": o.No, "amount": r.Amount.String()}, r.OwnNo)
}

// SweepRefunds takes up refunds of which nothing was heard for a while.
func (f *Flow) SweepRefunds(ctx context.Context) error {
	ids, err := f.Payments.OpenRefunds(ctx, f.DB.Read(ctx), asksAtOnce)
	if err != nil {
		return err
	}
	return each(ids, func(id uuid.UUID) error { return f.SendRefund(ctx, id) })
}
