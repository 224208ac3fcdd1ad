package flow_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/invoice"
	"caconsole/admin/money"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/issuance/cert/certtest"
)

// pays pays what an order owes now, the price or a difference, by a method.
func (c *counter) pays(r *renewal, method string) {
	c.t.Helper()
	due := r.order().Due()
	if method == "transfer" {
		r.awaited()
		c.booked(credit{r.holder, "差价" + r.no, due.String()})
		require.NoError(c.t, c.MatchRun(c.t.Context()))
	} else {
		require.NoError(c.t, c.notice(method, c.till(method).pays(r.code(method), due)))
	}
	require.Equal(c.t, order.Settled, r.order().Gates.Payment)
}

func (c *counter) till(method string) *till {
	if method == "alipay" {
		return c.alipay
	}
	return c.wechat
}

// rests lets everything that is under way come to its end.
func (c *counter) rests() {
	c.t.Helper()
	for range 3 {
		c.clock.move(10 * time.Second)
		c.work()
		require.NoError(c.t, c.SweepInvoices(c.t.Context()))
		require.NoError(c.t, c.SweepRedLetters(c.t.Context()))
	}
	c.work()
}

// blues tells an order's invoices, oldest first: serial, amount and state.
func (r *renewal) blues() string {
	r.t.Helper()
	return read[string](r.house, `SELECT coalesce(string_agg(concat_ws(' ', substr(serial, 14), total_fen / 100, state), ', ' ORDER BY serial), '')
		FROM invoice WHERE order_id = ?`, r.order().ID)
}

// refunds tells an order's refunds, oldest first: payment, amount, reason and state.
func (r *renewal) refunds() string {
	r.t.Helper()
	return read[string](r.house, `SELECT coalesce(string_agg(concat_ws(' ', substr(own_no, 15), amount_fen / 100, reason, state), ', ' ORDER BY id), '')
		FROM payment_refund WHERE order_id = ?`, r.order().ID)
}

// sound holds an order that is at rest to what must always be true of its money.
func (c *counter) sound(t require.TestingT, r *renewal) {
	o := r.order()
	kept := read[money.Fen](c.house, `SELECT coalesce(sum(i.amount_fen), 0) - (SELECT coalesce(sum(f.amount_fen), 0) FROM payment_refund f
		JOIN payment_intent p ON p.id = f.intent_id AND p.state = 'settled' WHERE f.order_id = @id) FROM payment_intent i
		WHERE i.order_id = @id AND i.state = 'settled'`, map[string]any{"id": o.ID})
	live := read[money.Fen](c.house, "SELECT coalesce(sum(total_fen), 0) FROM invoice WHERE order_id = ? AND state IN ('requested', 'issuing', 'issued', 'failed')", o.ID)
	require.Equal(t, kept, o.Gates.Kept)
	require.Equal(t, kept, live, "what is kept is invoiced, and nothing else: %s", r.blues())
	switch o.Gates.Payment {
	case order.Settled:
		require.Equal(t, o.AmountFen, kept)
	case order.Awaiting, order.None:
		require.Less(t, kept, o.AmountFen)
	default:
		require.Zero(t, kept)
	}
	require.Zero(t, read[int](c.house, `SELECT count(*) FROM (SELECT i.id FROM payment_intent i JOIN payment_refund f ON f.intent_id = i.id
		LEFT JOIN online_payment p ON p.intent_id = i.id WHERE i.order_id = ?
		GROUP BY i.id, p.amount_fen HAVING sum(f.amount_fen) > coalesce(p.amount_fen, i.amount_fen)) too_much`, o.ID))
	c.redFirst(t, o)
}

// redFirst: no money of an order is on its way back before the invoice over it is taken back.
func (c *counter) redFirst(t require.TestingT, o order.Order) {
	require.Zero(t, read[int](c.house, `SELECT count(*) FROM payment_refund f JOIN payment_intent i ON i.id = f.intent_id AND i.state = 'settled'
		JOIN red_letter r ON r.order_id = f.order_id WHERE f.order_id = ? AND f.state <> 'waiting_invoice'
		AND r.created_at <= f.created_at AND r.state NOT IN ('issued', 'not_needed')`, o.ID), "the red letter comes first")
}

