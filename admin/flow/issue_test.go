package flow_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	"caconsole/issuance/cert/certtest"
)

func TestConfirmationIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	queued, approved := h.inReview(), h.inReview().approved()
	many := make([]string, flow.MaxBatch+1)
	for i := range many {
		many[i] = order.FormatNo(monday, int64(1000+i))
	}
	for name, c := range map[string]struct {
		nos []string
		key string
	}{
		"nothing":                  {nil, "invalid_field"},
		"too many":                 {many, "invalid_field"},
		"unknown":                  {[]string{approved.no, many[0]}, "order_unknown"},
		"one that is not approved": {[]string{queued.no, approved.no}, "not_ready_for_issue"},
	} {
		err := h.confirm(h.issuer, c.nos)
		require.Equal(t, c.key, key(err), name)
		require.Equal(t, order.StageToIssue, approved.order().Stage, "%s: all or none", name)
	}
	require.Zero(t, read[int](h, "SELECT count(*) FROM order_duty WHERE duty = 'issue'"))
	require.NoError(t, h.confirm(h.issuer, []string{approved.no, approved.no}), "ticked twice")
	err := h.confirm(h.issuer2, []string{approved.no})
	require.True(t, fault.HasKey(err, "already_confirmed"), "%v", err)
	require.Equal(t, approved.no, fault.Of(err).Args["no"])
}

// What changes after the approval voids it: the issuer cannot confirm, and a reviewer has to look again.
func TestApprovalIsVoidAfterAChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().approved()
	h.carrier.outcome = identity.Unknown
	r.setGate(func(g *order.Gates) { g.Telecom = order.None })
	require.NoError(t, h.TelecomCheck(t.Context(), flow.TelecomCheckArgs{OrderNo: r.no, Try: 99}))
	o := r.order()
	require.Equal(t, []any{order.StageReview, order.Queued}, []any{o.Stage, o.Gates.Review})
	err := h.confirm(h.issuer, []string{r.no})
	require.True(t, fault.HasKey(err, "not_ready_for_issue"), "%v", err)
	require.Equal(t, "void", read[string](h, "SELECT state FROM authorisation WHERE order_id = ?", o.ID))
	r.approved().confirmed()
	h.work()
	require.Equal(t, 1, r.newPairs())
}

// An undone match leaves the approval standing and shuts the way to the signer until the money is back.
func TestUnmatchedMoneyStopsTheSigner(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().approved()
	r.unmatched()
	err := h.confirm(h.issuer, []string{r.no})
	require.True(t, fault.HasKey(err, "not_ready_for_issue"), "%v", err)
	r.matchedAgain()
	r.confirmed()
	h.work()
	require.Equal(t, order.StageUpdate, r.order().Stage)
}

// A signer that was away for longer than clocks may differ refuses what lay waiting. The order goes back to 待签发 with
// the reason, and the next confirmation gives one pair.
func TestRequestThatLayTooLong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.signer.set(true, false)
	r := h.inReview().approved().confirmed()
	first := r.request()
	h.clock.move(time.Hour)
	h.signer.set(false, false)
	require.NoError(t, h.SweepIssues(t.Context()))
	o := r.order()
	require.Equal(t, []any{order.StageToIssue, order.Failed, order.Authorised}, []any{o.Stage, o.Gates.Issuance, o.Gates.Authorisation})
	require.Equal(t, "clock_skew", read[string](h, "SELECT reason FROM issuance_request WHERE id = ?", first))
	require.Zero(t, r.newPairs())
	require.NoError(t, h.Issue(t.Context(), first), "the job runs once more")
	require.Equal(t, order.StageToIssue, r.order().Stage)

	require.NoError(t, h.confirm(h.issuer2, []string{r.no}), "another issuer confirms")
	require.NotEqual(t, first, r.request())
	h.work()
	require.Equal(t, order.StageUpdate, r.order().Stage)
	require.Equal(t, 1, r.newPairs())
	require.NoError(t, h.Issue(t.Context(), first))
	require.Equal(t, 1, r.newPairs())
}

// The signer has signed and its answer is lost: the sweep finds the pair and does not ask for another.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]time.Duration{"soon": time.Minute, "when a new request would be refused": time.Hour} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			r := h.inReview().approved().confirmed()
			h.signer.set(false, true)
			require.True(t, fault.Is(h.Issue(t.Context(), r.request()), fault.Unavailable))
			require.Equal(t, order.StageIssuing, r.order().Stage)
			h.signer.set(false, false)
			h.clock.move(late)
			require.NoError(t, h.SweepIssues(t.Context()))
			require.Equal(t, order.StageUpdate, r.order().Stage)
			require.Equal(t, 1, r.newPairs())
			status, err := h.signer.Status(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, status.Issued)
		})
	}
}

// The job of a request that the database does not know is no reason to close it at the signer: nothing is guessed.
func TestUnknownRequestIsNotClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().approved().confirmed()
	id := r.request()
	other := id
	other[15]++
	before, err := h.signer.Status(t.Context())
	require.NoError(t, err)
	require.True(t, fault.Is(h.Issue(t.Context(), other), fault.NotFound))
	after, err := h.signer.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, after, "the signer has heard of it")
	h.work()
	require.Equal(t, 1, r.newPairs())
}

// One order that the signer refuses holds up no other.
func TestRefusedOrderHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	good := h.inReview().approved()
	h.oldCA = certtest.Authority(t).CA // one the signer does not trust
	bad := h.inReview().approved()
	require.NoError(t, h.confirm(h.issuer, []string{bad.no, good.no}))
	h.work()
	require.Equal(t, order.StageUpdate, good.order().Stage)
	require.Equal(t, []any{order.StageToIssue, order.Failed}, []any{bad.order().Stage, bad.order().Gates.Issuance})
	require.Equal(t, "old_pair_untrusted", read[string](h, "SELECT reason FROM issuance_request WHERE order_id = ?", bad.order().ID))
	require.Zero(t, bad.newPairs())
}
