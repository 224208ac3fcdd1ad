package flow

import (
	"context"
	"strings"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

// RefundSigned sends an order's money back after its pair was signed: a lead's decision, and only once the new pair is
// revoked. An order that is still open closes with it. Fails with NotFound "order_unknown", Conflict "refund_not_signed"
// (before signing a renewal is withdrawn or rejected), "refund_needs_revocation", "payment_not_settled"; Invalid on
// "refund_reason".
func (f *Flow) RefundSigned(ctx context.Context, a actor.Actor, no, reason string) error {
	reason = strings.TrimSpace(reason)
	if key := issuance.WordsWrong(reason); key != "" {
		return fault.InvalidField("refund_reason", key)
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, no)
		if err != nil {
			return err
		}
		if err := f.maySendBack(ctx, tx, o); err != nil {
			return err
		}
		if o.Gates.Closed == order.Open {
			if o, err = f.Orders.Change(ctx, tx, a, o.No, "order.closed", (*order.Gates).CloseRevoked); err != nil {
				return err
			}
		}
		if err := f.startRefund(ctx, tx, a, o, payment.CertificateGone); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), audit.Entry{Action: "refund.after_signing", Object: "order:" + o.No, Project: o.ProjectID, Reason: reason})
	})
}

// MaySendBack says what stands in the way of RefundSigned; nil where nothing does.
func (f *Flow) MaySendBack(ctx context.Context, a actor.Actor, no string) error {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return err
	}
	return f.maySendBack(ctx, q, o)
}

// maySendBack says what stands in the way of a refund after signing.
func (f *Flow) maySendBack(ctx context.Context, q pg.Q, o order.Order) error {
	if o.Gates.Issuance != order.Recorded {
		return fault.New(fault.Conflict, "refund_not_signed", nil)
	}
	if o.Gates.Payment != order.Settled {
		return fault.New(fault.Conflict, "payment_not_settled", nil)
	}
	made, err := f.Issuance.Made(ctx, q, o.ID)
	if err != nil {
		return err
	}
	if made.State != issuance.Revoked {
		return fault.New(fault.Conflict, "refund_needs_revocation", fault.Args{"serial": string(made.Sign.Serial)})
	}
	return nil
}
