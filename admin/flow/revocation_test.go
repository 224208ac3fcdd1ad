package flow_test

import (
	"context"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/invoice"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/seal"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

func (w *wire) Revoke(ctx context.Context, in cert.RevocationOrder) (cert.Revoked, error) {
	down, lose := w.state()
	if down {
		return cert.Revoked{}, errSignerDown
	}
	out, err := w.Engine.Revoke(ctx, in)
	if lose {
		return cert.Revoked{}, errSignerDown
	}
	return out, err
}

func (w *wire) CRL(ctx context.Context, in cert.CRLOrder) (cert.CRL, error) {
	down, lose := w.state()
	if down {
		return cert.CRL{}, errSignerDown
	}
	out, err := w.Engine.CRL(ctx, in)
	if lose {
		return cert.CRL{}, errSignerDown
	}
	return out, err
}

// issued is an order whose new pair is signed and recorded.
func (h *house) issued() *renewal {
	h.t.Helper()
	r := h.inReview().approved().confirmed()
	h.work()
	require.Equal(h.t, order.Recorded, r.order().Gates.Issuance)
	return r
}

// made is the pair an order led to.
func (r *renewal) made() issuance.Pair {
	r.t.Helper()
	p, err := r.Issuance.Made(r.t.Context(), r.DB.Read(r.t.Context()), r.order().ID)
	require.NoError(r.t, err)
	return p
}

// lost is the wish to revoke a pair whose Ukey was stolen.
func lost(p issuance.Pair) issuance.Proposal {
	return issuance.Proposal{Pair: p.ID, Reason: cert.ReasonKeyCompromise, AskedBy: issuance.AskedByHolder, Grounds: "单位来函：Ukey 与 PIN 一并失窃"}
}

// proposed has the first issuer sign a revocation.
func (h *house) proposed(in issuance.Proposal) uuid.UUID {
	h.t.Helper()
	t, err := h.ProposeRevocationToSign(h.t.Context(), h.issuer, in)
	require.NoError(h.t, err)
	id, err := h.ProposeRevocation(h.t.Context(), h.issuer, in, h.touch(h.issuer, t))
	require.NoError(h.t, err)
	return id
}

// checked has somebody sign second.
func (h *house) checked(a actor.Actor, id uuid.UUID) error {
	h.t.Helper()
	t, err := h.CheckRevocationToSign(h.t.Context(), a, id)
	if err != nil { // whoever asks nobody refuses by itself too
		require.Equal(h.t, key(err), key(h.CheckRevocation(h.t.Context(), a, id, issuance.Signature{})))
		return err
	}
	return h.CheckRevocation(h.t.Context(), a, id, h.touch(a, t))
}

func (h *house) revocation(id uuid.UUID) issuance.Revocation {
	h.t.Helper()
	r, err := h.Issuance.Revocation(h.t.Context(), h.DB.Read(h.t.Context()), actor.Job("test"), id)
	require.NoError(h.t, err)
	return r
}

// list is what the public fetches.
func (h *house) list() issuance.List {
	h.t.Helper()
	l, err := h.RevocationList(h.t.Context(), actor.Actor{IP: "10.0.0.3"}, "issuing.crl")
	require.NoError(h.t, err)
	l.DER, err = h.RevocationListContent(h.t.Context(), l.Number)
	require.NoError(h.t, err)
	return l
}

// TestRevocation takes a pair from two signatures to the list, as OpenSSL reads it.
func TestRevocation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.issued()
	p := r.made()
	require.NoError(t, h.MakeList(t.Context()))
	require.EqualValues(t, 1, h.list().Number)

	id := h.proposed(lost(p))
	require.Equal(t, issuance.RevocationProposed, h.revocation(id).State)
	require.Zero(t, h.queued("revoke"))
	refused(t, h.checked(h.issuer, id), "four_eyes")
	require.Equal(t, 2, read[int](h, "SELECT count(*) FROM audit_entry WHERE action = 'revocation.approved' AND outcome = 'refused' AND reason = 'four_eyes'"))
	require.NoError(t, h.checked(h.issuer2, id))
	refused(t, h.checked(h.issuer2, id), "revocation_moved")
	require.Equal(t, issuance.RevocationApproved, h.revocation(id).State)
	h.work()

	got := h.revocation(id)
	require.Equal(t, issuance.RevocationRevoked, got.State)
	require.True(t, h.Now().Equal(got.RevokedAt), "%s", got.RevokedAt)
	require.NotZero(t, got.Head.Seq)
	require.EqualValues(t, 2, got.Listed)
	require.True(t, got.OrdersEnded)
	require.Equal(t, issuance.Revoked, r.made().State)
	l := h.list()
	require.EqualValues(t, 2, l.Number)
	require.Equal(t, 2, l.Entries)
	opensslReads(t, h, l.DER, p.Sign.Serial, p.Enc.Serial)

	_, err := h.ProposeRevocationToSign(t.Context(), h.issuer2, lost(p))
	refused(t, err, "already_revoked")
	require.NoError(t, h.MakeList(t.Context()), "nothing is due")
	require.EqualValues(t, 2, h.list().Number)
}

