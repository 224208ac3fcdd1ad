package flow

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// awaitCode begins to wait for a payment by WeChat or Alipay. Our number is stored with it; its vendor is called later.
func (f *Flow) awaitCode(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, method payment.Method) (uuid.UUID, error) {
	settings, err := f.Projects.Settings(ctx, tx, o.ProjectID, f.Now())
	if err != nil {
		return uuid.Nil, err
	}
	if f.PayVendors[method] == nil || !slices.Contains(settings.OnlineMethods, string(method)) {
		return uuid.Nil, refuseField(fault.Conflict, "method", "method_not_offered", nil)
	}
	i, err := f.Payments.Begin(ctx, tx, payment.Online{
		OrderID: o.ID, OrderNo: o.No, Method: method, Amount: o.Due(),
		ExpiresAt: f.Now().Add(settings.CodeLife()).Truncate(time.Second),
	})
	if err != nil {
		return uuid.Nil, err
	}
	return i.ID, f.awaitPayment(ctx, tx, a, o, order.Method(method))
}

// refusedRetry is when a payer may ask again after a vendor that refuses.
const refusedRetry = 5 * time.Minute

// code has the vendor's answer to an intent, or asks for it: an outage is 503, and the next try has the same number.
func (f *Flow) code(ctx context.Context, no string, i payment.Intent) (payment.Instruction, error) {
	if i.State == payment.Settled {
		return payment.Instruction{}, fault.New(fault.Conflict, "payment_not_awaited", nil)
	}
	if !i.Payable(f.Now()) {
		return payment.Instruction{}, fault.New(fault.Conflict, "payment_over", nil)
	}
	if i.CodeURL == "" {
		var err error
		if i, err = f.fetchCode(ctx, no, i); err != nil {
			return payment.Instruction{}, err
		}
	}
	return payment.Instruction{Method: i.Method, Amount: i.Amount, CodeURL: i.CodeURL, ExpiresAt: i.ExpiresAt}, nil
}

func (f *Flow) fetchCode(ctx context.Context, no string, i payment.Intent) (payment.Intent, error) {
	vendor := f.PayVendors[i.Method]
	if vendor == nil {
		return i, refuseField(fault.Conflict, "method", "method_not_offered", nil)
	}
	call, cancel := context.WithTimeout(ctx, vendorTime)
	defer cancel()
	code, err := vendor.Create(call, payment.Ask{OwnNo: i.OwnNo, Amount: i.Amount, Subject: "数字证书续期 " + no, ExpiresAt: i.ExpiresAt})
	switch {
	case fault.HasKey(err, "payment_made"): // it was paid by a code whose answer we lost
		if err := f.AskPayment(ctx, i.ID); err != nil {
			return i, err
		}
		return i, fault.New(fault.Conflict, "payment_not_awaited", nil)
	case fault.HasKey(err, "payment_vendor_refused"):
		f.Log.WarnContext(ctx, "payment vendor refuses", "method", string(i.Method), "own_no", i.OwnNo, "error", err)
		return i, fault.Down("method_unavailable", refusedRetry, err)
	case err != nil:
		return i, err
	}
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error { return f.Payments.Coded(ctx, tx, i.ID, code) })
	if err != nil {
		return i, err
	}
	return f.Payments.Get(ctx, f.DB.Read(ctx), i.ID)
}

// PaymentCode is what the payer of an order scans now. Conflict payment_over if there is no code, or it has run out.
func (f *Flow) PaymentCode(ctx context.Context, a actor.Actor, no string) (string, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return "", err
	}
	i, err := f.Payments.Intent(ctx, q, o.ID)
	if fault.Is(err, fault.NotFound) || err == nil && (i.CodeURL == "" || !i.Payable(f.Now())) {
		return "", fault.New(fault.Conflict, "payment_over", nil)
	}
	return i.CodeURL, err
}
