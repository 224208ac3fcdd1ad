package flow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/review"
)

// sentBack has a reviewer send papers back.
func (r *renewal) sentBack(a actor.Actor, kinds ...document.Kind) {
	r.t.Helper()
	r.claimed(a)
	op := r.opinion(a)
	op.CustomerText = "公章不清晰，请重新加盖"
	op.Items = nil
	for _, k := range kinds {
		op.Items = append(op.Items, review.Item{Kind: string(k), Reason: "stamp_unclear"})
	}
	require.NoError(r.t, r.SendBack(r.t.Context(), a, r.no, op))
	require.Equal(r.t, order.StageReturned, r.order().Stage)
}

func TestSendingBackIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	item := review.Item{Kind: string(document.BusinessLicence), Reason: "stamp_unclear"}
	for name, c := range map[string]struct {
		change func(*flow.Opinion)
		field  string
	}{
		"nothing named":        {func(op *flow.Opinion) { op.Items = nil }, "items"},
		"unknown reason":       {func(op *flow.Opinion) { op.Items[0].Reason = "ugly" }, "items"},
		"another paper's":      {func(op *flow.Opinion) { op.Items[0].Reason = "signature_missing" }, "items"},
		"a voucher":            {func(op *flow.Opinion) { op.Items[0].Kind = string(document.RemittanceVoucher) }, "items"},
		"no words":             {func(op *flow.Opinion) { op.CustomerText = "  " }, "customer_text"},
		"words no SMS carries": {func(op *flow.Opinion) { op.CustomerText = "请看 https://x.cn" }, "customer_text"},
	} {
		op := r.opinion(h.reviewer)
		op.Items, op.CustomerText = []review.Item{item}, "公章不清晰"
		c.change(&op)
		require.Equal(t, c.field, fieldOf(h.SendBack(t.Context(), h.reviewer, r.no, op)), name)
		require.Equal(t, order.Claimed, r.order().Gates.Review, name)
		require.Equal(t, op.CustomerText, r.draft().CustomerText, "the draft was kept")
	}
}

func TestReturnedPapersComeBackByThemselves(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview()
	r.sentBack(h.reviewer, document.BusinessLicence)
	h.work()
	told := h.sms.to(r.phone, notify.Returned)
	require.Len(t, told, 1)
	require.Equal(t, []string{r.no, "公章不清晰，请重新加盖"}, told[0].Params)
	_, err := h.Claim(t.Context(), h.reviewer2, r.no)
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)

	require.True(t, fault.HasKey(r.upload(document.ApplicationForm, 60), "document_not_returned"))
	require.Equal(t, order.StageReturned, r.order().Stage)
	due := r.order().ReviewDueAt
	h.clock.move(3600e9)
	require.NoError(t, r.upload(document.BusinessLicence, 60))
	o := r.order()
	require.Equal(t, []any{order.StageReview, order.Queued, order.Uploaded}, []any{o.Stage, o.Gates.Review, o.Gates.Documents})
	require.True(t, o.ReviewDueAt.After(due), "a new promise")
	require.Equal(t, monday, o.SubmittedAt, "and the first entry stands")

	_, err = h.ClaimNext(t.Context(), h.reviewer)
	require.NoError(t, err, "the same duty again is no conflict")
	require.NoError(t, h.approve(h.reviewer, r.no, r.opinion(h.reviewer)))
	require.Equal(t, order.StageToIssue, r.order().Stage)
}

// A second round returns other papers, is told again, and opens only what it names.
func TestSecondRound(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview()
	r.sentBack(h.reviewer, document.BusinessLicence)
	require.NoError(t, r.upload(document.BusinessLicence, 60))
	require.NoError(t, r.upload(document.BusinessLicence, 61), "replaced while it waits")
	r.sentBack(h.reviewer2, document.ApplicationForm)
	h.work()
	require.Len(t, h.sms.to(r.phone, notify.Returned), 2)
	require.True(t, fault.HasKey(r.upload(document.BusinessLicence, 62), "document_not_returned"))
	require.NoError(t, r.upload(document.ApplicationForm, 63))
	require.Equal(t, order.StageReview, r.order().Stage)
}

// With two papers returned the order waits for both; either may be replaced until it has left.
func TestBothPapersReturned(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview()
	r.sentBack(h.reviewer, document.ApplicationForm, document.BusinessLicence)
	require.NoError(t, r.upload(document.BusinessLicence, 60))
	require.Equal(t, order.StageReturned, r.order().Stage)
	_, err := h.Resubmit(t.Context(), r.who, noKey, r.no)
	require.True(t, fault.HasKey(err, "resubmission_incomplete"), "%v", err)
	require.NoError(t, r.upload(document.BusinessLicence, 61))
	require.NoError(t, r.upload(document.ApplicationForm, 62))
	require.Equal(t, order.StageReview, r.order().Stage)
	view, err := h.Resubmit(t.Context(), r.who, noKey, r.no)
	require.NoError(t, err)
	require.Equal(t, order.NextWait, view.Next)
}

// Money that leaves while the papers are away keeps the order out of the queue until it is back.
func TestReturnedAndUnpaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview()
	r.sentBack(h.reviewer, document.BusinessLicence)
	r.unmatched()
	require.NoError(t, r.upload(document.BusinessLicence, 60))
	require.NotEqual(t, order.Queued, r.order().Gates.Review)
	r.matchedAgain()
	require.Equal(t, order.Queued, r.order().Gates.Review)
}
