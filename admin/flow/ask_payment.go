package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// AskPayment asks a payment's vendor what became of it: that is how money is found whose notice never came, and how a
// code is closed that nobody shall pay by any more. It is the job's worker and the sweep's function, and may run again
// at will.
func (f *Flow) AskPayment(ctx context.Context, id uuid.UUID) error {
	i, err := f.Payments.Get(ctx, f.DB.Read(ctx), id)
	if err != nil || !i.Asked {
		return err
	}
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error { return f.Payments.AskLater(ctx, tx, i) })
	if err != nil {
		return err
	}
	trade, err := f.trade(ctx, i)
	if err != nil {
		return err
	}
	switch trade.State {
	case payment.TradePaid:
		return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error { return f.moneyArrived(ctx, tx, i, trade.Received, "query") })
	case payment.TradeClosed:
		return f.paymentOver(ctx, i)
	case payment.TradeUnknown: // Alipay knows a code only once it was scanned, so until its end it may still be
		if f.Payments.Over(i) {
			return f.paymentOver(ctx, i)
		}
	case payment.TradeWaiting:
	}
	return nil
}

// trade asks the vendor, and closes what waits in vain. Who pays while we close is told by a second question.
func (f *Flow) trade(ctx context.Context, i payment.Intent) (payment.Trade, error) {
	vendor, err := f.vendorOf(i.Method)
	if err != nil {
		return payment.Trade{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*vendorTime)
	defer cancel()
	trade, err := vendor.Query(ctx, i.OwnNo)
	if err != nil || trade.State != payment.TradeWaiting || (i.State == payment.Awaiting && f.Now().Before(i.ExpiresAt)) {
		return trade, err
	}
	if trade.State, err = vendor.Close(ctx, i.OwnNo); err != nil || trade.State != payment.TradePaid {
		return trade, err
	}
	return vendor.Query(ctx, i.OwnNo)
}

// paymentOver records that a code is dead at its vendor.
func (f *Flow) paymentOver(ctx context.Context, i payment.Intent) error {
	a := actor.Job("payment_query")
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.ByID(ctx, tx, a, i.OrderID)
		if err != nil {
			return err
		}
		if o, err = f.Orders.Lock(ctx, tx, a, o.No); err != nil {
			return err
		}
		if i, err = f.Payments.Get(ctx, tx, i.ID); err != nil {
			return err
		}
		if err := f.endIntent(ctx, tx, a, o, i, "payment.expired"); err != nil {
			return err
		}
		return f.Payments.Finish(ctx, tx, i.ID)
	})
}

// asksAtOnce is how many vendors' answers one sweep waits for.
const asksAtOnce = 20

// SweepPayments asks after payments of which nothing was heard for a while, and after codes that are to be closed.
func (f *Flow) SweepPayments(ctx context.Context) error {
	ids, err := f.Payments.ToAsk(ctx, f.DB.Read(ctx), asksAtOnce)
	if err != nil {
		return err
	}
	return each(ids, func(id uuid.UUID) error { return f.AskPayment(ctx, id) })
}
