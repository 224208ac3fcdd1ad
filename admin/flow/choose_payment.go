package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/reconcile"
)

// ChoosePayment takes the way an order is to be paid and says where to; chosen again, the answer is the same. Faults:
// order_unknown, order_closed, identity_required, payment_not_awaited; on "method": method_unknown, method_not_on_path.
func (f *Flow) ChoosePayment(ctx context.Context, a actor.Actor, key idem.Key, no, method string) (payment.Instruction, error) {
	switch order.Method(method) {
	case order.Transfer, order.WeChat, order.Alipay:
	case order.NoMethod:
		return payment.Instruction{}, fault.InvalidField("method", "required")
	default:
		return payment.Instruction{}, fault.InvalidField("method", "method_unknown")
	}
	var to payment.Instruction
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) (err error) {
		to, err = idem.Run(ctx, tx, key, f.Now(), func() (payment.Instruction, error) {
			o, err := f.Orders.Lock(ctx, tx, a, no)
			if err != nil {
				return payment.Instruction{}, err
			}
			if err := mayPay(o.Gates, order.Method(method)); err != nil {
				return payment.Instruction{}, err
			}
			return f.awaitTransfer(ctx, tx, a, o)
		})
		return err
	})
	return to, err
}

func mayPay(g order.Gates, method order.Method) error {
	switch {
	case g.Closed != order.Open:
		return fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(g.Closed)})
	case g.Identity != order.Passed:
		return fault.New(fault.Conflict, "identity_required", nil)
	case g.Telecom == order.Mismatch:
		return fault.New(fault.Conflict, "telecom_mismatch", nil)
	case g.Payment != order.None && g.Payment != order.Awaiting:
		return fault.New(fault.Conflict, "payment_not_awaited", nil)
	case method != order.Transfer:
		return refuseField(fault.Conflict, "method", "method_not_on_path", nil)
	}
	return nil
}

// awaitTransfer begins to wait for a transfer to the project's account.
func (f *Flow) awaitTransfer(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) (payment.Instruction, error) {
	account, err := f.Ledger.Receiving(ctx, tx, o.ProjectID)
	if err != nil {
		return payment.Instruction{}, err
	}
	to, err := f.Payments.Choose(ctx, tx, payment.Choice{
		OrderID: o.ID, OrderNo: o.No, Amount: o.AmountFen,
		Account: payment.Account{No: account.No, Bank: account.Branch, Name: account.OwnName},
	})
	if err != nil {
		return payment.Instruction{}, err
	}
	owed := reconcile.Owed{OrderID: o.ID, OrderNo: o.No, ProjectID: o.ProjectID, Holder: o.Holder, Due: o.AmountFen}
	if _, err := f.Ledger.OpenReceivable(ctx, tx, owed); err != nil {
		return payment.Instruction{}, err
	}
	_, err = f.Orders.Change(ctx, tx, a, o.No, "payment.chosen", func(g *order.Gates) error {
		g.Payment, g.Method = order.Awaiting, order.Transfer
		return nil
	})
	if err != nil {
		return payment.Instruction{}, err
	}
	return to, f.wantMatchRun(ctx, tx) // the money may have come before the choice
}
