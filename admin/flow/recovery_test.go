package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/document"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
)

// The signer has closed a request and the console died before it wrote that down: the sweep does, and the order can be
// confirmed again.
func TestRequestClosedByTheSignerOnly(t *testing.T) {
	h := newHouse(t)
	r := h.inReview().approved().confirmed()
	_, err := h.signer.Close(t.Context(), r.request().String())
	require.NoError(t, err)
	h.clock.move(time.Minute)
	require.NoError(t, h.SweepIssues(t.Context()))
	require.Equal(t, order.Failed, r.order().Gates.Issuance)
	require.Equal(t, order.StageToIssue, r.order().Stage)
	h.work() // the job comes late: nothing is settled twice
	require.Equal(t, 1, r.events("issuance", "failed"))

	r.confirmed()
	h.work()
	require.Equal(t, order.Recorded, r.order().Gates.Issuance)
	require.Equal(t, 1, r.newPairs())
}

// The signer is silent for as long as a restart takes: what was reserved is signed when it is back, and nobody has to
// confirm it again.
func TestSilentSignerClosesNothing(t *testing.T) {
	h := newHouse(t)
	r := h.inReview().approved().confirmed()
	h.signer.set(true, false)
	h.clock.move(8 * time.Minute)
	require.Error(t, h.SweepIssues(t.Context()))
	require.Equal(t, order.Reserved, r.order().Gates.Issuance)
	h.signer.set(false, false)
	require.NoError(t, h.SweepIssues(t.Context()))
	require.Equal(t, order.Recorded, r.order().Gates.Issuance)
	require.Equal(t, 1, r.newPairs())
}

// An approval nobody confirmed in time is worth nothing: the order comes back to the reviewers by itself.
func TestApprovalLapses(t *testing.T) {
	h := newHouse(t)
	r := h.inReview().approved()
	require.NoError(t, h.SweepApprovals(t.Context()))
	require.Equal(t, order.StageToIssue, r.order().Stage)
	h.clock.move(review.ApprovalLife + time.Minute)
	require.Error(t, h.confirm(h.issuer, []string{r.no}))
	require.NoError(t, h.SweepApprovals(t.Context()))
	require.Equal(t, order.StageReview, r.order().Stage)
	require.NoError(t, h.SweepApprovals(t.Context()), "again, with nothing left to do")
	r.approved().confirmed()
	h.work()
	require.Equal(t, order.Recorded, r.order().Gates.Issuance)
}

// Who only asked what to sign approved nothing: the case stays theirs as it is.
func TestQuestionLapses(t *testing.T) {
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	_, err := h.ApproveToSign(t.Context(), h.reviewer, r.no, r.opinion(h.reviewer))
	require.NoError(t, err)
	before := r.order().Gates
	h.clock.move(review.ApprovalLife + time.Minute)
	require.NoError(t, h.SweepApprovals(t.Context()))
	require.Equal(t, before, r.order().Gates)
	require.Equal(t, "void", read[string](h, "SELECT state FROM authorisation WHERE order_id = ?", r.order().ID))
}

// Whether the invoice's SMS went out was unknown until its vendor reported the delivery: the order's gate hears of it.
func TestDeliveryReportMovesTheInvoiceGate(t *testing.T) {
	h := newHouse(t)
	r := h.apply().papers().identified().awaited().paid()
	id := read[uuid.UUID](h, "SELECT id FROM invoice WHERE order_id = ?", r.order().ID)
	h.sms.lose = true
	require.Error(t, h.IssueInvoice(t.Context(), id), "asked for")
	require.NoError(t, h.IssueInvoice(t.Context(), id))
	h.work()
	require.Equal(t, order.Issued, r.order().Gates.Invoice)
	sms := read[uuid.UUID](h, "SELECT id FROM message WHERE order_id = ? AND template = 'invoice' AND channel = 'sms'", r.order().ID)
	h.tx(func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("UPDATE message SET state = 'unknown' WHERE id = ?", sms).Error
	})
	require.NoError(t, h.CheckDelivery(t.Context(), sms))
	require.Equal(t, order.Dispatched, r.order().Gates.Invoice)
}

// A client that lost its answer sends the same file again: whoever reviews the order is not disturbed.
func TestSameFileAgainChangesNothing(t *testing.T) {
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	op := r.opinion(h.reviewer)
	require.NoError(t, r.upload(document.BusinessLicence, 180))
	require.NoError(t, h.approve(h.reviewer, r.no, op))
}

// A colleague takes an order whose lease has just run out, before the sweep has seen it: both claims are on record.
func TestLapsedClaimIsTakenOver(t *testing.T) {
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	h.clock.move(review.Lease + time.Second)
	r.claimed(h.reviewer2)
	require.Equal(t, 2, r.events("review", "claimed"))
	require.NoError(t, h.SweepClaims(t.Context()))
	require.Equal(t, order.Claimed, r.order().Gates.Review)
	require.NoError(t, h.approve(h.reviewer2, r.no, r.opinion(h.reviewer2)))
}
