package flow_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// counter is a house where one can pay by WeChat and Alipay.
type counter struct {
	*house
	wechat, alipay *till
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{house: newHouse(t)}
	c.wechat, c.alipay = newTill(c.clock.now), newTill(c.clock.now)
	c.PayVendors = map[payment.Method]payment.Vendor{payment.WeChat: c.wechat, payment.Alipay: c.alipay}
	return c
}

// toPay is an order that may be paid.
func (c *counter) toPay() *renewal { return c.apply().papers().identified() }

// code chooses a method and returns our number of the payment it opened.
func (r *renewal) code(method string) string {
	r.t.Helper()
	to, err := r.ChoosePayment(r.t.Context(), r.who, noKey, r.no, method)
	require.NoError(r.t, err)
	return strings.TrimPrefix(to.CodeURL, "weixin://pay/")
}

func (c *counter) notice(vendor string, body []byte) error {
	return c.PaymentNotice(c.t.Context(), actor.Actor{IP: "192.0.2.7"}, vendor, nil, body)
}

// suspense is why money of an order pays nothing.
func (r *renewal) suspense() string {
	r.t.Helper()
	return read[string](r.house, "SELECT coalesce(string_agg(suspense, ',' ORDER BY created_at), '') FROM online_payment WHERE order_id = ? AND suspense <> ''", r.order().ID)
}

func (r *renewal) invoices() int {
	r.t.Helper()
	return read[int](r.house, "SELECT count(*) FROM invoice WHERE order_id = ?", r.order().ID)
}

func TestPaidByCode(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	to, err := c.ChoosePayment(t.Context(), r.who, noKey, r.no, "wechat")
	require.NoError(t, err)
	require.Equal(t, payment.WeChat, to.Method)
	require.Equal(t, monday.Add(2*time.Hour), to.ExpiresAt.UTC())
	require.Equal(t, r.order().AmountFen, to.Amount)
	again := r.code("wechat")
	require.Equal(t, r.no+"_1", again)
	require.Equal(t, 1, c.wechat.asked[again], "what was answered is not asked for again")
	require.Equal(t, order.StagePayment, r.order().Stage)

	require.NoError(t, c.notice("wechat", c.wechat.pays(again, to.Amount)))
	require.Equal(t, order.Settled, r.order().Gates.Payment)
	require.Equal(t, order.Queued, r.order().Gates.Review)
	require.Equal(t, order.Requested, r.order().Gates.Invoice)
	require.Equal(t, 1, r.invoices())
	require.Equal(t, "done", read[string](c.house, "SELECT state FROM inbox_callback WHERE source = 'payments/wechat'"))
	c.work()
	require.Len(t, c.sms.to(r.phone, notify.PaymentSettled), 1)
	_, err = c.ChoosePayment(t.Context(), r.who, noKey, r.no, "alipay")
	require.True(t, fault.HasKey(err, "payment_not_awaited"))
}

// A vendor that is down costs a try, not a payment: the next try has the same number.
func TestOutageKeepsTheNumber(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	c.wechat.set(true)
	_, err := c.ChoosePayment(t.Context(), r.who, noKey, r.no, "wechat")
	require.True(t, fault.Is(err, fault.Unavailable))
	require.Positive(t, fault.Of(err).RetryAfter)
	c.wechat.set(false)
	require.Equal(t, r.no+"_1", r.code("wechat"))
	require.Equal(t, map[string]int{r.no + "_1": 2}, c.wechat.asked)
}

// The code whose answer was lost was paid all the same, by somebody who saw it: asking again finds that out.
func TestPaidWhileTheAnswerWasLost(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	c.wechat.set(true)
	_, err := c.ChoosePayment(t.Context(), r.who, noKey, r.no, "wechat")
	require.True(t, fault.Is(err, fault.Unavailable))
	c.wechat.set(false)
	c.wechat.pays(r.no+"_1", r.order().AmountFen)
	_, err = c.ChoosePayment(t.Context(), r.who, noKey, r.no, "wechat")
	require.True(t, fault.HasKey(err, "payment_not_awaited"), "%v", err)
	require.Equal(t, order.Settled, r.order().Gates.Payment)
}