// opensslReads has OpenSSL, which shares no code with ours, verify a list and find serials on it.
func opensslReads(t *testing.T, h *house, der []byte, serials ...cert.Serial) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	by, err := h.Issuance.Authority(t.Context(), h.DB.Read(t.Context()))
	require.NoError(t, err)
	var list struct {
		TBS       asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	_, err = asn1.Unmarshal(der, &list)
	require.NoError(t, err)
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"ca.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: by.CA}), "list.der": der, "tbs": list.TBS.FullBytes, "sig": list.Signature.Bytes,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	openssl := func(args ...string) string {
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pub"), []byte(openssl("x509", "-in", "ca.pem", "-noout", "-pubkey")), 0o600))
	out := openssl("dgst", "-sm3", "-sigopt", "distid:1234567812345678", "-verify", "ca.pub", "-signature", "sig", "tbs")
	require.Contains(t, out, "Verified OK")
	out = openssl("crl", "-inform", "DER", "-in", "list.der", "-noout", "-text")
	for _, s := range serials {
		require.Contains(t, out, strings.ToUpper(string(s)))
	}
	require.Contains(t, out, "Key Compromise")
	require.Contains(t, out, "SM2-with-SM3")
}

// What must not come to a revocation, and that none of it leaves a trace at the signer.
func TestRevocationIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.issued()
	p, ctx := r.made(), t.Context()
	for name, c := range map[string]struct {
		change func(*issuance.Proposal)
		key    string
	}{
		"no grounds":       {func(p *issuance.Proposal) { p.Grounds = "  " }, "invalid_field"},
		"long grounds":     {func(p *issuance.Proposal) { p.Grounds = strings.Repeat("久", 501) }, "invalid_field"},
		"hold":             {func(p *issuance.Proposal) { p.Reason = 6 }, "invalid_field"},
		"nobody asked":     {func(p *issuance.Proposal) { p.AskedBy = "" }, "invalid_field"},
		"of another CA":    {func(p *issuance.Proposal) { p.Pair = r.pair.ID }, "revocation_foreign"},
		"an unknown pair":  {func(p *issuance.Proposal) { p.Pair = uuid.New() }, "serial_unknown"},
		"nothing is wrong": {func(*issuance.Proposal) {}, "signature_missing"},
	} {
		in := lost(p)
		c.change(&in)
		_, err := h.ProposeRevocation(ctx, h.issuer, in, issuance.Signature{})
		require.Equal(t, c.key, key(err), name)
	}
	in := lost(p)
	ask, err := h.ProposeRevocationToSign(ctx, h.reviewer, in)
	require.NoError(t, err)
	_, err = h.ProposeRevocation(ctx, h.reviewer, in, h.touch(h.reviewer, ask))
	refused(t, err, "approver_role_wrong")

	ask, err = h.ProposeRevocationToSign(ctx, h.issuer, in)
	require.NoError(t, err)
	first := h.touch(h.issuer, ask)
	id, err := h.ProposeRevocation(ctx, h.issuer, in, first)
	require.NoError(t, err)
	refused(t, h.CheckRevocation(ctx, h.issuer2, id, first), "approval_signature_wrong")
	_, err = h.ProposeRevocation(ctx, h.issuer, in, first)
	refused(t, err, "revocation_open")
	refused(t, h.WithdrawRevocation(ctx, h.issuer2, id), "revocation_not_yours")
	refused(t, h.RefuseRevocation(ctx, h.issuer, id, "不同意"), "four_eyes")
	require.NoError(t, h.WithdrawRevocation(ctx, h.issuer, id))
	refused(t, h.checked(h.issuer2, id), "revocation_moved")

	// The signature of a revocation that was taken back is worth nothing for the next one.
	h.clock.move(2 * time.Second)
	_, err = h.ProposeRevocation(ctx, h.issuer, in, first)
	refused(t, err, "approval_signature_wrong")
	id = h.proposed(in)
	require.Error(t, h.RefuseRevocation(ctx, h.issuer2, id, " "))
	require.NoError(t, h.RefuseRevocation(ctx, h.issuer2, id, "来函没有盖章"))
	require.Equal(t, "来函没有盖章", h.revocation(id).Note)

	id = h.proposed(in)
	h.clock.move(issuance.RevocationLife + time.Minute)
	refused(t, h.checked(h.issuer2, id), "revocation_expired")
	require.NoError(t, h.SweepRevocations(ctx))
	require.Equal(t, issuance.RevocationExpired, h.revocation(id).State)
	h.work()
	st, err := h.signer.Status(ctx)
	require.NoError(t, err)
	require.Zero(t, st.Revoked)
	require.Equal(t, issuance.Active, r.made().State)
}

