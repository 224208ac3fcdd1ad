package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// arrived is an intent by code whose money has come.
func (c *till) arrived(t *testing.T, o order.Order) (i payment.Intent) {
	t.Helper()
	c.tx(t, func(ctx context.Context, tx pg.Tx) (err error) {
		i, err = c.payments.Begin(ctx, tx, payment.Online{
			OrderID: o.ID, OrderNo: o.No, Method: payment.Alipay, Amount: 40000, ExpiresAt: now.Add(2 * time.Hour),
		})
		if err != nil {
			return err
		}
		_, err = c.payments.Arrived(ctx, tx, payment.Arrival{
			IntentID: i.ID, OrderID: o.ID, Method: i.Method, LearnedBy: "notice",
			Received: payment.Received{TransactionID: "T" + i.OwnNo, Amount: 40000, Currency: "CNY", PaidAt: now},
		})
		if err != nil {
			return err
		}
		return c.payments.Settle(ctx, tx, o.ID)
	})
	return i
}

func (c *till) refund(t *testing.T, i payment.Intent, amount money.Fen, why payment.RefundReason) (r payment.Refund, err error) {
	t.Helper()
	err = c.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) (err error) {
		r, err = c.payments.OpenRefund(ctx, tx, i, amount, why, false)
		return err
	})
	return r, err
}

// More than was paid never goes back, by whatever parts; and a payment that ends goes back once.
func TestNoMoreGoesBackThanCame(t *testing.T) {
	t.Parallel()
	c := setup(t)
	byCode := c.arrived(t, c.order(t))
	o := c.order(t)
	_, err := c.choose(t, o, "755900000000019")
	require.NoError(t, err)
	unpaid, err := c.payments.Intent(t.Context(), c.db.Read(t.Context()), o.ID)
	require.NoError(t, err)
	_, err = c.refund(t, unpaid, 1, payment.Withdrawn)
	require.True(t, fault.HasKey(err, "refund_too_much"), "nothing has come: %v", err)
	c.tx(t, func(ctx context.Context, tx pg.Tx) error { return c.payments.Settle(ctx, tx, o.ID) })

	for state, i := range map[payment.RefundState]payment.Intent{payment.Due: byCode, payment.Requested: unpaid} {
		for n := range 2 {
			r, err := c.refund(t, i, 10000, payment.YearsChanged)
			require.NoError(t, err)
			require.Equal(t, state, r.State)
			require.Equal(t, i.OwnNo+"_r"+string(rune('1'+n)), r.OwnNo)
		}
		_, err = c.refund(t, i, 20001, payment.Withdrawn)
		require.True(t, fault.HasKey(err, "refund_too_much"), "%v", err)
		i.State = payment.Settled
		rest, err := c.payments.Rest(t.Context(), c.db.Read(t.Context()), i)
		require.NoError(t, err)
		require.EqualValues(t, 20000, rest)
		_, err = c.refund(t, i, 10000, payment.Withdrawn)
		require.NoError(t, err)
		_, err = c.refund(t, i, 1, payment.Rejected)
		require.True(t, fault.HasKey(err, "refund_exists"), "%v", err)
	}
}

func TestRefundMovesOnce(t *testing.T) {
	t.Parallel()
	c := setup(t)
	r, err := c.refund(t, c.arrived(t, c.order(t)), 40000, payment.PaidTwice)
	require.NoError(t, err)
	move := func(do func(ctx context.Context, tx pg.Tx) error) bool {
		err := c.db.InTx(t.Context(), do)
		require.True(t, err == nil || fault.HasKey(err, "refund_moved"), "%v", err)
		return err == nil
	}
	end := func(what payment.Returned) func(context.Context, pg.Tx) error {
		return func(ctx context.Context, tx pg.Tx) error { return c.payments.EndRefund(ctx, tx, r.ID, what) }
	}
	take := func(ctx context.Context, tx pg.Tx) error { return c.payments.TakeUp(ctx, tx, r) }
	retry := func(ctx context.Context, tx pg.Tx) error { return c.payments.RetryRefund(ctx, tx, r.ID) }
	failed, done := payment.Returned{State: payment.ReturnFailed, Code: "X"}, payment.Returned{State: payment.ReturnDone, VendorNo: "V"}
	require.False(t, move(end(done)), "nobody was asked yet")
	require.False(t, move(retry))
	require.True(t, move(take))
	require.True(t, move(take), "asked after")
	require.True(t, move(end(failed)))
	require.False(t, move(take), "a person decides")
	require.True(t, move(retry))
	require.True(t, move(take))
	require.True(t, move(end(done)))
	for _, do := range []func(context.Context, pg.Tx) error{take, retry, end(done), end(failed)} {
		require.False(t, move(do))
	}
	got, err := c.payments.Refund(t.Context(), c.db.Read(t.Context()), r.ID)
	require.NoError(t, err)
	require.Equal(t, []any{payment.Done, "V", "", now}, []any{got.State, got.VendorNo, got.Failure, got.DoneAt.UTC()})
}

// A vendor's number pays once, whatever it is said to pay.
func TestTransactionPaysOnce(t *testing.T) {
	t.Parallel()
	c := setup(t)
	first, o := c.arrived(t, c.order(t)), c.order(t)
	err := c.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		i, err := c.payments.Begin(ctx, tx, payment.Online{OrderID: o.ID, OrderNo: o.No, Method: payment.Alipay, Amount: 40000, ExpiresAt: now})
		if err != nil {
			return err
		}
		_, err = c.payments.Arrived(ctx, tx, payment.Arrival{
			IntentID: i.ID, OrderID: o.ID, Method: i.Method, LearnedBy: "notice",
			Received: payment.Received{TransactionID: "T" + first.OwnNo, Amount: 40000, Currency: "CNY", PaidAt: now},
		})
		return err
	})
	require.True(t, fault.HasKey(err, "transaction_known"), "%v", err)
}