func TestWaysThatAreNotOpen(t *testing.T) {
	c := newCounter(t)
	r := c.apply().papers()
	choose := func(method string) error {
		_, err := c.ChoosePayment(t.Context(), r.who, noKey, r.no, method)
		return err
	}
	require.True(t, fault.HasKey(choose("wechat"), "identity_required"))
	r.identified()
	field := func(err error) string { return fault.Of(err).Fields[0].Key }
	require.Equal(t, "required", field(choose("")))
	require.Equal(t, "method_unknown", field(choose("cash")))
	delete(c.PayVendors, payment.Alipay)
	require.Equal(t, "method_not_offered", field(choose("alipay")))
	require.Equal(t, order.None, r.order().Gates.Payment, "nothing was begun")
}

func TestNoNoticeComes(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	no := r.code("alipay")
	c.alipay.pays(no, r.order().AmountFen)
	require.NoError(t, c.SweepPayments(t.Context()))
	require.Equal(t, order.Awaiting, r.order().Gates.Payment, "a notice is given its time")
	c.clock.move(21 * time.Second)
	c.alipay.set(true)
	require.Error(t, c.SweepPayments(t.Context()))
	c.alipay.set(false)
	require.NoError(t, c.SweepPayments(t.Context()))
	require.Equal(t, order.Awaiting, r.order().Gates.Payment, "a vendor that is down is not asked at every turn")
	c.clock.move(21 * time.Second)
	require.NoError(t, c.SweepPayments(t.Context()))
	require.Equal(t, order.Settled, r.order().Gates.Payment)
	require.Equal(t, "query", read[string](c.house, "SELECT learned_by FROM online_payment WHERE order_id = ?", r.order().ID))
	require.Zero(t, read[int](c.house, "SELECT count(*) FROM payment_intent WHERE ask_at IS NOT NULL"))
}

// A code that ran out is closed at its vendor; the order may be paid by a new one, under a new number.
func TestCodeRunsOut(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	first := r.code("wechat")
	c.clock.move(119 * time.Minute)
	require.NotEqual(t, first, r.code("wechat"), "one that is about to run out is not shown again")
	c.work()
	require.Equal(t, payment.TradeClosed, c.wechat.state[first])
	c.clock.move(121 * time.Minute)
	require.NoError(t, c.SweepPayments(t.Context()))
	require.Equal(t, order.None, r.order().Gates.Payment)
	_, err := c.PaymentCode(t.Context(), r.who, r.no)
	require.True(t, fault.HasKey(err, "payment_over"))
	require.Equal(t, r.no+"_3", r.code("wechat"))
	code, err := c.PaymentCode(t.Context(), r.who, r.no)
	require.NoError(t, err)
	require.Equal(t, "weixin://pay/"+r.no+"_3", code)
}

// Alipay knows nothing of a code that nobody has scanned; after its end it is over all the same.
func TestUnscannedCodeIsOver(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	no := r.code("alipay")
	delete(c.alipay.state, no)
	c.clock.move(2*time.Hour + time.Minute)
	require.NoError(t, c.SweepPayments(t.Context()))
	require.Equal(t, order.Awaiting, r.order().Gates.Payment, "a payment under way may still be reported")
	c.clock.move(11 * time.Minute)
	require.NoError(t, c.SweepPayments(t.Context()))
	require.Equal(t, order.None, r.order().Gates.Payment)
}

