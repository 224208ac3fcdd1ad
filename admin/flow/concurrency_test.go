package flow_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// atOnce starts all acts at the same moment and returns what each came to. Their transactions stay open for a while, so
// that they do meet.
func (h *house) atOnce(acts ...func() error) []error {
	h.jobs.linger.Store(int64(30 * time.Millisecond))
	defer h.jobs.linger.Store(0)
	out := make([]error, len(acts))
	var start, done sync.WaitGroup
	start.Add(1)
	for i, act := range acts {
		done.Go(func() {
			start.Wait()
			out[i] = act()
		})
	}
	start.Done()
	done.Wait()
	return out
}

// wins requires that just one act went through and that every other was refused with one of the keys.
func wins(t *testing.T, errs []error, keys ...string) (winner int) {
	t.Helper()
	winner = -1
	for i, err := range errs {
		if err == nil {
			require.Equal(t, -1, winner, "two went through")
			winner = i
			continue
		}
		require.Contains(t, keys, fault.Of(err).Key, "%v", err)
	}
	require.NotEqual(t, -1, winner, "none went through: %v", errors.Join(errs...))
	return winner
}

// TestGatesUnderConcurrency: whatever commits at once on one order, nothing is lost and nothing is doubled.
func TestGatesUnderConcurrency(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, *house){
		"money and the last paper": moneyAndPaper,
		"approval against upload":  approvalAgainstUpload,
		"two duties of one person": twoDuties,
		"one line, two orders":     oneLineTwoOrders,
		"two lines, one order":     twoLinesOneOrder,
		"two claim the next order": twoClaimNext,
		"two claim one order":      twoClaimOne,
		"two verdicts":             twoVerdicts,
		"two issuers, one batch":   twoIssuers,
		"workers record a pair":    workersRecord,
		"workers on an invoice":    workersInvoice,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			for range 2 {
				test(t, h)
			}
		})
	}
}

// The last two prerequisites of the review commit at once: the order enters the queue, once.
func moneyAndPaper(t *testing.T, h *house) {
	t.Helper()
	r := h.apply().form().identified().awaited()
	payer := "付款" + r.no
	h.booked(credit{payer, "续期", r.order().AmountFen.String()})
	line := h.line(payer)
	errs := h.atOnce(
		func() error { _, err := h.AllocateByHand(t.Context(), h.finance, line, r.no); return err },
		func() error { return r.upload(document.BusinessLicence, 90) },
	)
	require.Equal(t, []error{nil, nil}, errs)
	o := r.order()
	require.Equal(t, order.Settled, o.Gates.Payment, "the money was lost")
	require.Equal(t, order.Uploaded, o.Gates.Documents, "the paper was lost")
	require.Equal(t, order.Queued, o.Gates.Review)
	require.Equal(t, order.StageReview, o.Stage)
	require.Equal(t, 1, r.events("review", "queued"))
	require.Equal(t, 1, read[int](h, "SELECT count(*) FROM invoice WHERE order_id = ?", o.ID))
}

// Two clerks give the same money to two orders at once: it is spent once.
func oneLineTwoOrders(t *testing.T, h *house) {
	t.Helper()
	a, b := h.apply().papers().identified().awaited(), h.apply().papers().identified().awaited()
	payer := "付款" + a.no
	h.booked(credit{payer, "续期", "500"})
	line := h.line(payer)
	errs := h.atOnce(
		func() error { _, err := h.AllocateByHand(t.Context(), h.finance, line, a.no); return err },
		func() error { _, err := h.AllocateByHand(t.Context(), h.finance2, line, b.no); return err },
	)
	winner := []*renewal{a, b}[wins(t, errs, "line_allocated")]
	require.Equal(t, 1, read[int](h, "SELECT count(*) FROM allocation WHERE line_id = ?", line))
	for _, r := range []*renewal{a, b} {
		require.Equal(t, r == winner, r.order().Gates.Payment == order.Settled)
	}
}

