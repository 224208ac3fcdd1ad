package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/money"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// RefundArgs takes a refund one step on.
type RefundArgs struct {
	RefundID uuid.UUID `json:"refund_id"`
}

// Kind names the job for River.
func (RefundArgs) Kind() string { return "payment_refund" }

// payBack opens a refund and, where nothing is in its way, has it sent.
func (f *Flow) payBack(ctx context.Context, tx pg.Tx, i payment.Intent, amount money.Fen, why payment.RefundReason, waiting bool) error {
	r, err := f.Payments.OpenRefund(ctx, tx, i, amount, why, waiting)
	if err != nil || r.State != payment.Due {
		return err
	}
	return f.Jobs.Enqueue(ctx, tx, RefundArgs{RefundID: r.ID})
}

// refundAfterRedLetter lets an order's refunds go on once its invoice is red-lettered, or needs to be no more.
func (f *Flow) refundAfterRedLetter(ctx context.Context, tx pg.Tx, orderID uuid.UUID) error {
	released, err := f.Payments.Release(ctx, tx, orderID)
	if err != nil {
		return err
	}
	for _, r := range released {
		if r.State != payment.Due {
			continue
		}
		if err := f.Jobs.Enqueue(ctx, tx, RefundArgs{RefundID: r.ID}); err != nil {
			return err
		}
	}
	return nil
}
