package signer_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
)

// newHolders is a renewal that the Ukey of a pair still valid for a month authorises.
func newHolders(t testing.TB, b signertest.Bench) renewal {
	t.Helper()
	r := renewal{holder: b.Holder(t, "中测试核电有限公司", now.AddDate(0, 1, 0))}
	r.authoriseAgain(t, b, 1)
	return r
}

// authoriseAgain has the Ukey authorise the renewal of its pair, once more.
func (r *renewal) authoriseAgain(t testing.TB, b signertest.Bench, years int) {
	t.Helper()
	var err error
	r.authorisation, err = cert.NewAuthorisation(r.holder.Old, cert.Grant{
		ID: uuid.NewString(), Order: "R261122000027", Origin: cert.OriginOnline, Content: cert.SM3([]byte("content")), Profile: b.Profile.Ref(),
		Years: years, Keys: cert.KeepKeys, Now: now, Expires: now.Add(24 * time.Hour),
	})
	require.NoError(t, err)
	r.proven(t, b, r.holder.SignKey)
}

// proven makes a new request for the authorisation as it is, with a key's signature over it.
func (r *renewal) proven(t testing.TB, b signertest.Bench, key *sm2.PrivateKey) {
	t.Helper()
	var err error
	r.request, err = cert.NewRequest(rand.Reader, uuid.NewString(), r.authorisation, r.holder.Old, caEnd(t, b), now)
	require.NoError(t, err)
	signature, err := key.Sign(rand.Reader, cert.ToSignRenew(r.authorisation.Canonical(), nil), sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	r.request = r.request.ProvenBy(signature)
	r.instruction = cert.Instruction{
		Request: r.request.Canonical(), Authorisation: r.authorisation.Canonical(), Holder: signature, Old: r.holder.Pair,
	}
}

// A pair that is still valid renews itself: from its own end on, by the signature of its own Ukey.
func TestHolderRenews(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newHolders(t, b)
	one, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	made, err := cert.ParseOld(one.Pair)
	require.NoError(t, err)
	require.Equal(t, time.Date(2027, 12, 22, 15, 59, 59, 0, time.UTC), made.End())
	require.NoError(t, e.Shutdown())

	e = b.Open(t, func() time.Time { return now.AddDate(1, 0, 0) })
	again, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err, "the answer outlives certificate and clock")
	require.Equal(t, one, again)
}