// The signer is away, or its answer is lost, or the console dies before it writes the answer down: it is asked until it
// has answered, and the answer stands once.
func TestRevocationSurvives(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ down, lose bool }{"down": {down: true}, "lost": {lose: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			r := h.issued()
			id := h.proposed(lost(r.made()))
			require.NoError(t, h.checked(h.issuer2, id))
			h.signer.set(c.down, c.lose)
			h.work()
			require.Equal(t, issuance.RevocationApproved, h.revocation(id).State)
			require.Equal(t, issuance.Active, r.made().State)
			h.clock.move(issuance.RevocationLife + time.Hour) // what was executed is answered however late
			if c.down {
				h.clock.move(-issuance.RevocationLife)
			}
			h.signer.set(false, false)
			require.NoError(t, h.SweepRevocations(t.Context()))
			require.NoError(t, h.Revoke(t.Context(), id), "the job runs once more")
			h.work()
			require.Equal(t, issuance.RevocationRevoked, h.revocation(id).State)
			require.Equal(t, 1, read[int](h, "SELECT count(*) FROM audit_entry WHERE action = 'certificate.revoked'"))
			st, err := h.signer.Status(t.Context())
			require.NoError(t, err)
			require.Equal(t, 2, st.Revoked)
			require.Equal(t, 2, h.list().Entries)
		})
	}
}

// What the signer refuses stands with the reason, and is tried again under the same id.
func TestRefusedRevocationIsRetried(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.issued()
	id := h.proposed(lost(r.made()))
	require.NoError(t, h.checked(h.issuer2, id))
	h.clock.ahead = 30 * 24 * time.Hour // the signer's clock is wrong: everything has expired for it
	h.work()
	got := h.revocation(id)
	require.Equal(t, []any{issuance.RevocationFailed, "revocation_expired"}, []any{got.State, got.Note})
	require.NoError(t, h.SweepRevocations(t.Context()))
	require.Equal(t, issuance.RevocationFailed, h.revocation(id).State, "a person decides")
	h.clock.ahead = 0
	require.NoError(t, h.RetryRevocation(t.Context(), h.issuer, id))
	refused(t, h.RetryRevocation(t.Context(), h.issuer, id), "revocation_moved")
	h.work()
	require.Equal(t, issuance.RevocationRevoked, h.revocation(id).State)
}

// A revoked pair takes with it the order that led to it and was not collected; its money stays until a lead sends it back,
// and not before.
func TestRefundAfterSigning(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.issued()
	ctx, lead := t.Context(), h.finance
	refused(t, h.RefundSigned(ctx, lead, h.inReview().no, "发错"), "refund_not_signed")
	err := h.RefundSigned(ctx, lead, r.no, "不再需要证书")
	refused(t, err, "refund_needs_revocation")
	require.Equal(t, string(r.made().Sign.Serial), fault.Of(err).Args["serial"])
	require.NoError(t, h.checked(h.issuer2, h.proposed(lost(r.made()))))
	h.work()
	o := r.order()
	require.Equal(t, []any{order.ClosedRevoked, order.StageClosed, order.Settled}, []any{o.Gates.Closed, o.Stage, o.Gates.Payment})
	_, err = h.StartUpdate(ctx, driver, noKey, string(r.pair.Sign.Serial), nil)
	refused(t, err, "revoked")

	require.Error(t, h.RefundSigned(ctx, lead, r.no, ""))
	require.NoError(t, h.RefundSigned(ctx, lead, r.no, "不再需要证书"))
	refused(t, h.RefundSigned(ctx, lead, r.no, "再来一次"), "payment_not_settled")
	h.swept()
	require.Equal(t, order.StageRefunding, r.order().Stage)
	state, fen := r.refund()
	require.Equal(t, []any{string(payment.Requested), 50000}, []any{state, fen})
	require.Equal(t, "revoked", read[string](h, "SELECT reason FROM payment_refund WHERE order_id = ?", o.ID))
}

