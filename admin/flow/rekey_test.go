package flow_test

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

// keyCentre is a key management centre in memory: the same request gets the same key.
type keyCentre struct {
	certtest.Centre
	t *testing.T

	sync.Mutex
	down, refuse bool
	keys         map[string]issuance.KeyAnswer
}

func (k *keyCentre) set(down, refuse bool) {
	k.Lock()
	defer k.Unlock()
	k.down, k.refuse = down, refuse
}

func (k *keyCentre) Apply(_ context.Context, in issuance.KeyApplication) (issuance.KeyAnswer, error) {
	k.Lock()
	defer k.Unlock()
	if k.down {
		return issuance.KeyAnswer{}, fault.Down("kmc_unavailable", time.Second, nil)
	}
	if k.refuse {
		return issuance.KeyAnswer{}, fault.New(fault.Conflict, "kmc_refused", fault.Args{"code": "user_unknown"})
	}
	id := in.RequestID.String()
	if have, ok := k.keys[id]; ok {
		return have, nil
	}
	key, err := cert.ParseKey(in.SignKey)
	require.NoError(k.t, err)
	e, _ := k.Evidence(k.t, id, key)
	if k.keys == nil {
		k.keys = map[string]issuance.KeyAnswer{}
	}
	k.keys[id] = issuance.KeyAnswer{Evidence: e, Sent: []byte("sent"), Received: []byte("received")}
	return k.keys[id], nil
}

// rekeys makes the project one whose drivers bring CSRs.
func (h *house) rekeys() {
	h.t.Helper()
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		return h.Projects.Set(ctx, tx, h.project, "keys", project.KeysCSR, h.clock.now(), h.clock.now())
	})
}

// newKey is what a driver makes in the Ukey, and its CSR.
func newKey(t *testing.T) (*sm2.PrivateKey, []byte) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key, certtest.CSR(t, key)
}

// brings opens a session with a CSR.
func (r *renewal) brings(csr []byte) issuance.Update {
	r.t.Helper()
	u, err := r.StartUpdate(r.t.Context(), driver, noKey, string(r.pair.Sign.Serial), csr)
	require.NoError(r.t, err)
	return u
}

// imported has the driver fetch the package and confirm every step of its import.
func (r *renewal) imported(u issuance.Update, token string) {
	r.t.Helper()
	_, p, err := r.UpdatePackage(r.t.Context(), u.ID.String(), token)
	require.NoError(r.t, err)
	var kinds []string
	for block, rest := pem.Decode(p.Content); block != nil; block, rest = pem.Decode(rest) {
		kinds = append(kinds, block.Type)
	}
	require.Equal(r.t, []string{"CERTIFICATE", "CERTIFICATE", "CERTIFICATE", "CERTIFICATE", "CSR RESPONSE"}, kinds)
	_, again, err := r.UpdatePackage(r.t.Context(), u.ID.String(), token)
	require.NoError(r.t, err)
	require.Equal(r.t, p, again, "the same bytes")
	confirm := func(step string) error {
		_, err := r.ConfirmUpdate(r.t.Context(), driver, u.ID.String(), token, step)
		return err
	}
	refused(r.t, confirm(issuance.StepKey), "step_out_of_order")
	require.NoError(r.t, confirm(issuance.StepSign))
	refused(r.t, confirm(issuance.StepEnc), "step_out_of_order")
	require.Equal(r.t, order.StageUpdate, r.order().Stage)
	for _, step := range []string{issuance.StepKey, issuance.StepKey, issuance.StepEnc} {
		require.NoError(r.t, confirm(step))
	}
	require.Equal(r.t, order.StageDone, r.order().Stage)
}

// TestRekeyReviewed: what staff approved is signed once the driver brings a CSR that the old key vouches for.
func TestRekeyReviewed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rekeys()
	r := h.inReview().approved()
	pair, csr := newKey(t)
	start := func(csr []byte) error {
		_, err := h.StartUpdate(t.Context(), driver, noKey, string(r.pair.Sign.Serial), csr)
		return err
	}
	refused(t, start(csr), "update_not_yet")
	r.confirmed()
	h.work()
	require.Equal(t, []any{order.StageUpdate, order.Authorised, order.None}, []any{r.order().Stage, r.order().Gates.Authorisation, r.order().Gates.Issuance})
	require.Len(t, h.sms.to(r.phone, notify.Approved), 1)
	require.Equal(t, "already_confirmed", key(h.confirm(h.issuer2, []string{r.no})))

	refused(t, start(nil), "csr_required")
	refused(t, start(certtest.CSR(t, r.ukey.SignKey)), "csr_key_kept")
	refused(t, start([]byte("no CSR")), "csr_malformed")
	u := r.brings(csr)
	require.Regexp(t, `^caconsole/collect/1\n.*\n`+cert.SM3(csr).Hex()+`$`, u.ToSign)
	_, _, err := h.ProveUpdate(t.Context(), driver, u.ID.String(), r.sign(u.ToSign[:len(u.ToSign)-64]+cert.SM3([]byte("swapped")).Hex()))
	refused(t, err, "signature_wrong")
	token, u := r.proved(u)
	require.Equal(t, issuance.StateReady, u.State, "signed at once")
	h.work()
	require.Equal(t, []any{1, 1}, []any{r.newPairs(), h.signed()})
	made, err := h.Issuance.Get(t.Context(), h.DB.Read(t.Context()), driver, u.NewPair)
	require.NoError(t, err)
	now, err := cert.ParseOld(made.DER())
	require.NoError(t, err)
	sign, enc, err := now.Keys()
	require.NoError(t, err)
	require.True(t, sign.Equal(pair.Public()))
	require.False(t, enc.Equal(r.ukey.EncKey.Public()))
	r.imported(u, token)
	require.Len(t, h.sms.to(r.phone, notify.Approved), 1, "told once")
}