// More years after payment: the difference is awaited by whatever way, names itself everywhere, and opens the gate again.
func TestDearerYearsAfterPayment(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	for _, ways := range [][2]string{{"wechat", "transfer"}, {"transfer", "alipay"}, {"transfer", "transfer"}, {"wechat", "wechat"}} {
		r := c.toPay()
		c.pays(r, ways[0])
		r.invoiced()
		r.approved()
		r.corrected(flow.Correction{Years: years(3)})
		o := r.order()
		require.Equal(t, []any{order.Awaiting, order.NoMethod, order.None, order.StagePapers},
			[]any{o.Gates.Payment, o.Gates.Method, o.Gates.Review, o.Stage})
		require.Zero(t, read[int](c.house, "SELECT count(*) FROM authorisation WHERE order_id = ? AND state <> 'void'", o.ID))
		require.Equal(t, []money.Fen{720_00, 500_00, 220_00}, []money.Fen{o.AmountFen, o.Gates.Kept, o.Due()})
		require.Equal(t, "sentence.papers.difference", o.Gates.Sentence().Now)
		require.Equal(t, "B1 500 issued", r.blues(), "nothing is taken back before the difference is there")

		require.NoError(t, r.upload(document.ApplicationForm, 190))
		require.Equal(t, order.StagePayment, r.order().Stage, "the review waits for the difference")
		to, err := c.ChoosePayment(t.Context(), r.who, noKey, r.no, ways[1])
		require.NoError(t, err)
		require.Equal(t, money.Fen(220_00), to.Amount)
		c.pays(r, ways[1])
		o = r.order()
		require.Equal(t, []any{order.StageReview, order.Queued, money.Fen(0)}, []any{o.Stage, o.Gates.Review, o.Due()})
		c.rests()
		require.Equal(t, "B1 500 red_lettered, B2 720 issued", r.blues())
		require.Equal(t, order.Dispatched, r.order().Gates.Invoice)
		c.sound(t, r)
		require.Len(t, c.sms.to(r.phone, notify.Invoice), 2)
		require.Len(t, c.mail.to(r.email, notify.Invoice), 2)
		told := c.sms.to(r.phone, notify.PaymentSettled)
		require.Equal(t, "220.00", told[len(told)-1].Params[1])
	}
}

// Back to years that are paid, or to others before the difference has come: only what is missing is awaited.
func TestYearsCorrectedTwice(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	r := c.toPay()
	c.pays(r, "wechat")
	r.invoiced()
	r.corrected(flow.Correction{Years: years(5)})
	left := r.code("alipay")
	r.corrected(flow.Correction{Years: years(3)})
	require.Equal(t, money.Fen(220_00), r.order().Due())
	r.awaited()
	r.corrected(flow.Correction{Years: years(2)})
	o := r.order()
	require.Equal(t, []any{order.Settled, order.WeChat, money.Fen(0)}, []any{o.Gates.Payment, o.Gates.Method, o.Due()})
	require.Zero(t, read[int](c.house, "SELECT count(*) FROM receivable WHERE order_id = ? AND state = 'open'", o.ID))
	require.NoError(t, c.notice("alipay", c.alipay.pays(left, 600_00)))
	require.Equal(t, "paid_twice", r.suspense(), "a code of a difference that nobody owes any more")
	c.rests()
	require.Equal(t, money.Fen(600_00), c.alipay.returned())
	require.Equal(t, "B1 500 issued", r.blues())
	c.sound(t, r)

	r.awaitsPart(c)
}

// awaitsPart: of a difference by transfer a part has come. The rest is awaited; the years stay until finance has seen to it.
func (r *renewal) awaitsPart(c *counter) {
	r.t.Helper()
	r.corrected(flow.Correction{Years: years(3)})
	r.awaited()
	c.booked(credit{r.holder, "", "1.00"})
	_, err := c.AllocateByHand(r.t.Context(), c.finance, c.line(r.holder), r.no)
	require.NoError(r.t, err)
	refused(r.t, r.corrects(flow.Correction{Years: years(2)}), "payment_partly_paid")
	require.NoError(r.t, r.withdraw())
	c.rests()
	require.Equal(r.t, order.Refunded, r.order().Gates.Payment)
	require.Equal(r.t, money.Fen(500_00), c.wechat.returned())
}

