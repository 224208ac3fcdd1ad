package flow_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/order"
)

func (r *renewal) withdraw() error {
	r.t.Helper()
	_, err := r.WithdrawOrder(r.t.Context(), r.who, noKey, r.no)
	return err
}

// refund is the state of an order's one refund, and its amount in fen.
func (r *renewal) refund() (string, int) {
	r.t.Helper()
	id := r.order().ID
	return read[string](r.house, "SELECT state FROM payment_refund WHERE order_id = ?", id),
		read[int](r.house, "SELECT amount_fen FROM payment_refund WHERE order_id = ?", id)
}

// invoiced has an order's invoice issued and sent.
func (r *renewal) invoiced() *renewal {
	r.t.Helper()
	r.work()
	r.clock.move(10 * time.Second)
	require.NoError(r.t, r.SweepInvoices(r.t.Context()))
	r.work()
	require.Equal(r.t, order.Dispatched, r.order().Gates.Invoice)
	return r
}

// swept lets time pass and red letters go on.
func (h *house) swept() {
	h.t.Helper()
	h.work()
	for range 3 {
		h.clock.move(10 * time.Second)
		require.NoError(h.t, h.SweepRedLetters(h.t.Context()))
	}
	h.work()
}

func TestUnpaidOrderIsWithdrawn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply().papers().identified().awaited()
	require.NoError(t, r.withdraw())
	o := r.order()
	require.Equal(t, []any{order.ClosedWithdrawn, order.StageClosed}, []any{o.Gates.Closed, o.Stage})
	require.Equal(t, "closed", read[string](h, "SELECT state FROM receivable WHERE order_id = ?", o.ID))
	h.work()
	require.Len(t, h.sms.to(r.phone, notify.Withdrawn), 1)
	require.Zero(t, read[int](h, "SELECT count(*) FROM payment_refund"))
	require.True(t, fault.HasKey(r.withdraw(), "order_closed"))
	other := h.apply()
	other.no = r.no
	require.True(t, fault.HasKey(other.withdraw(), "order_unknown"), "another's order")
}

// Withdrawn before the invoice was issued: it never is, and the money need not wait for it.
func TestWithdrawnBeforeTheInvoice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	require.NoError(t, r.withdraw())
	require.Equal(t, []any{order.StageRefunding, order.None, order.ClosedWithdrawn},
		[]any{r.order().Stage, r.order().Gates.Invoice, r.order().Gates.Closed})
	state, amount := r.refund()
	require.Equal(t, "requested", state, "a transfer goes back by a person")
	require.Equal(t, int(r.order().AmountFen), amount)
	h.swept()
	require.NoError(t, h.SweepInvoices(t.Context()))
	require.Empty(t, h.printer.asked, "no invoice for a renewal that is not")
	require.Len(t, h.sms.to(r.phone, notify.WithdrawnPaid), 1)
	require.Empty(t, h.sms.to(r.phone, notify.Invoice))
	require.Error(t, h.Release(t.Context(), h.reviewer, r.no), "the reviewer has lost it")
	require.Zero(t, read[int](h, "SELECT count(*) FROM review_claim"))
}

// Withdrawn after the invoice went out: it is red-lettered first, and the buyer has to confirm.
func TestWithdrawnAfterTheInvoice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().approved().invoiced()
	h.printer.says(invoice.RedAnswer{Found: true, State: invoice.RedWaitingBuyer, FormState: "02"})
	require.NoError(t, r.withdraw())
	h.swept()
	state, _ := r.refund()
	require.Equal(t, "waiting_invoice", state)
	require.Equal(t, order.Dispatched, r.order().Gates.Invoice)

	h.printer.says(invoice.RedAnswer{})
	h.swept()
	state, _ = r.refund()
	require.Equal(t, "requested", state)
	require.Equal(t, []any{order.RedLettered, order.StageRefunding}, []any{r.order().Gates.Invoice, r.order().Stage})
	require.Equal(t, 1, h.printer.asked[r.no+"R1"])
	require.Zero(t, read[int](h, "SELECT count(*) FROM authorisation WHERE order_id = ? AND state <> 'void'", r.order().ID))
	require.Error(t, h.confirm(h.issuer, []string{r.no}))
}

// An invoice that was being issued when its order ended is taken back before anybody gets it.
func TestRejectedWhileItsInvoiceIsBeingIssued(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview()
	h.printer.lose = true
	h.work()
	require.Equal(t, 1, h.printer.asked[r.no+"B1"])
	h.printer.lose = false
	r.rejected()
	state, _ := r.refund()
	require.Equal(t, "waiting_invoice", state)
	h.clock.move(10 * time.Second)
	require.NoError(t, h.SweepInvoices(t.Context()))
	h.swept()
	state, _ = r.refund()
	require.Equal(t, "requested", state)
	require.Equal(t, order.RedLettered, r.order().Gates.Invoice)
	require.Empty(t, h.sms.to(r.phone, notify.Invoice), "it is void")
}

func (r *renewal) rejected() {
	r.t.Helper()
	op := r.claimed(r.reviewer).opinion(r.reviewer)
	op.CustomerText = "营业执照已注销"
	require.NoError(r.t, r.Reject(r.t.Context(), r.reviewer, r.no, op))
}

// A buyer who refuses the form blocks the refund: finance tries again, or does it at the tax bureau.
func TestBlockedRedLetterIsATaskForFinance(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().invoiced()
	h.printer.says(invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "05", Cause: "red_denied"})
	r.rejected()
	h.swept()
	id := uuid.MustParse(read[string](h, "SELECT id FROM red_letter WHERE state = 'blocked'"))
	require.NoError(t, h.RetryRedLetter(t.Context(), h.finance, id))
	h.swept()
	require.Equal(t, 1, h.printer.asked[r.no+"R2"])
	state, _ := r.refund()
	require.Equal(t, "waiting_invoice", state, "no money before the invoice is back")

	outside := actor.Actor{Kind: actor.Staff, ID: uuid.New()}
	require.True(t, fault.HasKey(h.RecordRedLetter(t.Context(), outside, id, "26442000000000000007"), "red_letter_unknown"))
	require.Equal(t, "number", fieldOf(h.RecordRedLetter(t.Context(), h.finance, id, "7")))
	require.NoError(t, h.RecordRedLetter(t.Context(), h.finance, id, "26442000000000000007"))
	state, _ = r.refund()
	require.Equal(t, "requested", state)
	require.Equal(t, order.RedLettered, r.order().Gates.Invoice)
	require.True(t, fault.Is(h.RecordRedLetter(t.Context(), h.finance, id, "26442000000000000007"), fault.Conflict))
}

// Once the signer may have been asked nothing is withdrawn.
func TestSignedOrderIsNotWithdrawn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().approved()
	r.confirmed()
	require.True(t, fault.HasKey(r.withdraw(), "order_signed"))
	h.work()
	require.True(t, fault.HasKey(r.withdraw(), "order_signed"))
	require.Equal(t, order.Recorded, r.order().Gates.Issuance)
}
