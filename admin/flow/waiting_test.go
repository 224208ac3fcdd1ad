package flow_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/document"
	"caconsole/admin/flow"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/seal"
)

// after lets time pass and the sweep run, and sends what it asks for.
func (h *house) after(d time.Duration) {
	h.t.Helper()
	h.clock.move(d)
	require.NoError(h.t, h.SweepWaiting(h.t.Context()))
	h.work()
}

func (r *renewal) closed() []any {
	r.t.Helper()
	o := r.order()
	return []any{o.Gates.Closed, o.Stage}
}

// An order nobody pays is reminded once and closes 72 hours after its last step forward; another can then be opened.
func TestUnpaidOrderTimesOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply()
	h.after(49 * time.Hour)
	told := h.sms.to(r.phone, notify.UnpaidReminder)
	require.Len(t, told, 1)
	require.Equal(t, []string{r.no, r.order().AmountFen.String(), "11月28日10时"}, told[0].Params)
	h.after(22 * time.Hour)
	require.Equal(t, order.Open, r.order().Gates.Closed, "an hour is left")
	r.papers().identified() // a step forward
	h.after(2 * time.Hour)
	require.Equal(t, []any{order.Open, order.StagePayment}, r.closed())
	h.after(71 * time.Hour)
	require.Equal(t, []any{order.ClosedUnpaid, order.StageClosed}, r.closed())
	require.Len(t, h.sms.to(r.phone, notify.UnpaidReminder), 1, "once an order")
	require.Len(t, h.sms.to(r.phone, notify.ClosedUnpaid), 1)
	h.after(time.Hour)
	require.Len(t, h.sms.to(r.phone, notify.ClosedUnpaid), 1)
}

// A transfer has 15 days, with a reminder on day 3. Money that comes later does not open the order again.
func TestTransferTimesOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply().papers().identified().awaited()
	h.after(3*24*time.Hour - time.Minute)
	require.Empty(t, h.sms.to(r.phone, notify.PaymentReminder))
	h.after(2 * time.Minute)
	require.Len(t, h.sms.to(r.phone, notify.PaymentReminder), 1)
	h.after(11 * 24 * time.Hour)
	require.Equal(t, order.Open, r.order().Gates.Closed)
	h.after(24 * time.Hour)
	require.Equal(t, []any{order.ClosedUnpaid, order.StageClosed}, r.closed())
	require.Equal(t, "closed", read[string](h, "SELECT state FROM receivable WHERE order_id = ?", r.order().ID))
	r.booked(credit{r.holder, r.no, r.order().AmountFen.String()})
	require.NoError(t, h.MatchRun(t.Context()))
	require.Equal(t, []any{order.ClosedUnpaid, order.StageClosed}, r.closed())
}

// A time-out with money never closes in silence: a part that came, or a voucher that claims a transfer, is a task.
func TestTimeOutWithMoneyIsATask(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	part, claimed := h.apply().papers().identified().awaited(), h.apply().papers().identified().awaited()
	h.booked(credit{part.holder, part.no, "1"})
	_, err := h.AllocateByHand(t.Context(), h.finance, h.line(part.holder), part.no)
	require.NoError(t, err)
	h.work()
	told := h.sms.to(part.phone, notify.PartPaid)
	require.Len(t, told, 1)
	require.Equal(t, []string{part.no, "1.00", (part.order().AmountFen - 100).String()}, told[0].Params)
	_, err = h.UploadDocument(t.Context(), claimed.who, claimed.no, flow.Upload{
		Kind: document.RemittanceVoucher, Body: scan(150), Claim: document.Claim{Payer: seal.Secret(claimed.holder), Amount: 50000, Date: h.Now().Add(-24 * time.Hour)},
	})
	require.NoError(t, err)
	for range 2 {
		h.after(16 * 24 * time.Hour)
		for _, r := range []*renewal{part, claimed} {
			require.Equal(t, []any{order.Open, order.StageTransfer}, r.closed())
			require.Empty(t, h.sms.to(r.phone, notify.ClosedUnpaid))
		}
	}
	require.Equal(t, 2, read[int](h, "SELECT count(*) FROM order_nudge WHERE kind = 'overdue'"))
	require.Equal(t, 2, read[int](h, "SELECT count(*) FROM audit_entry WHERE action = 'order.overdue'"))
}

// Who does not fetch the update is reminded after one, three and seven days.
func TestUpdateReminders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().approved()
	r.confirmed()
	h.work()
	require.Equal(t, order.StageUpdate, r.order().Stage)
	days := func() (out []string) {
		for _, m := range h.sms.to(r.phone, notify.UpdateReminder) {
			out = append(out, m.Params[1])
		}
		return out
	}
	h.after(23 * time.Hour)
	require.Empty(t, days())
	h.after(2 * time.Hour)
	h.after(time.Hour)
	require.Equal(t, []string{"1"}, days())
	h.after(2 * 24 * time.Hour)
	require.Equal(t, []string{"1", "3"}, days())

	late := h.inReview().approved()
	late.confirmed()
	h.work()
	h.after(8 * 24 * time.Hour) // the sweep stood still: the last reminder is enough
	require.Equal(t, []string{"1", "3", "7"}, days())
	require.Len(t, h.sms.to(late.phone, notify.UpdateReminder), 1)
	h.after(24 * time.Hour)
	require.Equal(t, []string{"1", "3", "7"}, days())
}

// At night nobody is reminded, and in the morning only who still has to be; closing does not wait.
func TestNightHoldsReminders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r, paid := h.apply().papers().identified().awaited(), h.apply().papers().identified().awaited()
	h.after(3*24*time.Hour + 11*time.Hour + 30*time.Minute) // 21:30 in Beijing
	require.Empty(t, h.sms.to(r.phone, notify.PaymentReminder))
	paid.paid()
	h.after(10*time.Hour + 29*time.Minute)
	require.Empty(t, h.sms.to(r.phone, notify.PaymentReminder), "07:59")
	h.after(2 * time.Minute)
	require.Len(t, h.sms.to(r.phone, notify.PaymentReminder), 1)
	require.Empty(t, h.sms.to(paid.phone, notify.PaymentReminder), "the money came by night")

	unpaid := h.apply()
	h.after(84 * time.Hour) // 20:01, closed with nobody to remind
	require.Equal(t, order.ClosedUnpaid, unpaid.order().Gates.Closed)
	require.Len(t, h.sms.to(unpaid.phone, notify.ClosedUnpaid), 1)
}
