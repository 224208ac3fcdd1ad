package flow_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/invoice"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// owing is an order whose transfer is awaited; all else a reviewer needs is there.
func (h *house) owing() *renewal {
	h.t.Helper()
	r := h.apply().papers().identified().awaited()
	h.work()
	require.Equal(h.t, order.StageTransfer, r.order().Stage)
	return r
}

func TestTransferIsMatchedByItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.owing()
	h.booked(credit{r.holder, "续期费" + r.no, "500"}, credit{"别的公司", "货款", "500"})
	require.Equal(t, 1, h.queued(flow.MatchRunArgs{}.Kind()))

	require.NoError(t, h.MatchRun(t.Context()))
	o := r.order()
	require.Equal(t, order.Settled, o.Gates.Payment)
	require.Equal(t, order.Requested, o.Gates.Invoice)
	require.Equal(t, 1, h.queued(invoice.IssueArgs{}.Kind()))
	require.Equal(t, order.StageReview, o.Stage, "money was the last thing missing")
	kept, sum, err := h.Payments.Kept(t.Context(), h.DB.Read(t.Context()), o.ID)
	require.NoError(t, err)
	require.Equal(t, []any{1, payment.Settled, o.AmountFen, o.AmountFen}, []any{len(kept), kept[0].Intent.State, sum, o.Gates.Kept})
	require.NoError(t, h.MatchRun(t.Context()), "again, with nothing left to do")
}

func TestMoneyForAClosedOrderStaysOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.owing()
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		_, err := h.Orders.Change(ctx, tx, actor.Job("test"), r.no, "order.closed", func(g *order.Gates) error { return g.Close(order.ClosedUnpaid) })
		return err
	})
	h.booked(credit{r.holder, r.no, "500"})
	require.NoError(t, h.MatchRun(t.Context()))
	require.Equal(t, order.StageClosed, r.order().Stage)
	_, err := h.AllocateByHand(t.Context(), h.finance, h.line(r.holder), r.no)
	require.True(t, fault.HasKey(err, "payment_not_awaited"), "%v", err)
}

func TestAllocateByHand(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.owing()
	h.booked(credit{"母公司集团", "代付续期", "500"})
	require.NoError(t, h.MatchRun(t.Context()))
	require.Equal(t, order.StageTransfer, r.order().Stage, "another payer is never matched by itself")
	line := h.line("母公司集团")

	h.tx(func(ctx context.Context, tx pg.Tx) error {
		return h.Orders.TakeDuty(ctx, tx, r.order().ID, h.reviewer.ID, order.DutyReview)
	})
	_, err := h.AllocateByHand(t.Context(), h.reviewer, line, r.no)
	require.True(t, fault.HasKey(err, "four_eyes"), "%v", err)
	require.Equal(t, order.StageTransfer, r.order().Stage)

	done, err := h.AllocateByHand(t.Context(), h.finance, line, r.no)
	require.NoError(t, err)
	require.True(t, done.Settled)
	require.EqualValues(t, 50000, done.Amount)
	require.Equal(t, order.StageReview, r.order().Stage)
	_, err = h.AllocateByHand(t.Context(), h.finance, line, r.no)
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
}

func TestRefusedStatementIsOnRecord(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.ImportStatement(t.Context(), h.finance, "x.xlsx", []byte("PK\x03\x04"))
	require.True(t, fault.HasKey(err, "statement_unreadable"), "%v", err)
	require.Equal(t, "statement_unreadable", read[string](h, "SELECT reason FROM audit_entry WHERE action = 'statement.imported'"))
}
