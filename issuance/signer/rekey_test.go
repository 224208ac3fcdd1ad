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
	"caconsole/issuance/signer/signertest"
)

// rekeyed is a reviewed renewal for which the old Ukey brought a CSR when it collected.
type rekeyed struct {
	renewal
	b       signertest.Bench
	key     *sm2.PrivateKey // the new one
	collect cert.Collect
}

func newRekeyed(t *testing.T, b signertest.Bench, origin string) *rekeyed {
	t.Helper()
	r := &rekeyed{b: b, collect: cert.Collect{ID: uuid.NewString(), Nonce: "6e6f6e6365"}}
	r.holder = b.Holder(t, "中测试核电有限公司", now.AddDate(0, 1, 0))
	var err error
	r.authorisation, err = cert.NewAuthorisation(r.holder.Old, cert.Grant{
		ID: uuid.NewString(), Order: "R261122000043", Origin: origin, Content: cert.SM3([]byte("content")), Profile: b.Profile.Ref(),
		Years: 1, Keys: cert.CSRKeys, Now: now, Expires: now.Add(72 * time.Hour),
	})
	require.NoError(t, err)
	r.key, err = sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	r.bring(t, certtest.CSR(t, r.key))
	r.prove(t, r.holder.SignKey, cert.ToSignCollect(r.collect.ID, r.collect.Nonce, r.instruction.CSR), &r.collect)
	return r
}

// bring makes the request for a CSR.
func (r *rekeyed) bring(t *testing.T, csr []byte) {
	t.Helper()
	var err error
	r.request, err = cert.NewRequestOf(rand.Reader, uuid.NewString(), r.authorisation, cert.Material{Old: &r.holder.Old, CSR: csr}, r.b.Profile, caEnd(t, r.b), now)
	require.NoError(t, err)
	d := r.authorisation.Digest()
	r.instruction = cert.Instruction{Authorisation: r.authorisation.Canonical(), Old: r.holder.Pair, CSR: csr, Request: r.request.Canonical()}
	switch r.authorisation.Origin {
	case cert.OriginReviewed:
		r.instruction.Approvals = []cert.Approval{r.b.Reviewer.Approve(t, cert.DutyReview, now, d), r.b.Issuer.Approve(t, cert.DutyIssue, now, d)}
	case cert.OriginManual:
		r.instruction.Approvals = []cert.Approval{r.b.Issuer.Approve(t, cert.DutyIssue, now, d), r.b.Second.Approve(t, cert.DutyIssueCheck, now, d)}
	}
}

// prove has a key sign a message as the old key's proof.
func (r *rekeyed) prove(t *testing.T, key *sm2.PrivateKey, message []byte, collect *cert.Collect) {
	t.Helper()
	signature, err := key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	r.request = r.request.ProvenBy(signature)
	r.instruction.Request, r.instruction.Holder, r.instruction.Collect = r.request.Canonical(), signature, collect
}

func TestNewKeysByProofOfTheOldOne(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	collected := newRekeyed(t, b, cert.OriginReviewed)
	online := newRekeyed(t, b, cert.OriginOnline)
	online.prove(t, online.holder.SignKey, cert.ToSignRenew(online.authorisation.Canonical(), online.instruction.CSR), nil)
	lost := newRekeyed(t, b, cert.OriginManual) // the old Ukey is gone: two issuers answer for it
	lost.bring(t, lost.instruction.CSR)
	for _, r := range []*rekeyed{collected, online, lost} {
		issued, err := e.Issue(t.Context(), r.instruction)
		require.NoError(t, err, r.authorisation.Origin)
		made, err := cert.ParseOld(issued.Pair)
		require.NoError(t, err)
		sign, enc, err := made.Keys()
		require.NoError(t, err)
		require.True(t, sign.Equal(&r.key.PublicKey))
		require.True(t, enc.Equal(&r.holder.EncKey.PublicKey), "what was encrypted stays readable")
	}
	require.NoError(t, e.Shutdown())
	b.Open(t, clock) // and the journal holds
}