// Another way to pay takes the place of the one before, there and back.
func TestMethodIsChanged(t *testing.T) {
	c := newCounter(t)
	r := c.toPay().awaited()
	no := r.code("wechat")
	require.Equal(t, "closed", read[string](c.house, "SELECT state FROM receivable WHERE order_id = ?", r.order().ID))
	require.Equal(t, order.WeChat, r.order().Gates.Method)
	r.awaited()
	c.work()
	require.Equal(t, payment.TradeClosed, c.wechat.state[no])
	require.Equal(t, order.StageTransfer, r.order().Stage)
	r.paid()
	require.Equal(t, 1, r.invoices())
}

// Somebody pays by the code that was left; nothing else was paid yet, so it pays the order, once.
func TestLeftCodePays(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	left := r.code("wechat")
	live := r.code("alipay")
	require.NoError(t, c.notice("wechat", c.wechat.pays(left, r.order().AmountFen)))
	require.Equal(t, order.Settled, r.order().Gates.Payment)
	require.Equal(t, order.WeChat, r.order().Gates.Method)
	c.work()
	require.Equal(t, payment.TradeClosed, c.alipay.state[live])
	require.Equal(t, 1, r.invoices())
	require.Empty(t, r.suspense())
}

func TestPaidTwice(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	first, amount := r.code("wechat"), r.order().AmountFen
	second := r.code("alipay")
	require.NoError(t, c.notice("wechat", c.wechat.pays(first, amount)))
	require.NoError(t, c.notice("alipay", c.alipay.pays(second, amount)))
	require.Equal(t, "paid_twice", r.suspense())
	c.work()
	require.Equal(t, amount, c.alipay.returned(), "the later one goes back")
	require.Zero(t, c.wechat.returned())
	require.Equal(t, order.Settled, r.order().Gates.Payment)
	require.Equal(t, 1, r.invoices())
	require.Len(t, c.sms.to(r.phone, notify.PaidTwice), 1)
	require.Len(t, c.sms.to(r.phone, notify.RefundSent), 1)
}

func TestPaidLate(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	no, amount := r.code("wechat"), r.order().AmountFen
	_, err := c.WithdrawOrder(t.Context(), r.who, noKey, r.no)
	require.NoError(t, err)
	late := c.wechat.pays(no, amount)
	require.NoError(t, c.notice("wechat", late))
	require.NoError(t, c.notice("wechat", late))
	c.work()
	require.Equal(t, order.ClosedWithdrawn, r.order().Gates.Closed, "never opened again")
	require.Zero(t, r.invoices())
	require.Equal(t, "paid_late", r.suspense())
	require.Equal(t, amount, c.wechat.returned())
	require.Len(t, c.sms.to(r.phone, notify.PaidLate), 1)
	require.Equal(t, "done", read[string](c.house, "SELECT state FROM payment_refund WHERE order_id = ?", r.order().ID))
}

// Somebody pays in the moment in which we close: what was closed here was paid there, and goes back.
func TestPaidWhileClosing(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	no, amount := r.code("wechat"), r.order().AmountFen
	_, err := c.WithdrawOrder(t.Context(), r.who, noKey, r.no)
	require.NoError(t, err)
	c.wechat.closer = func() { c.wechat.pays(no, amount) }
	c.work()
	require.Equal(t, "paid_late", r.suspense())
	require.Equal(t, amount, c.wechat.returned())
}

func TestWrongAmount(t *testing.T) {
	c := newCounter(t)
	for name, spoil := range map[string]func(*payment.Received){
		"less": func(m *payment.Received) { m.Amount-- }, "more": func(m *payment.Received) { m.Amount++ },
		"another currency": func(m *payment.Received) { m.Currency = "HKD" },
	} {
		r := c.toPay()
		no := r.code("wechat")
		c.wechat.pays(no, r.order().AmountFen)
		got := c.wechat.money[no]
		spoil(&got)
		c.wechat.money[no] = got
		c.clock.move(time.Minute)
		require.NoError(t, c.SweepPayments(t.Context()), name)
		require.Equal(t, order.None, r.order().Gates.Payment, name)
		require.Equal(t, "wrong_amount", r.suspense(), name)
		require.Zero(t, r.invoices(), name)
		c.work()
		require.Zero(t, c.wechat.returned(), "a person finds out the reason")
		require.Equal(t, r.no+"_2", r.code("wechat"), "and meanwhile it may be paid rightly")
	}
}