// Fewer years: the order stays settled, and what is too much goes back, the newest payment first, after its red letter.
func TestCheaperYearsAfterPayment(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	r := c.toPay()
	c.pays(r, "wechat")
	c.rests()
	r.corrected(flow.Correction{Years: years(3)})
	c.pays(r, "alipay")
	c.rests()
	c.printer.says(invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "08", Cause: "red_denied"})
	r.corrected(flow.Correction{Years: years(1)})
	o := r.order()
	require.Equal(t, []any{order.Settled, money.Fen(260_00), money.Fen(260_00)}, []any{o.Gates.Payment, o.AmountFen, o.Gates.Kept})
	c.rests()
	require.Equal(t, "2_r1 220 years_changed waiting_invoice, 1_r1 240 years_changed waiting_invoice", r.refunds())
	require.Zero(t, c.wechat.returned()+c.alipay.returned(), "the red letter is blocked")
	r.corrected(flow.Correction{Invoice: &invoice.Buyer{Kind: invoice.General, Title: "集团财务共享中心", TaxID: certtest.OrganisationCode}})
	require.Equal(t, "B1 500 red_lettered, B2 720 issued", r.blues(), "never before")

	red := read[string](c.house, "SELECT id::text FROM red_letter WHERE order_id = ? AND state = 'blocked'", o.ID)
	require.NoError(t, c.RecordRedLetter(t.Context(), c.finance, uuidOf(t, red), "26442000000000000077"))
	c.rests()
	require.Equal(t, "2_r1 220 years_changed done, 1_r1 240 years_changed done", r.refunds())
	require.Equal(t, []money.Fen{240_00, 220_00}, []money.Fen{c.wechat.returned(), c.alipay.returned()})
	require.Equal(t, "B1 500 red_lettered, B2 720 red_lettered, B3 260 issued", r.blues())
	require.Equal(t, "集团财务共享中心", read[string](c.house, "SELECT buyer_title FROM invoice WHERE state = 'issued'"))
	require.Equal(t, order.Settled, r.order().Gates.Payment)
	c.sound(t, r)
	c.printer.says(invoice.RedAnswer{})
	require.NoError(t, r.withdraw())
	c.rests()
	require.Equal(t, []money.Fen{500_00, 220_00}, []money.Fen{c.wechat.returned(), c.alipay.returned()})
	require.Equal(t, []any{order.Refunded, order.RedLettered}, []any{r.order().Gates.Payment, r.order().Gates.Invoice})
	c.sound(t, r)
	last := c.sms.to(r.phone, notify.WithdrawnPaid)
	require.Equal(t, "260.00", last[0].Params[1], "what goes back is what was kept")
}

// Whatever ends an order with several payments, everything kept goes back, each by its own way.
func TestAllPaymentsGoBack(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	for name, end := range map[string]func(*renewal){
		"withdrawn while the difference is awaited": func(r *renewal) {
			r.corrected(flow.Correction{Years: years(5)})
			r.code("wechat")
			require.NoError(t, r.withdraw())
		},
		"rejected": func(r *renewal) {
			require.NoError(t, r.upload(document.ApplicationForm, 192))
			r.rejected()
		},
		"consent withdrawn": func(r *renewal) {
			_, err := c.WithdrawConsents(t.Context(), r.who, []string{"sensitive_data"})
			require.NoError(t, err)
		},
	} {
		byCode, byAlipay := c.wechat.returned(), c.alipay.returned()
		r := c.toPay()
		c.pays(r, "wechat")
		r.corrected(flow.Correction{Years: years(3)})
		c.pays(r, "transfer")
		r.corrected(flow.Correction{Years: years(4)})
		c.pays(r, "alipay")
		c.rests()
		end(r)
		require.Equal(t, order.StageRefunding, r.order().Stage, name)
		c.rests()
		require.Equal(t, []money.Fen{500_00, 200_00}, []money.Fen{c.wechat.returned() - byCode, c.alipay.returned() - byAlipay}, name)
		require.Contains(t, r.refunds(), " 220 ", name)
		require.Contains(t, r.refunds(), "requested", name)
		require.Equal(t, order.Refunding, r.order().Gates.Payment, "%s: a transfer's refund is a person's", name)
		c.sound(t, r)
	}
}