// TestRekeyOnline: the holder authorises and brings the CSR in one signature.
func TestRekeyOnline(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rekeys()
	r := h.online(30 * 24 * time.Hour).settled()
	_, csr := newKey(t)
	u := r.brings(csr)
	require.Regexp(t, `(?s)^caconsole/renew/1\n\{.*"keys":"csr".*\}\n`+cert.SM3(csr).Hex()+`$`, u.ToSign)
	token, u := r.proved(u)
	require.Equal(t, issuance.StateReady, u.State)
	r.imported(u, token)
}

// TestKeyCentreAway: what is asked of the key centre is committed first, so that neither an outage nor a lost answer of
// centre or signer costs a key or makes two pairs.
func TestKeyCentreAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ centre, signer, lose, online bool }{
		"centre away":         {centre: true},
		"centre away, online": {centre: true, online: true},
		"signer away":         {signer: true},
		"signer's answer":     {lose: true, online: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.rekeys()
			var r *renewal
			if c.online {
				r = h.online(30 * 24 * time.Hour).settled()
			} else {
				r = h.inReview().approved().confirmed()
			}
			h.centre.set(c.centre, false)
			h.signer.set(c.signer, c.lose)
			_, csr := newKey(t)
			token, u := r.proved(r.brings(csr))
			require.Equal(t, []any{issuance.StateWaiting, order.StageIssuing}, []any{u.State, r.order().Stage})
			h.clock.move(time.Minute)
			require.Error(t, h.SweepIssues(t.Context()))
			h.centre.set(false, false)
			h.signer.set(false, false)
			require.NoError(t, h.SweepIssues(t.Context()))
			h.work()
			u, err := h.UpdateState(t.Context(), u.ID.String(), token)
			require.NoError(t, err)
			require.Equal(t, issuance.StateReady, u.State)
			require.Equal(t, []any{1, 1, 1}, []any{r.newPairs(), h.signed(), len(h.centre.keys)})
		})
	}
}

// TestKeyCentreRefuses: the order waits for another CSR, and its issuer sees why.
func TestKeyCentreRefuses(t *testing.T) {
	t.Parallel()
	for name, online := range map[string]bool{"reviewed": false, "online": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.rekeys()
			var r *renewal
			if online {
				r = h.online(30 * 24 * time.Hour).settled()
			} else {
				r = h.inReview().approved().confirmed()
			}
			h.centre.set(false, true)
			_, csr := newKey(t)
			u := r.brings(csr)
			_, u, err := h.ProveUpdate(t.Context(), driver, u.ID.String(), r.sign(u.ToSign))
			if online { // what the holder signed named this CSR
				refused(t, err, "update_void")
			} else {
				require.NoError(t, err)
				require.Equal(t, issuance.StateWaiting, u.State)
			}
			require.Equal(t, order.Failed, r.order().Gates.Issuance)
			require.Equal(t, "kmc_refused", read[string](h, "SELECT reason FROM key_application WHERE order_id = ?", r.order().ID))
			require.NoError(t, h.SweepIssues(t.Context()), "settled")
			h.centre.set(false, false)
			if !online {
				require.NoError(t, h.confirm(h.issuer, []string{r.no}), "the issuer lets it wait for the driver again")
				require.Equal(t, order.StageUpdate, r.order().Stage)
			}
			_, csr = newKey(t)
			token, u := r.proved(r.brings(csr))
			require.Equal(t, issuance.StateReady, u.State)
			r.imported(u, token)
		})
	}
}

// TestRekeyRaces: two PCs bring two CSRs at once: one pair.
func TestRekeyRaces(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rekeys()
	r := h.inReview().approved().confirmed()
	_, one := newKey(t)
	_, two := newKey(t)
	first, second := r.brings(one), r.brings(two)
	a, b := r.sign(first.ToSign), r.sign(second.ToSign)
	require.Equal(t, []error{nil, nil}, h.atOnce(
		func() error { _, _, err := h.ProveUpdate(t.Context(), driver, first.ID.String(), a); return err },
		func() error { _, _, err := h.ProveUpdate(t.Context(), driver, second.ID.String(), b); return err },
	))
	h.work()
	require.Equal(t, []any{1, 1, order.Recorded}, []any{r.newPairs(), h.signed(), r.order().Gates.Issuance})
}

// TestContentChangesWhileTheDriverIsAwaited: a correction voids what was approved, and the CSR comes too early again.
func TestContentChangesWhileTheDriverIsAwaited(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rekeys()
	r := h.inReview().approved().confirmed()
	_, csr := newKey(t)
	u := r.brings(csr)
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		_, err := h.Orders.Change(ctx, tx, h.reviewer, r.no, "test", (*order.Gates).TouchContent)
		if err != nil {
			return err
		}
		return h.Issuance.Void(ctx, tx, r.order().ID)
	})
	_, u = r.proved(u)
	require.Equal(t, issuance.StateWaiting, u.State)
	require.Equal(t, []any{order.StageReview, 0}, []any{r.order().Stage, h.signed()})
	_, err := h.StartUpdate(t.Context(), driver, noKey, string(r.pair.Sign.Serial), csr)
	refused(t, err, "update_not_yet")
}