// Two notices and a question at once: the money counts once.
func TestNoticesAtOnce(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	no := r.code("wechat")
	body := c.wechat.pays(no, r.order().AmountFen)
	id := read[string](c.house, "SELECT id::text FROM payment_intent WHERE own_no = ?", no)
	var g errgroup.Group
	for range 4 {
		g.Go(func() error { return c.notice("wechat", body) })
		g.Go(func() error { return c.AskPayment(t.Context(), uuidOf(t, id)) })
	}
	require.NoError(t, g.Wait())
	require.Equal(t, 1, r.invoices())
	require.Equal(t, 1, r.events("payment", "settled"))
	c.work()
	require.Len(t, c.sms.to(r.phone, notify.PaymentSettled), 1)
	require.Zero(t, c.wechat.returned())
}

func TestNoticesOfNothing(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	no := r.code("wechat")
	body := c.wechat.pays(no, r.order().AmountFen)
	require.True(t, fault.HasKey(c.notice("alipay", body), "payment_unknown"), "our number is another method's")
	require.True(t, fault.HasKey(c.notice("unionpay", body), "callback_unknown"))
	require.True(t, fault.HasKey(c.notice("wechat", []byte("?")), "callback_signature"))
	require.True(t, fault.HasKey(c.notice("wechat", nil), "callback_empty"))
	require.Equal(t, order.Awaiting, r.order().Gates.Payment)
	require.Equal(t, 3, read[int](c.house, "SELECT count(*) FROM inbox_callback WHERE state = 'rejected'"))
}

// The process died between storing a notice and believing it: it is believed later, as of the moment it came.
func TestNoticeCutShort(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	no := r.code("wechat")
	_, err := c.Inbox.Store(t.Context(), "payments/wechat", nil, c.wechat.pays(no, r.order().AmountFen))
	require.NoError(t, err)
	_, err = c.Inbox.Store(t.Context(), "payments/wechat", nil, []byte("?"))
	require.NoError(t, err)
	c.clock.move(2 * time.Minute)
	require.NoError(t, c.SweepNotices(t.Context()))
	require.Equal(t, order.Settled, r.order().Gates.Payment)
	require.Equal(t, "done,rejected", read[string](c.house, "SELECT string_agg(state, ',' ORDER BY state) FROM inbox_callback"))
}

// bought is an order paid by WeChat.
func (c *counter) bought() *renewal {
	c.t.Helper()
	r := c.toPay()
	require.NoError(c.t, c.notice("wechat", c.wechat.pays(r.code("wechat"), r.order().AmountFen)))
	return r
}

func (c *counter) withdrawn() *renewal {
	c.t.Helper()
	r := c.bought()
	_, err := c.WithdrawOrder(c.t.Context(), r.who, noKey, r.no)
	require.NoError(c.t, err)
	return r
}

func (r *renewal) refundState() string {
	r.t.Helper()
	return read[string](r.house, "SELECT state FROM payment_refund WHERE order_id = ?", r.order().ID)
}

// What was paid by code goes back by itself, once, however often its answer is lost.
func TestRefundOutlivesAnOutage(t *testing.T) {
	c := newCounter(t)
	r := c.withdrawn()
	require.Equal(t, order.Refunding, r.order().Gates.Payment)
	c.wechat.set(true)
	c.work()
	require.Equal(t, "sent", r.refundState())
	c.wechat.set(false)
	c.work()
	require.Equal(t, "done", r.refundState())
	require.Equal(t, order.Refunded, r.order().Gates.Payment)
	require.Equal(t, map[string]int{r.no + "_1_r1": 1}, c.wechat.calls, "the second time it was asked after")
	require.Equal(t, r.order().AmountFen, c.wechat.returned())
	require.Len(t, c.sms.to(r.phone, notify.RefundSent), 1)
}

