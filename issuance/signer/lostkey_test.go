package signer_test

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
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

// revoke revokes serials with both signatures.
func revoke(t *testing.T, b signertest.Bench, e *signer.Engine, reason int, serials ...cert.Serial) {
	t.Helper()
	r, err := cert.NewRevocation(uuid.NewString(), serials, reason, cert.SM3([]byte("grounds")), now.Add(time.Hour))
	require.NoError(t, err)
	_, err = e.Revoke(t.Context(), cert.RevocationOrder{Revocation: r.Canonical(), Approvals: []cert.Approval{
		b.Issuer.Approve(t, cert.DutyRevoke, now, r.Digest()), b.Second.Approve(t, cert.DutyRevokeCheck, now, r.Digest()),
	}})
	require.NoError(t, err)
}

// manualCSR is a manual order that re-keys a pair on a CSR of a key, as two issuers approve it.
func manualCSR(t *testing.T, b signertest.Bench, h certtest.Holder, key *sm2.PrivateKey) cert.Instruction {
	t.Helper()
	a, err := cert.NewAuthorisation(h.Old, cert.Grant{
		ID: uuid.NewString(), Order: "R261122000051", Origin: cert.OriginManual, Content: cert.SM3([]byte("grounds")),
		Profile: b.Profile.Ref(), Years: 1, Keys: cert.CSRKeys, Now: now, Expires: now.Add(time.Hour),
	})
	require.NoError(t, err)
	m := cert.Material{Old: &h.Old, CSR: certtest.CSR(t, key)}
	id := uuid.NewString()
	in := cert.Instruction{Authorisation: a.Canonical(), Old: h.Pair, CSR: m.CSR, Approvals: []cert.Approval{
		b.Issuer.Approve(t, cert.DutyIssue, now, a.Digest()), b.Second.Approve(t, cert.DutyIssueCheck, now, a.Digest()),
	}}
	if b.Profile.EncKey == cert.EncKeyKMC {
		evidence, _ := b.Centre.Evidence(t, id, &key.PublicKey)
		m.KMC, in.KMC = &evidence, evidence.Canonical()
	}
	r, err := cert.NewRequestOf(rand.Reader, id, a, m, b.Profile, caEnd(t, b), now)
	require.NoError(t, err)
	in.Request = r.Canonical()
	return in
}

// A key that was revoked as compromised gets no new certificate, whichever way its last one came: whoever stole it could
// bring a CSR for it.
func TestCompromisedKeyIsNeverCertifiedAgain(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b) // keeps the Ukey's keys
	_, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	revoke(t, b, e, cert.ReasonKeyCompromise, cert.Serial(r.request.SignSerial))

	check := func(e *signer.Engine) {
		t.Helper()
		_, err := e.Issue(t.Context(), manualCSR(t, b, r.holder, r.holder.SignKey))
		require.True(t, fault.HasKey(err, "key_revoked"), "by CSR: %v", err)
		kept := newRenewal(t, b)
		kept.holder = r.holder
		kept.authorisation.ID = uuid.NewString()
		kept.authorisation.Old, kept.authorisation.Subject = r.authorisation.Old, r.authorisation.Subject
		kept.again(t, b)
		_, err = e.Issue(t.Context(), kept.instruction)
		require.True(t, fault.HasKey(err, "key_revoked"), "kept, by the pair before: %v", err)
		fresh, err := sm2.GenerateKey(rand.Reader)
		require.NoError(t, err)
		_, err = e.Issue(t.Context(), manualCSR(t, b, r.holder, fresh))
		require.NoError(t, err, "the holder goes on with a new key")
	}
	check(e)
	require.NoError(t, e.Shutdown())
	check(b.Open(t, clock))
}

// The journal's hashes need no secret. Whoever can write its file while the signer is down must not have an intent in it
// executed that nobody approved.
func TestForgedIntentIsNotSigned(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	r.instruction.Approvals = nil
	_, err := e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "approval_missing"), "%v", err)
	require.NoError(t, e.Shutdown())

	forge(t, b, "intent", map[string]any{
		"id": r.request.ID, "digest": r.request.Digest().Hex(),
		"request": json.RawMessage(r.instruction.Request), "authorisation": json.RawMessage(r.instruction.Authorisation),
	})
	e = b.Open(t, clock)
	_, err = e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "approval_missing"), "%v", err)
	closing, err := e.Close(t.Context(), r.request.ID)
	require.NoError(t, err)
	require.Nil(t, closing.Issued)
}

// forge appends a record of its own making, with the right number, link and hash.
func forge(t *testing.T, b signertest.Bench, kind string, body any) {
	t.Helper()
	rep, err := signer.Verify(b.Dir, nil)
	require.NoError(t, err)
	content, err := json.Marshal(body)
	require.NoError(t, err)
	line, err := json.Marshal(struct {
		Seq  int             `json:"seq"`
		Prev string          `json:"prev"`
		At   string          `json:"at"`
		Kind string          `json:"kind"`
		Body json.RawMessage `json:"body"`
	}{rep.Records + 1, rep.Head, cert.FormatTime(now), kind, content})
	require.NoError(t, err)
	line = line[:len(line)-1]
	f, err := os.OpenFile(filepath.Join(b.Dir, "journal.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(string(line) + `,"hash":"` + cert.SM3(line).Hex() + `"}` + "\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
}
