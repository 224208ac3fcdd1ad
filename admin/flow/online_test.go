package flow_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
	"caconsole/issuance"
	"caconsole/issuance/cert/certtest"
)

// driver is whoever has a Ukey in a PC.
var driver = actor.Actor{Kind: actor.Driver, AllProjects: true, IP: "10.0.0.2"}

// online has a new applicant open the renewal of a pair that holds for another while: years, agent and invoice only.
func (h *house) online(holds time.Duration) *renewal {
	h.t.Helper()
	h.renewed++
	r := &renewal{
		house: h, phone: fmt.Sprintf("139%08d", h.renewed), email: fmt.Sprintf("agent%d@example.cn", h.renewed),
		holder: fmt.Sprintf("在线%d号核电有限公司", h.renewed),
	}
	r.logIn()
	r.bringUkey(h.Now().Add(holds))
	view, err := h.CreateOrder(h.t.Context(), r.who, noKey, flow.NewOrder{
		Serial: string(r.pair.Sign.Serial), Years: 2,
		Agent:   applicant.Person{Name: agentName, IDNumber: agentNumber, Phone: seal.Secret(r.phone), Email: seal.Secret(r.email)},
		Invoice: invoice.Buyer{Kind: invoice.General, Title: r.holder, TaxID: certtest.OrganisationCode},
	})
	require.NoError(h.t, err)
	r.no = view.Order.No
	h.work()
	return r
}

// settled lets the money be there.
func (r *renewal) settled() *renewal {
	r.t.Helper()
	for _, to := range []order.State{order.Awaiting, order.Settled} {
		r.gates(func(g *order.Gates) { g.Payment, g.Method = to, order.WeChat })
	}
	return r
}

// started opens a driver's session.
func (r *renewal) started() issuance.Update {
	r.t.Helper()
	u, err := r.StartUpdate(r.t.Context(), driver, noKey, string(r.pair.Sign.Serial), nil)
	require.NoError(r.t, err)
	return u
}

// proved has the Ukey sign what a session asks for.
func (r *renewal) proved(u issuance.Update) (token string, now issuance.Update) {
	r.t.Helper()
	token, now, err := r.ProveUpdate(r.t.Context(), driver, u.ID.String(), r.sign(u.ToSign))
	require.NoError(r.t, err)
	return token, now
}

// refused requires that an act was refused with a key.
func refused(t *testing.T, err error, key string) {
	t.Helper()
	require.True(t, fault.HasKey(err, key), "%v", err)
}

// TestCourseOnline takes one order through every stage of the online path.
func TestCourseOnline(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.online(30 * 24 * time.Hour)
	o := r.order()
	require.Equal(t, []any{order.StagePayment, order.NextPay, order.Match}, []any{o.Stage, o.Next(false), o.Gates.Telecom})
	require.Equal(t, r.holder, o.Holder)
	_, err := h.StartUpdate(t.Context(), driver, noKey, string(r.pair.Sign.Serial), nil)
	refused(t, err, "update_unpaid")

	r.settled()
	require.Equal(t, order.StageUpdate, r.order().Stage)
	u := r.started()
	require.Equal(t, []any{issuance.KindRenew, issuance.StateWaiting}, []any{u.Kind, u.State})
	require.Regexp(t, `^caconsole/renew/1\n\{"content":.*\}\n-$`, u.ToSign)
	require.Equal(t, u.ToSign, r.started().ToSign, "another session, the same renewal")
	_, _, err = h.ProveUpdate(t.Context(), driver, u.ID.String(), r.sign("caconsole/renew/1\n{}\n-"))
	refused(t, err, "signature_wrong")

	token, u := r.proved(u)
	require.Equal(t, issuance.StateReady, u.State, "signed at once")
	h.work() // its job finds nothing left to do
	require.Equal(t, 1, r.newPairs())
	made, err := h.Issuance.Get(t.Context(), h.DB.Read(t.Context()), driver, u.NewPair)
	require.NoError(t, err)
	end := r.pair.NotAfter().In(order.Beijing).AddDate(2, 0, 0)
	require.Equal(t, end.Format("2006-01-02")+" 23:59:59", made.NotAfter().In(order.Beijing).Format(time.DateTime))
	for _, step := range []string{issuance.StepSign, issuance.StepEnc} {
		_, err = h.ConfirmUpdate(t.Context(), driver, u.ID.String(), token, step)
		require.NoError(t, err)
	}
	require.Equal(t, order.StageDone, r.order().Stage)
	require.Empty(t, h.sms.to(r.phone, notify.Approved), "nobody reviewed it")
}