func TestSlowRefundIsAskedAfter(t *testing.T) {
	c := newCounter(t)
	c.wechat.slow = true
	r := c.withdrawn()
	c.work()
	require.Equal(t, "sent", r.refundState())
	require.Equal(t, order.Refunding, r.order().Gates.Payment)
	notice := []byte(`{"Kind":"refund","OwnNo":"` + r.no + `_1","RefundNo":"` + r.no + `_1_r1"}`)
	require.NoError(t, c.notice("wechat", notice))
	c.work()
	require.Equal(t, order.Refunded, r.order().Gates.Payment)
	c.clock.move(time.Minute)
	require.NoError(t, c.SweepRefunds(t.Context()))
}

// A refund its vendor refuses waits for a person, and is tried again under the same number.
func TestRefusedRefund(t *testing.T) {
	c := newCounter(t)
	c.wechat.refuse = "NOT_ENOUGH"
	r := c.withdrawn()
	c.work()
	require.Equal(t, "failed", r.refundState())
	require.Equal(t, "NOT_ENOUGH", read[string](c.house, "SELECT failure FROM payment_refund WHERE order_id = ?", r.order().ID))
	require.Equal(t, order.Refunding, r.order().Gates.Payment)
	c.wechat.refuse = ""
	id := read[string](c.house, "SELECT id::text FROM payment_refund WHERE order_id = ?", r.order().ID)
	require.NoError(t, c.RetryRefund(t.Context(), c.finance, uuidOf(t, id)))
	require.True(t, fault.HasKey(c.RetryRefund(t.Context(), c.finance, uuidOf(t, id)), "refund_moved"))
	c.work()
	require.Equal(t, order.Refunded, r.order().Gates.Payment)
	require.Equal(t, map[string]int{r.no + "_1_r1": 2}, c.wechat.calls)
}

// A person has found out why the amount was wrong: all of it goes back, once.
func TestWrongAmountGoesBack(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	no := r.code("wechat")
	wrong := r.order().AmountFen + 500
	require.NoError(t, c.notice("wechat", c.wechat.pays(no, wrong)))
	id := read[string](c.house, "SELECT intent_id::text FROM online_payment WHERE order_id = ?", r.order().ID)
	require.NoError(t, c.ReturnSuspense(t.Context(), c.finance, uuidOf(t, id)))
	require.True(t, fault.HasKey(c.ReturnSuspense(t.Context(), c.finance, uuidOf(t, id)), "refund_exists"))
	c.work()
	require.Equal(t, wrong, c.wechat.returned())
	require.Equal(t, order.None, r.order().Gates.Payment)

	paid := c.bought()
	id = read[string](c.house, "SELECT intent_id::text FROM online_payment WHERE order_id = ?", paid.order().ID)
	require.True(t, fault.HasKey(c.ReturnSuspense(t.Context(), c.finance, uuidOf(t, id)), "suspense_none"))
}

// The invoice is issued, so it is red-lettered first; only then the money goes back.
func TestRedLetterComesFirst(t *testing.T) {
	c := newCounter(t)
	r := c.bought()
	c.work()
	c.work()
	require.Contains(t, []order.State{order.Issued, order.Dispatched}, r.order().Gates.Invoice)
	_, err := c.WithdrawOrder(t.Context(), r.who, noKey, r.no)
	require.NoError(t, err)
	require.Equal(t, "waiting_invoice", r.refundState())
	require.Equal(t, money.Fen(0), c.wechat.returned())
	for range 3 {
		c.clock.move(time.Minute)
		c.work()
	}
	require.Equal(t, order.RedLettered, r.order().Gates.Invoice)
	require.Equal(t, "done", r.refundState())
	require.Equal(t, order.Refunded, r.order().Gates.Payment)
}