// Two clerks find two payments for the same order at once: it is settled once, and the other money stays open.
func twoLinesOneOrder(t *testing.T, h *house) {
	t.Helper()
	r := h.apply().papers().identified().awaited()
	one, two := "付款一"+r.no, "付款二"+r.no
	h.booked(credit{one, "续期", "500"}, credit{two, "续期", "500"})
	lines := []uuid.UUID{h.line(one), h.line(two)}
	allocate := func(a actor.Actor, line uuid.UUID) func() error {
		return func() error { _, err := h.AllocateByHand(t.Context(), a, line, r.no); return err }
	}
	winner := wins(t, h.atOnce(allocate(h.finance, lines[0]), allocate(h.finance2, lines[1])), "payment_not_awaited")
	require.Equal(t, 1, r.events("payment", "settled"))
	require.Equal(t, "open", read[string](h, "SELECT state FROM bank_line WHERE id = ?", lines[1-winner]))
	require.Equal(t, 1, read[int](h, "SELECT count(*) FROM invoice WHERE order_id = ?", r.order().ID))
	require.Equal(t, 1, read[int](h, "SELECT count(*) FROM message WHERE order_id = ? AND template = 'payment_settled'", r.order().ID))
}

// Either the reviewer approves what they saw, and the paper cannot be exchanged any more; or the paper is exchanged,
// and the approval is refused.
func approvalAgainstUpload(t *testing.T, h *house) {
	t.Helper()
	r := h.inReview().claimed(h.reviewer)
	op := r.opinion(h.reviewer)
	errs := h.atOnce(
		func() error { return h.approve(h.reviewer, r.no, op) },
		func() error { return r.upload(document.BusinessLicence, 70) },
	)
	o := r.order()
	if wins(t, errs, "content_changed", "document_accepted") == 0 {
		require.Equal(t, order.Approved, o.Gates.Review)
		require.Equal(t, op.ContentVersion, o.Gates.ContentVersion)
		require.Equal(t, 1, read[int](h, "SELECT count(*) FROM authorisation WHERE order_id = ? AND state = 'open' AND content_digest = ?", o.ID, op.ContentDigest))
	} else {
		require.Equal(t, order.Claimed, o.Gates.Review)
		require.Equal(t, op.ContentVersion+1, o.Gates.ContentVersion)
		require.Zero(t, read[int](h, "SELECT count(*) FROM approval_item JOIN authorisation a ON a.id = authorisation_id WHERE a.order_id = ?", o.ID), "asked at most")
		require.Equal(t, op.Checks, r.draft().Checks, "the draft was kept")
		require.NoError(t, h.Release(t.Context(), h.reviewer, r.no))
	}
}

// One person takes two duties in one order at once: one of them is refused.
func twoDuties(t *testing.T, h *house) {
	t.Helper()
	r := h.apply()
	take := func(duty order.Duty) func() error {
		return func() error {
			return h.DB.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
				return h.Orders.TakeDuty(ctx, tx, r.order().ID, h.reviewer.ID, duty)
			})
		}
	}
	wins(t, h.atOnce(take(order.DutyReview), take(order.DutyIssue), take(order.DutyMatch)), "four_eyes")
	require.Equal(t, 1, read[int](h, "SELECT count(*) FROM order_duty WHERE order_id = ?", r.order().ID))
}

// Two reviewers take the next order at once, again and again: everybody gets another one.
func twoClaimNext(t *testing.T, h *house) {
	t.Helper()
	mine := map[string]bool{}
	for range 4 { // those of an earlier round are claimed
		mine[h.inReview().no] = true
	}
	got := make(chan string, len(mine))
	next := func(a actor.Actor) func() error {
		return func() error {
			for range 2 {
				o, err := h.ClaimNext(t.Context(), a)
				if err != nil {
					return err
				}
				got <- o.No
			}
			return nil
		}
	}
	require.Equal(t, []error{nil, nil}, h.atOnce(next(h.reviewer), next(h.reviewer2)))
	close(got)
	for no := range got {
		require.True(t, mine[no], "%s twice, or none of the queue's", no)
		delete(mine, no)
	}
	_, err := h.ClaimNext(t.Context(), h.reviewer)
	require.True(t, fault.HasKey(err, "queue_empty"), "%v", err)
}

