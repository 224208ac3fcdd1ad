package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/reconcile"
)

// ChoosePayment takes the way an order, or the difference it costs more by now, is to be paid and says where to pay or what to scan; chosen again, the answer is
// the same while it can still be paid by. Another method, or a code that is over, takes the place of the one before.
// Faults: order_unknown, order_closed, identity_required, telecom_mismatch, payment_not_awaited, payment_over,
// payment_partly_paid, method_unavailable, vendor_unavailable; on "method": required, method_unknown, method_not_on_path, method_not_offered.
func (f *Flow) ChoosePayment(ctx context.Context, a actor.Actor, key idem.Key, no, method string) (payment.Instruction, error) {
	switch order.Method(method) {
	case order.Transfer, order.WeChat, order.Alipay:
	case order.NoMethod:
		return payment.Instruction{}, fault.InvalidField("method", "required")
	default:
		return payment.Instruction{}, fault.InvalidField("method", "method_unknown")
	}
	var id uuid.UUID
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) (err error) {
		id, err = idem.Run(ctx, tx, key, f.Now(), func() (uuid.UUID, error) { return f.choose(ctx, tx, a, no, payment.Method(method)) })
		return err
	})
	if err != nil {
		return payment.Instruction{}, err
	}
	i, err := f.Payments.Get(ctx, f.DB.Read(ctx), id)
	if err != nil {
		return payment.Instruction{}, err
	}
	if i.Method.Online() {
		return f.code(ctx, no, i)
	}
	return payment.Instruction{Method: i.Method, Amount: i.Amount, Account: i.Account, Reference: no}, nil
}

func (f *Flow) choose(ctx context.Context, tx pg.Tx, a actor.Actor, no string, method payment.Method) (uuid.UUID, error) {
	o, err := f.Orders.Lock(ctx, tx, a, no)
	if err != nil {
		return uuid.Nil, err
	}
	if err := mayPay(o.Gates, order.Method(method)); err != nil {
		return uuid.Nil, err
	}
	live, err := f.Payments.Intent(ctx, tx, o.ID)
	switch {
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return uuid.Nil, err
	case live.Method == method && live.Amount == o.Due() && live.Payable(f.Now()):
		return live.ID, nil
	default:
		if err := f.replacePayment(ctx, tx, o, live); err != nil {
			return uuid.Nil, err
		}
	}
	if method.Online() {
		return f.awaitCode(ctx, tx, a, o, method)
	}
	return f.awaitTransfer(ctx, tx, a, o)
}

func mayPay(g order.Gates, method order.Method) error {
	switch {
	case g.Closed != order.Open:
		return fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(g.Closed)})
	case g.Path == order.Reviewed && g.Identity != order.Passed:
		return fault.New(fault.Conflict, "identity_required", nil)
	case g.Telecom == order.Mismatch:
		return fault.New(fault.Conflict, "telecom_mismatch", nil)
	case g.Payment != order.None && g.Payment != order.Awaiting:
		return fault.New(fault.Conflict, "payment_not_awaited", nil)
	case g.Path == order.Online && method == order.Transfer:
		return refuseField(fault.Conflict, "method", "method_not_on_path", nil)
	}
	return nil
}

// awaitTransfer begins to wait for a transfer to the project's account.
func (f *Flow) awaitTransfer(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) (uuid.UUID, error) {
	account, err := f.Ledger.Receiving(ctx, tx, o.ProjectID)
	if err != nil {
		return uuid.Nil, err
	}
	_, err = f.Payments.Choose(ctx, tx, payment.Choice{
		OrderID: o.ID, OrderNo: o.No, Amount: o.Due(),
		Account: payment.Account{No: account.No, Bank: account.Branch, Name: account.OwnName},
	})
	if err != nil {
		return uuid.Nil, err
	}
	owed := reconcile.Owed{OrderID: o.ID, OrderNo: o.No, ProjectID: o.ProjectID, Holder: o.Holder, Due: o.Due()}
	if _, err := f.Ledger.OpenReceivable(ctx, tx, owed); err != nil {
		return uuid.Nil, err
	}
	if err := f.awaitPayment(ctx, tx, a, o, order.Transfer); err != nil {
		return uuid.Nil, err
	}
	i, err := f.Payments.Intent(ctx, tx, o.ID)
	if err != nil {
		return uuid.Nil, err
	}
	return i.ID, f.wantMatchRun(ctx, tx) // the money may have come before the choice
}

func (f *Flow) awaitPayment(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, method order.Method) error {
	_, err := f.Orders.Change(ctx, tx, a, o.No, "payment.chosen", func(g *order.Gates) error {
		g.Payment, g.Method = order.Awaiting, method
		return nil
	})
	return err
}
