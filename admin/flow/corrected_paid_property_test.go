package flow_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/invoice"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/issuance/cert/certtest"
)

// customer is an order whose years, payments and invoice data change at will.
type customer struct {
	*counter
	r     *renewal
	t     *rapid.T
	codes map[string]string // method by our number, of every code ever shown
	last  func() error      // the last notice once more
	named int               // buyers so far
}

// may takes an act that the order's state may refuse, and nothing else may.
func (c *customer) may(err error) {
	if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
		c.t.Fatalf("%v", err)
	}
}

func (c *customer) correctsYears() {
	c.may(c.r.corrects(flow.Correction{Years: years(rapid.IntRange(1, 5).Draw(c.t, "years"))}))
}

func (c *customer) correctsBuyer() {
	c.named++
	c.may(c.r.corrects(flow.Correction{Invoice: &invoice.Buyer{
		Kind: invoice.General, Title: fmt.Sprintf("抬头%d", c.named), TaxID: certtest.OrganisationCode,
	}}))
}

// showsCode chooses to pay by a code.
func (c *customer) showsCode() {
	method := rapid.SampledFrom([]string{"wechat", "alipay"}).Draw(c.t, "method")
	_, err := c.ChoosePayment(c.r.t.Context(), c.r.who, noKey, c.r.no, method)
	c.may(err)
	if err == nil {
		c.codes[read[string](c.house, "SELECT own_no FROM payment_intent WHERE order_id = ? AND state = 'awaiting'", c.r.order().ID)] = method
	}
}

// paysCode pays by a code that is still open at its vendor, left or not; its notice comes once or twice.
func (c *customer) paysCode() {
	var open []string
	for _, no := range slices.Sorted(maps.Keys(c.codes)) {
		if c.till(c.codes[no]).state[no] == payment.TradeWaiting {
			open = append(open, no)
		}
	}
	if len(open) == 0 {
		return
	}
	no := rapid.SampledFrom(open).Draw(c.t, "code")
	v := c.till(c.codes[no])
	body := v.pays(no, v.asks[no].Amount)
	c.last = func() error { return c.notice(c.codes[no], body) }
	c.noticeAgain()
	if rapid.Bool().Draw(c.t, "twice") {
		c.noticeAgain()
	}
}

func (c *customer) noticeAgain() {
	if c.last != nil {
		c.may(c.last())
	}
}

func (c *customer) transfers() {
	_, err := c.ChoosePayment(c.r.t.Context(), c.r.who, noKey, c.r.no, "transfer")
	c.may(err)
	if err != nil {
		return
	}
	c.clock.move(24 * time.Hour) // of two equal lines on one day the second may be a copy
	c.booked(credit{c.r.holder, "续期" + c.r.no, c.r.order().Due().String()})
	require.NoError(c.t, c.MatchRun(c.r.t.Context()))
}

func (c *customer) blocksRed() {
	c.printer.says(invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "08", Cause: "red_denied"})
}

// unblocksRed has finance see to what is blocked: the form again, or a number from the tax bureau.
func (c *customer) unblocksRed() {
	c.printer.says(invoice.RedAnswer{})
	for n := read[int](c.house, "SELECT count(*) FROM red_letter WHERE state = 'blocked'"); n > 0; n-- {
		id := read[uuid.UUID](c.house, "SELECT id FROM red_letter WHERE state = 'blocked' ORDER BY id LIMIT 1")
		if rapid.Bool().Draw(c.t, "by hand") {
			require.NoError(c.t, c.RecordRedLetter(c.r.t.Context(), c.finance, id, "26442000000000000077"))
			continue
		}
		require.NoError(c.t, c.RetryRedLetter(c.r.t.Context(), c.finance, id))
	}
}

func (c *customer) runsOut() {
	c.clock.move(3 * time.Hour)
	require.NoError(c.t, c.SweepPayments(c.r.t.Context()))
}

