package flow_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
	"caconsole/admin/seal"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/manual"
)

// grounds are facts with nothing wrong in them.
func grounds(csr []byte) manual.Facts {
	return manual.Facts{
		Grounds: "ukey_broken", Identified: "in_person", Consent: manual.OnPaper, Waiver: manual.PaidOutside, CSR: csr,
		Texts: manual.Texts{Grounds: "Ukey 进水，驱动读不出", Identified: "本人持身份证到柜台", Waiver: "收据 2030-0117"},
	}
}

// bring has a holder with a pair that the renewal window does not admit.
func (h *house) bring(notAfter time.Time) *renewal {
	h.t.Helper()
	h.renewed++
	r := &renewal{house: h, phone: fmt.Sprintf("138%08d", h.renewed), email: "agent@example.cn", holder: fmt.Sprintf("测试%d号核电有限公司", h.renewed)}
	r.bringUkey(notAfter)
	return r
}

func (r *renewal) entry(facts manual.Facts) flow.ManualEntry {
	return flow.ManualEntry{
		Serial: string(r.pair.Sign.Serial), Years: 2, Facts: facts,
		Agent: applicant.Person{Name: agentName, IDNumber: agentNumber, Phone: seal.Secret(r.phone), Email: seal.Secret(r.email)},
	}
}

// byHand has the first issuer open an order with all its evidence.
func (h *house) byHand(csr []byte) *renewal {
	h.t.Helper()
	r := h.bring(monday.AddDate(1, 0, 0))
	var err error
	r.no, err = h.OpenManual(h.t.Context(), h.issuer, r.entry(grounds(csr)))
	require.NoError(h.t, err)
	r.paper(document.IdentityEvidence, 90)
	r.paper(document.ConsentPaper, 120)
	return r
}

func (r *renewal) paper(kind document.Kind, shade uint8) {
	r.t.Helper()
	require.NoError(r.t, r.AddManualPaper(r.t.Context(), r.issuer, r.no, kind, scan(shade)))
}

// seen is the digest of the content as somebody is shown it.
func (r *renewal) seen(a actor.Actor) []byte {
	r.t.Helper()
	v, err := r.ViewManual(r.t.Context(), a, r.no)
	require.NoError(r.t, err)
	digest, err := hex.DecodeString(v.Digest)
	require.NoError(r.t, err)
	return digest
}

// first signs as an issuer does who opened the order, or is refused as they would be.
func (r *renewal) first(a actor.Actor) error {
	seen := r.seen(a)
	t, err := r.SignManualToSign(r.t.Context(), a, r.no, seen)
	if err != nil {
		return err
	}
	return r.SignManual(r.t.Context(), a, r.no, seen, r.touch(a, t))
}

// second signs as the other issuer does.
func (r *renewal) second(a actor.Actor) error {
	in := flow.ManualCheck{Seen: r.seen(a), Typed: r.no[len(r.no)-4:]}
	t, err := r.CheckManualToSign(r.t.Context(), a, r.no, in)
	if err != nil {
		return err
	}
	return r.CheckManual(r.t.Context(), a, r.no, in, r.touch(a, t))
}

func keyOf(t *testing.T) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key
}

// Two issuers, and nobody else, lead an order that one of them opened to its pair: on the Ukey's keys, or on a CSR's.
func TestManualIssuance(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	key := keyOf(t)
	for name, csr := range map[string][]byte{"the Ukey's keys": nil, "a CSR's": certtest.CSR(t, key)} {
		r := h.byHand(csr)
		require.Equal(t, order.StagePapers, r.order().Stage, name)
		require.Equal(t, order.Waived, r.order().Gates.Payment)
		require.NoError(t, r.first(h.issuer), name)
		require.Equal(t, order.StageToIssue, r.order().Stage, "the second issuer's turn")
		require.NoError(t, r.second(h.issuer2), name)
		h.work()
		require.Equal(t, order.StageUpdate, r.order().Stage, name)
		require.Equal(t, 1, r.newPairs())
		made := r.made()
		facts, err := issuance.Read(made.Sign.DER)
		require.NoError(t, err)
		require.Equal(t, time.Date(2033, 11, 25, 15, 59, 59, 0, time.UTC), facts.NotAfter, "from the old end on")
		if csr != nil {
			spki, err := cert.EncodeKey(key.Public())
			require.NoError(t, err)
			require.Contains(t, string(made.Sign.DER), string(spki), "the key is the CSR's")
		}
		_, err = h.Case(t.Context(), h.issuer, r.no)
		require.NoError(t, err, "the case screen has it too")
		chain, err := h.ManualChain(t.Context(), h.issuer, r.no)
		require.NoError(t, err)
		p7, err := pkcs7.Parse(chain)
		require.NoError(t, err)
		require.Len(t, p7.Certificates, 4)
		require.Equal(t, made.Sign.DER, p7.Certificates[0].Raw)
	}
	require.Equal(t, 2, h.views("certificate.downloaded"))
}

