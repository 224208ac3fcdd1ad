package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// AskPaymentArgs asks the vendor of a payment by code what became of it.
type AskPaymentArgs struct {
	IntentID uuid.UUID `json:"intent_id"`
}

// Kind names the job for River.
func (AskPaymentArgs) Kind() string { return "payment_ask" }

// abandonPayment stops waiting for an order's payment, because the order closes or is to be paid otherwise. A code is
// closed at its vendor by a job, which asks first: one that was paid meanwhile is money that came late. A part that has
// come by transfer stays for finance to send back. The caller holds the order's lock and moves its gate.
func (f *Flow) abandonPayment(ctx context.Context, tx pg.Tx, o order.Order) error {
	live, err := f.Payments.Intent(ctx, tx, o.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || live.State != payment.Awaiting {
		return err
	}
	if err := f.Payments.Close(ctx, tx, o.ID); err != nil {
		return err
	}
	if live.Method.Online() {
		return f.Jobs.Enqueue(ctx, tx, AskPaymentArgs{IntentID: live.ID})
	}
	if err := f.Ledger.CloseReceivable(ctx, tx, o.ID); !fault.HasKey(err, "receivable_paid") {
		return err
	}
	return nil
}

// replacePayment makes room for another way to pay. A transfer of which a part has come cannot be left: Conflict
// payment_partly_paid.
func (f *Flow) replacePayment(ctx context.Context, tx pg.Tx, o order.Order, live payment.Intent) error {
	if live.Method == payment.Transfer {
		err := f.Ledger.CloseReceivable(ctx, tx, o.ID)
		if fault.HasKey(err, "receivable_paid") {
			return &fault.Error{Kind: fault.Conflict, Key: "payment_partly_paid", Cause: err}
		}
		if err != nil {
			return err
		}
	}
	return f.abandonPayment(ctx, tx, o)
}