func TestHolderMisuseIsRefused(t *testing.T) {
	b := signertest.New(t, now)
	for name, c := range map[string]struct {
		change func(t *testing.T, r *renewal)
		at     time.Duration // the signer's clock, from now
		want   string
	}{
		"another Ukey": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.proven(t, b, newHolders(t, b).holder.SignKey)
		}, want: "holder_signature_wrong"},
		"its encryption key": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.proven(t, b, r.holder.EncKey)
		}, want: "holder_signature_wrong"},
		"over another authorisation": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			signature := r.instruction.Holder
			r.authoriseAgain(t, b, 5)
			r.request = r.request.ProvenBy(signature)
			r.instruction.Holder, r.instruction.Request = signature, r.request.Canonical()
		}, want: "holder_signature_wrong"},
		"a signature the request does not name": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.request = r.request.ProvenBy([]byte("another"))
			r.instruction.Request = r.request.Canonical()
		}, want: "holder_signature_wrong"},
		"a signature made to collect": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			var err error
			r.instruction.Holder, err = r.holder.SignKey.Sign(rand.Reader, cert.ToSignCollect(uuid.NewString(), "00", nil), sm2.DefaultSM2SignerOpts)
			require.NoError(t, err)
			r.request = r.request.ProvenBy(r.instruction.Holder)
			r.instruction.Request = r.request.Canonical()
		}, want: "holder_signature_wrong"},
		"no signature, but its digest": {change: func(_ *testing.T, r *renewal) { r.instruction.Holder = nil }, want: "holder_signature_wrong"},
		"neither holder nor staff": {change: func(_ *testing.T, r *renewal) {
			r.request.Proof = ""
			r.instruction.Holder, r.instruction.Request = nil, r.request.Canonical()
		}, want: "holder_signature_wrong"},
		"staff in the holder's place": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.request.Proof = ""
			d := r.authorisation.Digest()
			r.instruction.Holder, r.instruction.Request = nil, r.request.Canonical()
			r.instruction.Approvals = []cert.Approval{b.Reviewer.Approve(t, cert.DutyReview, now, d), b.Issuer.Approve(t, cert.DutyIssue, now, d)}
		}, want: "approval_surplus"},
		"a reviewer helps": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.instruction.Approvals = []cert.Approval{b.Reviewer.Approve(t, cert.DutyReview, now, r.authorisation.Digest())}
		}, want: "approval_surplus"},
		"an expired certificate": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.holder = b.Holder(t, "中测试核电有限公司", now.AddDate(0, -1, 0))
			r.authoriseAgain(t, b, 1)
		}, want: "holder_certificate_expired"},
		"expired by the signer's clock": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.holder = b.Holder(t, "中测试核电有限公司", now.Add(time.Minute))
			r.authoriseAgain(t, b, 1)
		}, at: 2 * time.Minute, want: "holder_certificate_expired"},
		"the rule of an expired pair": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.authorisation.Term.Rule = cert.RuleExpired
			r.proven(t, b, r.holder.SignKey)
		}, want: "term_rule_wrong"},
		"another CA's holder": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.holder = certtest.NewHolder(t, certtest.Authority(t).CA, "冒名有限公司", now.AddDate(0, 1, 0))
			r.authoriseAgain(t, b, 1)
		}, want: "old_pair_untrusted"},
		"another pair's certificates": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.instruction.Old = newHolders(t, b).holder.Pair
		}, want: "old_pair_mismatch"},
		"clock behind": {at: -11 * time.Minute, want: "clock_skew"},
	} {
		t.Run(name, func(t *testing.T) {
			b := signertest.New(t, now)
			e := b.Open(t, func() time.Time { return now.Add(c.at) })
			r := newHolders(t, b)
			if c.change != nil {
				c.change(t, &r)
			}
			_, err := e.Issue(t.Context(), r.instruction)
			require.True(t, fault.HasKey(err, c.want), "%v", err)
			_, err = signer.Verify(b.Dir, func(rec signer.Record) error {
				require.NotEqual(t, "intent", rec.Kind, "nothing was begun")
				return nil
			})
			require.NoError(t, err)
		})
	}
}

// A renewal that staff must approve does not go through on the word of its Ukey, valid or not, nor the other way round.
func TestExpiredPairNeedsStaff(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	r.proven(t, b, r.holder.SignKey)
	_, err := e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "approval_missing"), "%v", err)
	r.again(t, b)
	r.instruction.Approvals = nil
	_, err = e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "approval_missing"), "%v", err)
}

// A Ukey's word is good for one pair, whatever it signs afterwards; the signer still knows after a restart.
func TestHolderRenewsOnce(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newHolders(t, b)
	first := r
	_, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)

	r.request, err = cert.NewRequest(rand.Reader, uuid.NewString(), r.authorisation, r.holder.Old, caEnd(t, b), now)
	require.NoError(t, err)
	r.request = r.request.ProvenBy(r.instruction.Holder)
	r.instruction.Request = r.request.Canonical()
	_, err = e.Issue(t.Context(), r.instruction)
	require.Error(t, err, "the same signature, another request")
	require.NoError(t, e.Shutdown())

	e = b.Open(t, clock)
	r.authoriseAgain(t, b, 3)
	_, err = e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "old_pair_renewed"), "%v", err)
	_, err = e.Issue(t.Context(), first.instruction)
	require.NoError(t, err)
	st, err := e.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, st.Issued)
}

// A request that was closed leaves the holder free to sign another one.
func TestHolderSignsAgainAfterClose(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newHolders(t, b)
	_, err := e.Close(t.Context(), r.request.ID)
	require.NoError(t, err)
	_, err = e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "request_closed"), "%v", err)
	r.proven(t, b, r.holder.SignKey)
	_, err = e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
}