func twoClaimOne(t *testing.T, h *house) {
	t.Helper()
	r := h.inReview()
	reviewers := []actor.Actor{h.reviewer, h.reviewer2}
	claim := func(a actor.Actor) func() error {
		return func() error { _, err := h.Claim(t.Context(), a, r.no); return err }
	}
	winner := wins(t, h.atOnce(claim(h.reviewer), claim(h.reviewer2)), "claimed_by_other")
	require.Equal(t, reviewers[winner].ID, read[uuid.UUID](h, "SELECT staff_id FROM review_claim WHERE order_id = ?", r.order().ID))
	require.Equal(t, 1, r.events("review", "claimed"))
}

// One reviewer's browser sends two verdicts at once: one falls.
func twoVerdicts(t *testing.T, h *house) {
	t.Helper()
	r := h.inReview().claimed(h.reviewer)
	op := r.opinion(h.reviewer)
	op.CustomerText = "资料与登记不符"
	wins(t, h.atOnce(
		func() error { return h.approve(h.reviewer, r.no, op) },
		func() error { return h.Reject(t.Context(), h.reviewer, r.no, op) },
	), "claim_lost")
	require.Equal(t, 1, read[int](h, "SELECT count(*) FROM review_verdict WHERE order_id = ?", r.order().ID))
}

// Two issuers confirm the same orders at once, in whatever order they ticked them: each order is reserved once.
func twoIssuers(t *testing.T, h *house) {
	t.Helper()
	a, b, c := h.inReview().approved(), h.inReview().approved(), h.inReview().approved()
	wins(t, h.atOnce(
		func() error { return h.confirm(h.issuer, []string{a.no, b.no, c.no}) },
		func() error { return h.confirm(h.issuer2, []string{c.no, b.no, a.no}) },
	), "already_confirmed")
	for _, r := range []*renewal{a, b, c} {
		id := r.order().ID
		require.Equal(t, order.StageIssuing, r.order().Stage)
		require.Equal(t, 1, read[int](h, "SELECT count(*) FROM issuance_request WHERE order_id = ?", id))
		require.Equal(t, 1, read[int](h, "SELECT count(*) FROM order_duty WHERE order_id = ? AND duty = 'issue'", id))
	}
	h.work()
	require.Equal(t, []int{1, 1, 1}, []int{a.newPairs(), b.newPairs(), c.newPairs()})
}

// Job, sweep and a second worker work on one request at once: one pair, one message.
func workersRecord(t *testing.T, h *house) {
	t.Helper()
	r := h.inReview().approved().confirmed()
	id := r.request()
	work := func() error { return h.Issue(t.Context(), id) }
	require.Equal(t, []error{nil, nil, nil}, h.atOnce(work, work, work))
	require.Equal(t, order.Recorded, r.order().Gates.Issuance)
	require.Equal(t, 1, r.newPairs())
	require.Equal(t, 1, r.events("issuance", "recorded"))
	h.work()
	require.Len(t, h.sms.to(r.phone, notify.Approved), 1)
}

// Several workers take an invoice through its steps at once: one invoice, told once.
func workersInvoice(t *testing.T, h *house) {
	t.Helper()
	r := h.apply().papers().identified().awaited().paid()
	id := read[uuid.UUID](h, "SELECT id FROM invoice WHERE order_id = ?", r.order().ID)
	work := func() error { return h.IssueInvoice(t.Context(), id) }
	for range 2 {
		for _, err := range h.atOnce(work, work, work, work) {
			require.Contains(t, []string{"", "invoice_pending", "invoice_under_way"}, key(err), "%v", err)
		}
	}
	require.Equal(t, order.Issued, r.order().Gates.Invoice)
	require.Equal(t, 1, r.events("invoice", "issued"))
	h.work()
	require.Len(t, h.sms.to(r.phone, notify.Invoice), 1)
	require.Len(t, h.mail.to(r.email, notify.Invoice), 1)
	require.Equal(t, order.Dispatched, r.order().Gates.Invoice)
}

// key is what was refused, "" for nothing.
func key(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Key
}

// events counts the moves of a gate to a state.
func (r *renewal) events(gate, to string) int {
	r.t.Helper()
	return read[int](r.house, "SELECT count(*) FROM order_event WHERE order_id = ? AND gate = ? AND to_state = ?", r.order().ID, gate, to)
}