// The refund of a transfer is a request that a person fulfils.
func TestTransferRefundStaysARequest(t *testing.T) {
	c := newCounter(t)
	r := c.toPay().awaited().paid()
	_, err := c.WithdrawOrder(t.Context(), r.who, noKey, r.no)
	require.NoError(t, err)
	c.work()
	require.Equal(t, "requested", r.refundState())
	require.Equal(t, order.Refunding, r.order().Gates.Payment)
	require.NoError(t, c.SweepRefunds(context.WithoutCancel(t.Context())))
}

// The applicant withdraws while somebody pays: whoever was first, the order is closed and all money goes back.
func TestPaidAndWithdrawnAtOnce(t *testing.T) {
	c := newCounter(t)
	for range 3 {
		r := c.toPay()
		no, amount := r.code("wechat"), r.order().AmountFen
		before := c.wechat.returned()
		body := c.wechat.pays(no, amount)
		var g errgroup.Group
		g.Go(func() error { return c.notice("wechat", body) })
		g.Go(func() error {
			_, err := c.WithdrawOrder(t.Context(), r.who, noKey, r.no)
			return err
		})
		require.NoError(t, g.Wait())
		c.work()
		require.Equal(t, order.ClosedWithdrawn, r.order().Gates.Closed)
		require.Equal(t, "done", r.refundState())
		require.Equal(t, amount, c.wechat.returned()-before)
	}
}

// The years were corrected while somebody paid for the old ones: that money pays nothing and goes back.
func TestPaidForOtherYears(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	no, amount := r.code("wechat"), r.order().AmountFen
	c.tx(func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("UPDATE orders SET amount_fen = amount_fen * 2 WHERE no = ?", r.no).Error
	})
	anew := r.code("wechat")
	require.NotEqual(t, no, anew, "the price is another")
	require.NoError(t, c.notice("wechat", c.wechat.pays(no, amount)))
	require.Equal(t, "years_changed", r.suspense())
	require.Equal(t, order.Awaiting, r.order().Gates.Payment)
	require.NoError(t, c.notice("wechat", c.wechat.pays(anew, 2*amount)))
	c.work()
	require.Equal(t, order.Settled, r.order().Gates.Payment)
	require.Equal(t, amount, c.wechat.returned())
}

// An address that floods us is turned away before anything is stored; the vendor behind it tries again and is heard.
func TestNoticesAreLimited(t *testing.T) {
	c := newCounter(t)
	r := c.toPay()
	body := c.wechat.pays(r.code("wechat"), r.order().AmountFen)
	require.Error(t, c.notice("wechat", []byte("?")))
	c.tx(func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("UPDATE throttle_bucket SET tokens = 0 WHERE bucket LIKE 'payment_notice:%'").Error
	})
	require.True(t, fault.Is(c.notice("wechat", body), fault.Limited))
	require.Equal(t, 1, read[int](c.house, "SELECT count(*) FROM inbox_callback"))
	c.clock.move(time.Second)
	require.NoError(t, c.notice("wechat", body))
	require.Equal(t, order.Settled, r.order().Gates.Payment)
}

// A part of a transfer has come: the rest is awaited by the same way, or finance sends the part back.
func TestPartlyPaidStaysATransfer(t *testing.T) {
	c := newCounter(t)
	r := c.toPay().awaited()
	c.booked(credit{r.holder, "", "1.00"})
	_, err := c.AllocateByHand(t.Context(), c.finance, c.line(r.holder), r.no)
	require.NoError(t, err)
	_, err = c.ChoosePayment(t.Context(), r.who, noKey, r.no, "wechat")
	require.True(t, fault.HasKey(err, "payment_partly_paid"), "%v", err)
	require.Equal(t, order.Transfer, r.order().Gates.Method)
	require.Empty(t, c.wechat.asked)
}
