package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/applicant"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// Consents are part of what an approval binds: a new one sends an approved order back to the reviewers, and it gets
// through with another approval. (It used to keep an approval no issuer could confirm.)
func TestNewConsentVoidsApproval(t *testing.T) {
	h := newHouse(t)
	r := h.inReview().approved()
	h.tx(func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec(`INSERT INTO agreement (code, version, title, body, sensitive, effective_from, created_at)
			SELECT code, 2, title, body, sensitive, ?, ? FROM agreement WHERE code = 'service' AND version = 1`, monday, monday).Error
	})
	_, err := h.GiveConsents(t.Context(), r.who, []applicant.Agreed{{Code: "service", Version: 2}})
	require.NoError(t, err)
	require.Equal(t, order.Queued, r.order().Gates.Review)
	require.Zero(t, read[int](h, "SELECT count(*) FROM authorisation WHERE order_id = ? AND state <> 'void'", r.order().ID))

	before := r.order().Gates.ContentVersion
	_, err = h.GiveConsents(t.Context(), r.who, []applicant.Agreed{{Code: "service", Version: 2}})
	require.NoError(t, err)
	require.Equal(t, before, r.order().Gates.ContentVersion, "nothing new was agreed to")

	r.approved().confirmed()
	h.work()
	require.Equal(t, order.Recorded, r.order().Gates.Issuance)
}

// A consent withdrawn before signing ends what rests on it: pictures go, money that came waits to go back, nothing is
// signed, and vendors learn nothing more.
func TestWithdrawnConsent(t *testing.T) {
	h := newHouse(t)
	paid, owing, trying := h.inReview().approved(), h.apply().papers().identified().awaited(), h.apply().papers()
	try := trying.begun()
	pictures := "SELECT count(*) FROM identity_image i JOIN identity_attempt a ON a.id = i.attempt_id WHERE a.order_id = ?"
	require.Equal(t, 1, read[int](h, pictures, paid.order().ID))
	for _, r := range []*renewal{paid, owing, trying} {
		_, err := h.WithdrawConsents(t.Context(), r.who, []string{"sensitive_data"})
		require.NoError(t, err)
		require.Equal(t, order.Withdrawn, r.order().Gates.Consent)
	}
	require.Equal(t, order.ClosedWithdrawn, paid.order().Gates.Closed)
	require.Equal(t, order.StageRefunding, paid.order().Stage)
	require.Equal(t, order.ClosedWithdrawn, owing.order().Gates.Closed)
	require.Equal(t, order.StageClosed, owing.order().Stage)
	require.Zero(t, read[int](h, pictures, paid.order().ID))
	require.Equal(t, "closed", read[string](h, "SELECT state FROM receivable WHERE order_id = ?", owing.order().ID))
	require.Zero(t, read[int](h, "SELECT count(*) FROM authorisation WHERE order_id = ? AND state <> 'void'", paid.order().ID))
	require.Error(t, h.confirm(h.issuer, []string{paid.no}))

	h.face.answer(passed(agentName, agentNumber), nil)
	require.NoError(t, h.IdentityResult(t.Context(), try))
	attempt, err := h.Identities.Get(t.Context(), h.DB.Read(t.Context()), try)
	require.NoError(t, err)
	require.Equal(t, identity.Expired, attempt.State)
	require.Zero(t, read[int](h, pictures, trying.order().ID))

	checks := read[int](h, "SELECT count(*) FROM telecom_check")
	require.NoError(t, h.TelecomCheck(t.Context(), flow.TelecomCheckArgs{OrderNo: trying.no}))
	require.Equal(t, checks, read[int](h, "SELECT count(*) FROM telecom_check"), "a carrier was asked about the agent")
}

// The agent passes by the link of an earlier try while a later one is open: what the reviewer approves is the try that
// passed, whatever becomes of the other.
func TestApprovalBindsTheTryThatPassed(t *testing.T) {
	h := newHouse(t)
	r := h.apply().papers()
	first := r.begun()
	h.clock.move(31 * time.Minute)
	second := r.begun()
	require.NotEqual(t, first, second)
	h.face.answer(passed(agentName, agentNumber), nil)
	require.NoError(t, h.IdentityResult(t.Context(), first))
	require.Equal(t, order.Passed, r.order().Gates.Identity)
	seen, err := h.Case(t.Context(), h.reviewer, r.no)
	require.NoError(t, err)
	require.Equal(t, first, seen.Attempts[0].ID, "the reviewer is shown what they approve")
	r.awaited().paid().approved()

	h.clock.move(31 * time.Minute)
	require.NoError(t, h.SweepIdentities(t.Context()))
	later, err := h.Identities.Get(t.Context(), h.DB.Read(t.Context()), second)
	require.NoError(t, err)
	require.Equal(t, identity.Expired, later.State)
	r.confirmed()
}