// What an issuer enters is looked at whole, and nothing is opened while anything of it is wrong.
func TestManualEntryRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.bring(monday.AddDate(1, 0, 0))
	for key, wrong := range map[string]func(*flow.ManualEntry){
		"manual_receipt_missing": func(e *flow.ManualEntry) { e.Facts.Texts.Waiver = "" },
		"manual_choice_wrong":    func(e *flow.ManualEntry) { e.Facts.Grounds = "" },
		"manual_text_short":      func(e *flow.ManualEntry) { e.Facts.Texts.Grounds = "坏了" },
		"csr_malformed":          func(e *flow.ManualEntry) { e.Facts.CSR = []byte("x") },
		"keys_equal":             func(e *flow.ManualEntry) { e.Facts.CSR = certtest.CSR(t, r.ukey.EncKey) },
		"serial_unknown":         func(e *flow.ManualEntry) { e.Serial = "123456789012345678901234567890AB" },
		"years_not_offered":      func(e *flow.ManualEntry) { e.Years = 9 },
		"required":               func(e *flow.ManualEntry) { e.Agent.Phone = "" },
	} {
		e := r.entry(grounds(nil))
		wrong(&e)
		_, err := h.OpenManual(t.Context(), h.issuer, e)
		require.Error(t, err, key)
		var keys []string
		for _, f := range fault.Of(err).Fields {
			keys = append(keys, f.Key)
		}
		require.Contains(t, keys, key)
	}
	require.Zero(t, read[int](h, "SELECT count(*) FROM orders"))
	_, err := h.OpenManual(t.Context(), h.issuer, r.entry(grounds(nil)))
	require.NoError(t, err)
	_, err = h.OpenManual(t.Context(), h.issuer2, r.entry(grounds(nil)))
	require.Equal(t, "renewal_open", fault.Of(err).Fields[0].Key)
}

// One person is never both issuers, and neither is anybody who acts in the order otherwise.
func TestManualFourEyes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.byHand(nil)
	require.True(t, fault.HasKey(r.first(h.issuer2), "manual_not_yours"))
	require.NoError(t, r.first(h.issuer))
	require.True(t, fault.HasKey(r.second(h.issuer), "four_eyes"))
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		return h.Orders.TakeDuty(ctx, tx, r.order().ID, h.finance.ID, order.DutyMatch)
	})
	require.True(t, fault.HasKey(r.second(h.finance), "four_eyes"))
	require.True(t, fault.HasKey(r.second(h.reviewer), "approver_role_wrong"), "no issuer")
	require.True(t, fault.HasKey(h.confirm(h.issuer2, []string{r.no}), "manual_apart"), "no batch takes it along")
	require.Equal(t, order.StageToIssue, r.order().Stage)
	require.Equal(t, 2, read[int](h, "SELECT count(*) FROM audit_entry WHERE reason = 'four_eyes'"))

	// The last digits are typed, so that it is this order.
	in := flow.ManualCheck{Seen: r.seen(h.issuer2), Typed: "0000"}
	_, err := h.CheckManualToSign(t.Context(), h.issuer2, r.no, in)
	require.Equal(t, "typed_wrong_order", fault.Of(err).Fields[0].Key)
	in.Typed = r.no[len(r.no)-4:]
	require.True(t, fault.HasKey(h.CheckManual(t.Context(), h.issuer2, r.no, in, issuance.Signature{}), "signature_missing"))
	require.NoError(t, r.second(h.issuer2))
}

// What is signed is what was seen: without evidence nobody signs, and a change makes the first signature void.
func TestManualContent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.bring(monday.AddDate(0, -1, 0))
	var err error
	r.no, err = h.OpenManual(t.Context(), h.issuer, r.entry(grounds(nil)))
	require.NoError(t, err)
	require.True(t, fault.HasKey(r.first(h.issuer), "manual_evidence_missing"))
	r.paper(document.IdentityEvidence, 90)
	require.True(t, fault.HasKey(r.first(h.issuer), "manual_evidence_missing"), "the consent is on no paper")
	r.paper(document.ConsentPaper, 120)
	require.NoError(t, r.first(h.issuer))
	seen := r.seen(h.issuer2)

	changed := grounds(nil)
	changed.Texts.Grounds = "Ukey 被压断，已寄回"
	require.NoError(t, h.CorrectManual(t.Context(), h.issuer, r.no, changed))
	require.Equal(t, order.StagePapers, r.order().Stage, "signed by nobody again")
	require.True(t, fault.HasKey(r.second(h.issuer2), "not_ready_for_issue"))
	require.NoError(t, r.first(h.issuer))
	in := flow.ManualCheck{Seen: seen, Typed: r.no[len(r.no)-4:]}
	_, err = h.CheckManualToSign(t.Context(), h.issuer2, r.no, in)
	require.True(t, fault.HasKey(err, "content_changed"), "the page was older than the change")

	// Another paper after the first signature voids it as well.
	r.paper(document.GroundsPaper, 60)
	require.Equal(t, order.StagePapers, r.order().Stage)
	require.NoError(t, r.first(h.issuer))
	require.NoError(t, r.second(h.issuer2))
	h.work()
	require.Equal(t, order.StageUpdate, r.order().Stage)
	require.True(t, fault.HasKey(h.CorrectManual(t.Context(), h.issuer, r.no, changed), "order_being_issued"))
	require.Equal(t, 3, read[int](h, "SELECT count(*) FROM approval_item WHERE duty = 'issue'"), "each one had its own authorisation")
}