func TestForeignCSRIsRefused(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	for name, c := range map[string]struct {
		origin string
		change func(t *testing.T, r *rekeyed)
		want   string
	}{
		"swapped by the console": {cert.OriginReviewed, func(t *testing.T, r *rekeyed) {
			t.Helper()
			proof, other := r.instruction.Holder, newRekeyed(t, b, cert.OriginReviewed)
			r.bring(t, other.instruction.CSR)
			r.request = r.request.ProvenBy(proof)
			r.instruction.Request, r.instruction.Holder, r.instruction.Collect = r.request.Canonical(), proof, &r.collect
		}, "holder_signature_wrong"},
		"swapped beside the request": {cert.OriginReviewed, func(t *testing.T, r *rekeyed) {
			t.Helper()
			r.instruction.CSR = newRekeyed(t, b, cert.OriginReviewed).instruction.CSR
		}, "keys_mismatch"},
		"proven by its own key": {cert.OriginReviewed, func(t *testing.T, r *rekeyed) {
			t.Helper()
			r.prove(t, r.key, cert.ToSignCollect(r.collect.ID, r.collect.Nonce, r.instruction.CSR), &r.collect)
		}, "holder_signature_wrong"},
		"not proven": {cert.OriginReviewed, func(t *testing.T, r *rekeyed) {
			t.Helper()
			r.bring(t, r.instruction.CSR)
		}, "holder_signature_wrong"},
		"proof of another update": {cert.OriginReviewed, func(_ *testing.T, r *rekeyed) {
			r.instruction.Collect = &cert.Collect{ID: uuid.NewString(), Nonce: r.collect.Nonce}
		}, "holder_signature_wrong"},
		"a collection is no consent": {cert.OriginOnline, func(*testing.T, *rekeyed) {}, "holder_signature_wrong"},
		"no CSR":                     {cert.OriginReviewed, func(_ *testing.T, r *rekeyed) { r.instruction.CSR = nil }, "csr_missing"},
		"signed by nobody": {cert.OriginReviewed, func(_ *testing.T, r *rekeyed) {
			r.instruction.CSR[len(r.instruction.CSR)-1] ^= 1
		}, "csr_signature_wrong"},
		"evidence nobody asked for": {cert.OriginReviewed, func(t *testing.T, r *rekeyed) {
			t.Helper()
			evidence, _ := b.Centre.Evidence(t, r.request.ID, r.key.Public())
			r.instruction.KMC = evidence.Canonical()
		}, "kmc_mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRekeyed(t, b, c.origin)
			c.change(t, r)
			_, err := e.Issue(t.Context(), r.instruction)
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
}

// One key is one holder's: a CSR with a key that was certified for another name is refused.
func TestOneKeyOneSubject(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRekeyed(t, b, cert.OriginReviewed)
	_, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	other := newRekeyed(t, b, cert.OriginReviewed)
	other.holder = b.Holder(t, "另一测试有限公司", now.AddDate(0, 1, 0))
	other.authorisation, err = cert.NewAuthorisation(other.holder.Old, cert.Grant{
		ID: uuid.NewString(), Order: "R261122000051", Origin: cert.OriginReviewed, Content: cert.SM3(nil), Profile: b.Profile.Ref(),
		Years: 1, Keys: cert.CSRKeys, Now: now, Expires: now.Add(time.Hour),
	})
	require.NoError(t, err)
	other.bring(t, certtest.CSR(t, r.key))
	other.prove(t, other.holder.SignKey, cert.ToSignCollect(other.collect.ID, other.collect.Nonce, other.instruction.CSR), &other.collect)
	_, err = e.Issue(t.Context(), other.instruction)
	require.True(t, fault.HasKey(err, "key_in_use"), "%v", err)
}

// A key centre that was not named at init is believed nothing.
func TestForeignKeyCentreIsRefused(t *testing.T) {
	f := newFloor(t)
	f.Centre = certtest.NewCentre(t)
	r := f.manual(t, func(d cert.Digest) []cert.Approval {
		return []cert.Approval{f.Issuer.Approve(t, cert.DutyIssue, now, d), f.Second.Approve(t, cert.DutyIssueCheck, now, d)}
	})
	_, err := f.engine.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "kmc_unknown"), "%v", err)
}