// A Ukey's signature is kept before the signer is asked: whatever is lost after it, one pair comes of it, for the session
// that signed and for any other of the same Ukey.
func TestHolderProofIsNotLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		down, lose bool
		outage     time.Duration
	}{
		"signer away for a moment": {down: true, outage: time.Minute},
		"answer lost":              {lose: true, outage: time.Minute},
		"signer away overnight":    {down: true, outage: 9 * time.Hour},
		"overnight, answer lost":   {lose: true, outage: 9 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			r := h.online(30 * 24 * time.Hour).settled()
			h.signer.set(c.down, c.lose)
			token, u := r.proved(r.started())
			require.Equal(t, issuance.StateWaiting, u.State)
			require.Equal(t, order.StageIssuing, r.order().Stage)
			h.clock.move(c.outage)
			h.signer.set(false, false)
			for range 2 { // a request that lay too long is closed, and made anew
				require.NoError(t, h.SweepIssues(t.Context()))
				h.work()
			}
			u, err := h.UpdateState(t.Context(), u.ID.String(), token)
			require.NoError(t, err)
			require.Equal(t, issuance.StateReady, u.State)
			other := r.started()
			require.Equal(t, issuance.KindCollect, other.Kind)
			_, other = r.proved(other)
			require.Equal(t, u.NewPair, other.NewPair)
			require.Equal(t, 1, r.newPairs())
			require.Equal(t, 1, h.signed())
		})
	}
}

// signed counts the pairs the signer has made.
func (h *house) signed() int {
	h.t.Helper()
	st, err := h.signer.Status(h.t.Context())
	require.NoError(h.t, err)
	return st.Issued
}

// Two PCs with the same Ukey, or one that asks twice: one pair.
func TestHolderProvesTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.online(30 * 24 * time.Hour).settled()
	one, two := r.started(), r.started()
	first, second := r.sign(one.ToSign), r.sign(two.ToSign)
	errs := h.atOnce(
		func() error { _, _, err := h.ProveUpdate(t.Context(), driver, one.ID.String(), first); return err },
		func() error { _, _, err := h.ProveUpdate(t.Context(), driver, two.ID.String(), second); return err },
	)
	require.Equal(t, []error{nil, nil}, errs)
	h.work()
	require.Equal(t, []any{1, 1, order.Recorded}, []any{r.newPairs(), h.signed(), r.order().Gates.Issuance})
	_, _, err := h.ProveUpdate(t.Context(), driver, one.ID.String(), first)
	refused(t, err, "update_proved")
}

// What changed since the Ukey was asked must not be signed on the strength of the old words.
func TestHolderSignsWhatTheOrderSays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.online(30 * 24 * time.Hour).settled()
	u := r.started()
	r.change((*order.Gates).TouchContent)
	_, _, err := h.ProveUpdate(t.Context(), driver, u.ID.String(), r.sign(u.ToSign))
	refused(t, err, "update_outdated")
	fresh := r.started()
	require.NotEqual(t, u.ToSign, fresh.ToSign)
	_, _, err = h.ProveUpdate(t.Context(), driver, u.ID.String(), r.sign(u.ToSign))
	refused(t, err, "update_void")
	r.proved(fresh)
	require.Equal(t, 1, h.signed())
}

// The carriers know the agent by another name: neither paying nor renewing goes on until that is put right.
func TestTelecomMismatchOnline(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.carrier.outcome = identity.Mismatch
	r := h.online(30 * 24 * time.Hour)
	_, err := h.ChoosePayment(t.Context(), r.who, noKey, r.no, "wechat")
	refused(t, err, "telecom_mismatch")
	r.settled()
	require.False(t, r.order().Gates.ReadyForHolder())
	require.Equal(t, "sentence.identity.telecom_mismatch", r.order().Gates.Sentence().Now)
	_, err = h.StartUpdate(t.Context(), driver, noKey, string(r.pair.Sign.Serial), nil)
	refused(t, err, "telecom_mismatch")
}

// change changes gates as a job would.
func (r *renewal) change(fn func(*order.Gates) error) {
	r.t.Helper()
	r.tx(func(ctx context.Context, tx pg.Tx) error {
		_, err := r.Orders.Change(ctx, tx, actor.Job("test"), r.no, "test.changed", fn)
		return err
	})
}