// The second issuer sends back with a reason; the first puts it right, or gives it up.
func TestManualReturned(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.byHand(nil)
	require.NoError(t, r.first(h.issuer))
	require.Equal(t, "required", fault.Of(h.ReturnManual(t.Context(), h.issuer2, r.no, " ")).Fields[0].Key)
	require.True(t, fault.HasKey(h.ReturnManual(t.Context(), h.issuer, r.no, "自己退自己"), "four_eyes"))
	require.NoError(t, h.ReturnManual(t.Context(), h.issuer2, r.no, "身份证照片看不清"))
	require.Equal(t, order.StageReturned, r.order().Stage)
	v, err := h.ViewManual(t.Context(), h.issuer, r.no)
	require.NoError(t, err)
	require.Len(t, v.Returns, 1)
	require.Equal(t, "身份证照片看不清", v.Returns[0].Reason.Reveal())
	require.Empty(t, v.Approvals, "the first signature is void")
	require.NotContains(t, read[string](h, "SELECT encode(reason_sealed, 'escape') FROM manual_return"), "身份证")

	require.True(t, fault.HasKey(r.first(h.issuer), "manual_not_mended"))
	r.paper(document.IdentityEvidence, 200)
	require.NoError(t, r.first(h.issuer))
	require.NoError(t, h.ReturnManual(t.Context(), h.issuer2, r.no, "仍看不清"))
	require.True(t, fault.HasKey(h.WithdrawManual(t.Context(), h.issuer2, r.no), "manual_not_yours"))
	require.NoError(t, h.WithdrawManual(t.Context(), h.issuer, r.no))
	require.Equal(t, order.StageClosed, r.order().Stage)
	require.True(t, fault.HasKey(r.first(h.issuer), "order_closed"))
}

// What the signer refuses is said; another CSR, signed for by both, goes through. An outage loses nothing.
func TestManualRefusedBySigner(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	key := keyOf(t)
	lostOnce := h.byHand(certtest.CSR(t, key))
	require.NoError(t, lostOnce.first(h.issuer))
	require.NoError(t, lostOnce.second(h.issuer2))
	h.work()
	require.NoError(t, h.checked(h.issuer2, h.proposed(lost(lostOnce.made()))))
	h.work()

	r := h.byHand(certtest.CSR(t, key))
	require.NoError(t, r.first(h.issuer))
	require.NoError(t, r.second(h.issuer2))
	h.work()
	require.Equal(t, []any{order.StageToIssue, order.Failed}, []any{r.order().Stage, r.order().Gates.Issuance})
	v, err := h.ViewManual(t.Context(), h.issuer2, r.no)
	require.NoError(t, err)
	require.Equal(t, "key_revoked", v.Reason)

	require.NoError(t, h.CorrectManual(t.Context(), h.issuer, r.no, grounds(certtest.CSR(t, keyOf(t)))))
	require.NoError(t, r.first(h.issuer))
	require.NoError(t, r.second(h.issuer2))
	h.signer.set(false, true)
	require.True(t, fault.Is(h.Issue(t.Context(), r.request()), fault.Unavailable))
	h.signer.set(false, false)
	h.clock.move(time.Minute)
	require.NoError(t, h.SweepIssues(t.Context()))
	require.Equal(t, order.StageUpdate, r.order().Stage)
	require.Equal(t, 1, r.newPairs())
}

// A first signature that nobody followed in time is void; its issuer signs again.
func TestManualLapses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.byHand(nil)
	require.NoError(t, r.first(h.issuer))
	h.clock.move(review.ApprovalLife + time.Hour)
	require.NoError(t, h.SweepApprovals(t.Context()))
	require.Equal(t, order.StagePapers, r.order().Stage)
	require.NoError(t, r.first(h.issuer))
	require.NoError(t, r.second(h.issuer2))
}