// Whatever the order of corrections, payments, notices and red letters: once all is at rest, what is kept is what the
// order costs, or less while a difference is awaited; all of it is on one invoice; and after the end all of it is back.
func TestMoneyAddsUpWhateverIsCorrected(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	runs, broken := 0, false
	rapid.Check(t, func(t *rapid.T) {
		if runs++; runs > 12 && !broken { // each has an applicant of its own; rapid's hundred would take half a minute
			return
		}
		through := false
		defer func() { broken = broken || !through }()
		cu := &customer{counter: c, t: t, codes: map[string]string{}}
		if rapid.Bool().Draw(t, "online") {
			cu.r = c.online(90 * 24 * time.Hour)
		} else {
			cu.r = c.toPay()
		}
		acts := map[string]func(){
			"years": cu.correctsYears, "years ": cu.correctsYears, "buyer": cu.correctsBuyer, "code": cu.showsCode, "pay": cu.paysCode,
			"pay ": cu.paysCode, "notice": cu.noticeAgain, "transfer": cu.transfers, "blocked": cu.blocksRed, "unblocked": cu.unblocksRed,
			"work": c.work, "rest": c.rests, "late": cu.runsOut,
		}
		names := slices.Sorted(maps.Keys(acts))
		ways := []string{"wechat", "alipay", "transfer"}
		if cu.r.order().Gates.Path == order.Online {
			ways = ways[:2]
		}
		before := c.wechat.taken() + c.alipay.taken() - c.wechat.returned() - c.alipay.returned()
		c.pays(cu.r, rapid.SampledFrom(ways).Draw(t, "first paid by"))
		if rapid.Bool().Draw(t, "invoiced") {
			c.rests()
		}
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 4, 14).Draw(t, "acts") {
			c.clock.move(time.Second)
			acts[name]()
			c.redFirst(t, cu.r.order())
		}
		cu.unblocksRed()
		c.rests()
		c.rests()
		c.sound(t, cu.r)
		cu.comesToAnEnd(before)
		through = true
	})
}

// comesToAnEnd withdraws the order: everything by which it was paid goes back, nothing else is left.
func (c *customer) comesToAnEnd(before money.Fen) {
	o := c.r.order()
	transferred := read[money.Fen](c.house, "SELECT coalesce(sum(allocated_fen), 0) FROM receivable WHERE order_id = ?", o.ID)
	require.Equal(c.t, o.Gates.Kept, c.wechat.taken()+c.alipay.taken()-c.wechat.returned()-c.alipay.returned()-before+transferred-c.requested(o),
		"what came and did not go back is kept")
	if _, err := c.WithdrawOrder(c.r.t.Context(), c.r.who, noKey, o.No); err != nil {
		c.t.Fatalf("%v", err)
	}
	c.rests()
	c.sound(c.t, c.r)
	require.Equal(c.t, transferred, c.requested(o), "of transfers a person pays back as much as came")
	require.Equal(c.t, before, c.wechat.taken()+c.alipay.taken()-c.wechat.returned()-c.alipay.returned(), "codes go back by themselves")
	want := order.Refunded
	switch {
	case o.Gates.Kept == 0:
		want = order.None
	case transferred > 0:
		want = order.Refunding
	}
	if now := c.r.order().Gates.Payment; now != want && (want != order.None || now != order.Awaiting) {
		c.t.Fatalf("payment %s, not %s", now, want)
	}
}

// requested is what is asked to go back of an order's transfers.
func (c *customer) requested(o order.Order) money.Fen {
	return read[money.Fen](c.house, "SELECT coalesce(sum(amount_fen), 0) FROM payment_refund WHERE order_id = ? AND method = 'transfer' AND state = 'requested'", o.ID)
}

// taken is all that was paid at a vendor.
func (v *till) taken() (sum money.Fen) {
	v.Lock()
	defer v.Unlock()
	for _, m := range v.money {
		sum += m.Amount
	}
	return sum
}