// On the online path the holder cannot authorise while the difference is awaited, and what was authorised is void.
func TestCorrectedYearsOnline(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	r := c.online(30 * 24 * time.Hour)
	c.pays(r, "wechat")
	u := r.started()
	r.corrected(flow.Correction{Years: years(3)})
	require.Equal(t, "sentence.payment.difference.online", r.order().Gates.Sentence().Now)
	_, _, err := c.ProveUpdate(t.Context(), driver, u.ID.String(), r.sign(u.ToSign))
	require.Error(t, err)
	_, err = c.ChoosePayment(t.Context(), r.who, noKey, r.no, "transfer")
	require.Equal(t, "method_not_on_path", fault.Of(err).Fields[0].Key)
	no := r.code("alipay")
	require.Equal(t, "sentence.payment.difference.alipay", r.order().Gates.Sentence().Now)
	c.clock.move(3 * time.Hour)
	require.NoError(t, c.SweepPayments(t.Context()))
	require.Equal(t, []any{order.Awaiting, order.NoMethod}, []any{r.order().Gates.Payment, r.order().Gates.Method}, no)
	c.pays(r, "alipay")
	c.rests()
	c.sound(t, r)
	_, _, err = c.ProveUpdate(t.Context(), driver, u.ID.String(), r.sign(u.ToSign))
	require.Error(t, err, "it was signed over two years")
	r.proved(r.started())
	c.work()
	require.Equal(t, 1, r.newPairs())
	refused(t, r.corrects(flow.Correction{Years: years(2)}), "order_being_issued")
	other := invoice.Buyer{Kind: invoice.General, Title: "别的抬头", TaxID: certtest.OrganisationCode}
	refused(t, r.corrects(flow.Correction{Invoice: &other}), "invoice_made_out")
}

// The old certificate ends while a difference is awaited: the order moves on with the money it has, and closes never.
func TestDifferenceOutlivesTheCertificate(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	r := c.online(24 * time.Hour)
	c.pays(r, "wechat")
	r.corrected(flow.Correction{Years: years(5)})
	c.clock.move(25 * time.Hour)
	require.NoError(t, c.SweepExpired(t.Context()))
	o := r.order()
	require.Equal(t, []any{order.Reviewed, order.Open, money.Fen(600_00)}, []any{o.Gates.Path, o.Gates.Closed, o.Due()})
}

// A difference that does not come is reminded of by its amount, and then finance's; nothing closes.
func TestDifferenceTimesOut(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	r, other := c.toPay(), c.toPay()
	c.pays(r, "wechat")
	c.pays(other, "wechat")
	c.after(20 * 24 * time.Hour)
	r.corrected(flow.Correction{Years: years(3)})
	other.corrected(flow.Correction{Years: years(3)})
	other.awaited()
	overdue := func() (out []string) {
		page, err := c.Board.Overdue(t.Context(), c.finance, "", "")
		require.NoError(t, err)
		for _, l := range page.Rows {
			require.Equal(t, money.Fen(220_00), l.Owed)
			out = append(out, l.OrderNo)
		}
		return out
	}
	c.after(49 * time.Hour)
	told := c.sms.to(r.phone, notify.DifferenceReminder)
	require.Len(t, told, 1)
	require.Equal(t, []string{r.no, "220.00"}, told[0].Params)
	require.Empty(t, overdue())
	c.after(24 * time.Hour)
	require.Equal(t, []string{r.no}, overdue(), "a transfer has more time")
	c.after(20 * 24 * time.Hour)
	require.ElementsMatch(t, []string{r.no, other.no}, overdue())
	require.Equal(t, order.Open, r.order().Gates.Closed)
	require.Equal(t, order.Open, other.order().Gates.Closed)
	require.Empty(t, c.sms.to(r.phone, notify.ClosedUnpaid))
	require.Len(t, c.sms.to(r.phone, notify.DifferenceReminder), 1)

	r.corrected(flow.Correction{Years: years(2)})
	require.Equal(t, []string{other.no}, overdue())
	r.corrected(flow.Correction{Years: years(3)})
	require.Equal(t, []string{other.no}, overdue(), "its time begins anew")
	c.after(49 * time.Hour)
	require.Len(t, c.sms.to(r.phone, notify.DifferenceReminder), 2)
}

