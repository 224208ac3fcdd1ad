package flow_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/issuance"
)

// TestExpiryUnderWay: the old certificate ends while its renewal online is under way.
func TestExpiryUnderWay(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, *house){
		"unpaid closes":                         unpaidCloses,
		"paid goes on by review":                paidMoves,
		"proved in time":                        provedInTime,
		"the signer's clock decides":            signersClockDecides,
		"the signer comes back too late":        signerBackTooLate,
		"proof and end at the same moment":      proofAgainstEnd,
		"money that is going back stays so":     refundUntouched,
		"a session that outlived the end of it": sessionAfterEnd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newHouse(t))
		})
	}
}

// ended moves the clock past the end of the certificates, and the sweep looks.
func (h *house) ended() {
	h.t.Helper()
	h.clock.move(2 * time.Hour)
	require.NoError(h.t, h.SweepExpired(h.t.Context()))
	h.work()
}

func unpaidCloses(t *testing.T, h *house) {
	t.Helper()
	r, later := h.online(time.Hour), h.online(48*time.Hour)
	require.NoError(t, h.SweepExpired(t.Context()))
	require.Equal(t, order.Open, r.order().Gates.Closed, "not yet")
	h.ended()
	require.Equal(t, []any{order.StageClosed, order.ClosedExpired}, []any{r.order().Stage, r.order().Gates.Closed})
	require.Equal(t, order.StagePayment, later.order().Stage)
	require.Len(t, h.sms.to(r.phone, notify.ClosedExpired), 1)
	h.ended()
	require.Len(t, h.sms.to(r.phone, notify.ClosedExpired), 1, "once")
}

func refundUntouched(t *testing.T, h *house) {
	t.Helper()
	r := h.online(time.Hour).settled()
	r.gates(func(g *order.Gates) { g.Payment = order.Refunding })
	h.ended()
	require.Equal(t, []any{order.Online, order.StageRefunding}, []any{r.order().Gates.Path, r.order().Stage})
}

func provedInTime(t *testing.T, h *house) {
	t.Helper()
	r := h.online(time.Hour).settled()
	token, u := r.proved(r.started())
	h.ended()
	require.Equal(t, order.StageUpdate, r.order().Stage)
	u, err := h.UpdateState(t.Context(), u.ID.String(), token)
	require.NoError(t, err)
	require.Equal(t, issuance.StateReady, u.State)
}

// The console still sees the certificate hold, the signer does not: what the signer says goes.
func signersClockDecides(t *testing.T, h *house) {
	t.Helper()
	r := h.online(time.Minute).settled()
	h.clock.ahead = 2 * time.Minute
	u := r.started()
	_, _, err := h.ProveUpdate(t.Context(), driver, u.ID.String(), r.sign(u.ToSign))
	refused(t, err, "update_void")
	r.isMoved(t)
	require.Zero(t, h.signed())
}

// The proof came in time, the signer only after the certificate's end.
func signerBackTooLate(t *testing.T, h *house) {
	t.Helper()
	r := h.online(time.Hour).settled()
	h.signer.set(true, false)
	token, u := r.proved(r.started())
	h.ended()
	require.Equal(t, order.StageIssuing, r.order().Stage, "left to the signer")
	h.signer.set(false, false)
	for range 2 {
		require.NoError(t, h.SweepIssues(t.Context()))
		h.work()
	}
	r.isMoved(t)
	_, err := h.UpdateState(t.Context(), u.ID.String(), token)
	refused(t, err, "update_void")
	require.Zero(t, h.signed())
}

// Proof and sweep meet: either a pair comes of it or the order moves, never both.
func proofAgainstEnd(t *testing.T, h *house) {
	t.Helper()
	for range 2 {
		r := h.online(time.Hour).settled()
		u := r.started()
		signature := r.sign(u.ToSign)
		h.clock.move(time.Hour - time.Second)
		errs := h.atOnce(
			func() error { _, _, err := h.ProveUpdate(t.Context(), driver, u.ID.String(), signature); return err },
			func() error { h.clock.move(2 * time.Second); return h.SweepExpired(t.Context()) },
		)
		require.NoError(t, errs[1])
		for range 2 {
			require.NoError(t, h.SweepIssues(t.Context()))
			require.NoError(t, h.SweepExpired(t.Context()))
			h.work()
		}
		if r.order().Gates.Path == order.Reviewed {
			require.Zero(t, r.newPairs())
			require.Len(t, h.sms.to(r.phone, notify.MovedToReviewed), 1)
		} else {
			require.NoError(t, errs[0])
			require.Equal(t, 1, r.newPairs())
			require.Equal(t, order.StageUpdate, r.order().Stage)
		}
	}
}

// A driver that had the question before the end and answers after it comes too late.
func sessionAfterEnd(t *testing.T, h *house) {
	t.Helper()
	r := h.online(time.Minute).settled()
	u := r.started()
	h.clock.move(2 * time.Minute)
	_, _, err := h.ProveUpdate(t.Context(), driver, u.ID.String(), r.sign(u.ToSign))
	refused(t, err, "renew_expired")
	_, err = h.StartUpdate(t.Context(), driver, noKey, string(r.pair.Sign.Serial), nil)
	refused(t, err, "renew_expired")
	h.ended()
	r.isMoved(t)
	_, err = h.StartUpdate(t.Context(), driver, noKey, string(r.pair.Sign.Serial), nil)
	refused(t, err, "update_not_yet")
}

// isMoved requires that an order goes on by review with its money and that the agent was told once.
func (r *renewal) isMoved(t *testing.T) {
	t.Helper()
	r.work()
	o := r.order()
	require.Equal(t, []any{order.Reviewed, order.Settled, order.StagePapers, order.NextEnter},
		[]any{o.Gates.Path, o.Gates.Payment, o.Stage, o.Next(false)})
	require.Len(t, r.sms.to(r.phone, notify.MovedToReviewed), 1)
	require.Zero(t, read[int](r.house, "SELECT count(*) FROM authorisation WHERE order_id = ? AND state <> 'void'", o.ID))
}

// gates sets gates as a job would.
func (r *renewal) gates(set func(*order.Gates)) {
	r.t.Helper()
	r.change(func(g *order.Gates) error { set(g); return nil })
}

// The money is kept, the papers are asked for, and the order takes the rest of its course by review.
func paidMoves(t *testing.T, h *house) {
	t.Helper()
	r := h.online(time.Hour).settled()
	h.ended()
	r.isMoved(t)
	h.ended()
	r.isMoved(t)

	_, err := h.ConfirmForm(t.Context(), r.who, noKey, r.no)
	refused(t, err, "unit_missing")
	err = r.corrects(flow.Correction{Legal: &flow.PersonPatch{Name: secret("李建国")}})
	require.Equal(t, "organisation.name", fault.Of(err).Fields[0].Name, "both, or neither")
	require.Equal(t, order.NextPrintForm, r.unitAdded().order().Next(false))
	r.papers().identified()
	require.Equal(t, order.StageReview, r.order().Stage, "nothing more to pay")
	r.approved().confirmed()
	h.work()
	require.Equal(t, 1, r.newPairs())
	u := r.started()
	require.Equal(t, issuance.KindCollect, u.Kind)
	_, u = r.proved(u)
	made, err := h.Issuance.Get(t.Context(), h.DB.Read(t.Context()), driver, u.NewPair)
	require.NoError(t, err)
	require.Equal(t, h.Now().In(order.Beijing).AddDate(2, 0, 0).Format(time.DateOnly), made.NotAfter().In(order.Beijing).Format(time.DateOnly),
		"from the signing on, for it has expired")
}