// A holder who has imported the pair keeps a finished order; its money goes back all the same, once the pair is revoked.
func TestRefundOfAnUpdatedOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.issued()
	r.updated()
	require.Equal(t, order.StageDone, r.order().Stage)
	require.NoError(t, h.checked(h.issuer2, h.proposed(lost(r.made()))))
	h.work()
	require.Equal(t, order.StageDone, r.order().Stage)
	require.NoError(t, h.RefundSigned(t.Context(), h.finance, r.no, "协商退款"))
	o := r.order()
	require.Equal(t, []any{order.ClosedRevoked, order.StageRefunding}, []any{o.Gates.Closed, o.Stage})
}

// again opens the renewal of the pair that an order led to.
func (r *renewal) again() *renewal {
	r.t.Helper()
	r.updated()
	next := *r
	next.pair = r.made()
	next.ukey.Pair = next.pair.DER()
	r.clock.move(next.pair.NotAfter().Sub(r.Now()) - 24*time.Hour)
	next.logIn()
	view, err := r.CreateOrder(r.t.Context(), next.who, noKey, flow.NewOrder{
		Serial: string(next.pair.Sign.Serial), Years: 1,
		Agent:   applicant.Person{Name: agentName, IDNumber: agentNumber, Phone: seal.Secret(r.phone), Email: seal.Secret(r.email)},
		Invoice: invoice.Buyer{Kind: invoice.General, Title: r.holder, TaxID: certtest.OrganisationCode},
	})
	require.NoError(r.t, err)
	next.no = view.Order.No
	return &next
}

// A certificate is revoked while its renewal is open: the renewal closes and its money goes back. One that the signer has at
// that moment waits for the answer.
func TestOpenRenewalOfARevokedPair(t *testing.T) {
	t.Parallel()
	for name, atSigner := range map[string]bool{"paid": false, "with the signer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newCounter(t)
			next := h.issued().again()
			h.pays(next, "wechat")
			id := h.proposed(lost(next.pair))
			require.NoError(t, h.checked(h.issuer2, id))
			if atSigner {
				h.signer.set(true, false)
				next.proved(next.started())
				require.Equal(t, order.StageIssuing, next.order().Stage)
				h.signer.set(false, false)
				require.NoError(t, h.Revoke(t.Context(), id))
				require.False(t, h.revocation(id).OrdersEnded)
			}
			h.work()
			require.NoError(t, h.SweepRevocations(t.Context()))
			o := next.order()
			require.Equal(t, order.ClosedRevoked, o.Gates.Closed)
			require.True(t, h.revocation(id).OrdersEnded)
			require.Equal(t, order.StageRefunding, o.Stage)
			require.Zero(t, read[int](h.house, "SELECT count(*) FROM issuance_request WHERE order_id = ? AND state = 'recorded'", o.ID))
		})
	}
}

// Lists come by themselves at half of their life, whatever became of an answer on the way, and never lose a number; where
// none comes the alarm is raised once.
func TestRevocationLists(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	_, err := h.RevocationList(ctx, actor.Actor{}, "issuing.crl")
	refused(t, err, "crl_not_yet")
	_, err = h.RevocationList(ctx, actor.Actor{}, "other.crl")
	refused(t, err, "crl_unknown")
	h.signer.set(false, true)
	require.NoError(t, h.MakeList(ctx), "made, and lost on the way")
	require.Zero(t, read[int](h, "SELECT count(*) FROM crl"))
	h.signer.set(false, false)
	require.NoError(t, h.MakeList(ctx))
	l := h.list()
	require.EqualValues(t, 1, l.Number)

	life := l.NextUpdate.Sub(l.ThisUpdate)
	h.clock.move(life/2 - time.Minute)
	require.NoError(t, h.MakeList(ctx))
	require.EqualValues(t, 1, h.list().Number)
	h.signer.set(true, false)
	h.clock.move(time.Minute)
	require.NoError(t, h.MakeList(ctx), "half of its life is left")
	h.clock.move(life / 4)
	for range 2 {
		require.Error(t, h.MakeList(ctx))
	}
	require.Equal(t, 1, read[int](h, "SELECT count(*) FROM audit_entry WHERE action = 'crl.overdue' AND outcome = 'failed'"))
	h.signer.set(false, false)
	require.NoError(t, h.MakeList(ctx))
	require.EqualValues(t, 2, h.list().Number)

	for n := range uint64(2) { // a database of yesterday, as it were
		_, err = h.signer.Engine.CRL(ctx, cert.CRLOrder{Number: 3 + n})
		require.NoError(t, err)
	}
	h.clock.move(life / 2)
	require.NoError(t, h.MakeList(ctx))
	require.EqualValues(t, 5, h.list().Number, "4, which the signer gave again, and is due itself by now")
}