// The buyer is corrected at every point of an invoice's course: one live invoice at a time, and the last word wins.
func TestBuyerCorrectedAfterPayment(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	r := c.toPay()
	c.pays(r, "wechat")
	to := func(title string) {
		t.Helper()
		r.corrected(flow.Correction{Invoice: &invoice.Buyer{Kind: invoice.General, Title: title, TaxID: certtest.OrganisationCode}})
	}
	to("甲")
	require.Equal(t, "B1 500 cancelled, B2 500 requested", r.blues(), "nobody was asked for the first")
	to("甲")
	require.Equal(t, "B1 500 cancelled, B2 500 requested", r.blues(), "nothing new was said")
	c.work()
	require.Equal(t, 0, c.printer.asked[r.no+"B1"])
	to("乙")
	to("丙")
	c.rests()
	require.Equal(t, "B1 500 cancelled, B2 500 red_lettered, B3 500 issued", r.blues())
	require.Equal(t, "丙", read[string](c.house, "SELECT buyer_title FROM invoice WHERE state = 'issued'"))
	require.Len(t, c.sms.to(r.phone, notify.Invoice), 1, "the one that was wanted no more went to nobody")
	require.Equal(t, order.Settled, r.order().Gates.Payment)
	code := c.sms.to(r.phone, notify.Invoice)[0].Params[1]
	_, _, err := c.PickUpInvoice(t.Context(), driver, code)
	require.NoError(t, err)
	to("丁")
	c.rests()
	require.Contains(t, r.blues(), "B3 500 red_lettered, B4 500 issued")
	_, _, err = c.PickUpInvoice(t.Context(), driver, code)
	require.Equal(t, "invoice_taken_back", fault.Of(err).Fields[0].Key)
	require.Empty(t, r.refunds())
	c.sound(t, r)

	r = c.toPay()
	c.pays(r, "wechat")
	c.printer.refuse = "税号不存在"
	c.rests()
	require.Equal(t, "B1 500 failed", r.blues())
	c.printer.refuse = ""
	to("戊")
	c.rests()
	require.Equal(t, "B1 500 cancelled, B2 500 issued", r.blues(), "it never came to be, and is corrected all the same")
	c.sound(t, r)
}

// Notice, question, sweep and two corrections at once: whoever was first, the money adds up and is invoiced once.
func TestCorrectionsRace(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	for round := range 2 {
		r := c.toPay()
		c.pays(r, "wechat")
		if round%2 == 1 {
			c.rests()
		}
		r.corrected(flow.Correction{Years: years(3)})
		no := r.code("alipay")
		body := c.alipay.pays(no, 220_00)
		intent := uuidOf(t, read[string](c.house, "SELECT id::text FROM payment_intent WHERE own_no = ?", no))
		buyer := invoice.Buyer{Kind: invoice.General, Title: "集团财务共享中心", TaxID: certtest.OrganisationCode}
		for _, err := range c.atOnce(
			func() error { return c.notice("alipay", body) },
			func() error { return c.AskPayment(t.Context(), intent) },
			func() error { return r.corrects(flow.Correction{Years: years(1 + round)}) },
			func() error { return r.corrects(flow.Correction{Invoice: &buyer}) },
			func() error { return c.SweepInvoices(t.Context()) },
			func() error { return c.SweepRedLetters(t.Context()) },
		) {
			if err != nil {
				require.True(t, fault.Is(err, fault.Conflict) || fault.Is(err, fault.Unavailable), "%v", err)
			}
		}
		c.rests()
		c.sound(t, r)
		require.Equal(t, "集团财务共享中心", read[string](c.house, "SELECT buyer_title FROM invoice WHERE order_id = ? AND state = 'issued'", r.order().ID))
		require.NoError(t, r.withdraw())
		c.rests()
		c.sound(t, r)
		require.Equal(t, order.Refunded, r.order().Gates.Payment)
		require.Equal(t, []money.Fen{c.wechat.taken(), c.alipay.taken()}, []money.Fen{c.wechat.returned(), c.alipay.returned()})
	}
}
