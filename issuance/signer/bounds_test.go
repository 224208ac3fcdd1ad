package signer_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
)

// A browser's key may say that it approved during its shift, but not for ever afterwards.
func TestApprovalLongAfterItsDelegation(t *testing.T) {
	f := newFloor(t)
	shift := f.reviewer.Delegate(t, now.Add(-30*time.Minute), nil)
	require.NoError(t, f.engine.Shutdown())
	for late, want := range map[time.Duration]string{31 * 24 * time.Hour: "", 33 * 24 * time.Hour: "delegation_expired"} {
		then := now.Add(late)
		e := f.Open(t, func() time.Time { return then })
		r := newRenewal(t, f.Bench)
		r.authorisation.Expires = cert.FormatTime(then.Add(time.Hour))
		var err error
		r.request, err = cert.NewRequest(rand.Reader, uuid.NewString(), r.authorisation, r.holder.Old, caEnd(t, f.Bench), then)
		require.NoError(t, err)
		d := r.authorisation.Digest()
		r.instruction.Request, r.instruction.Authorisation = r.request.Canonical(), r.authorisation.Canonical()
		r.instruction.Approvals = []cert.Approval{shift.Approve(t, cert.DutyReview, now, d), f.Issuer.Approve(t, cert.DutyIssue, then, d)}
		_, err = e.Issue(t.Context(), r.instruction)
		if want == "" {
			require.NoError(t, err)
		} else {
			require.True(t, fault.HasKey(err, want), "%s: %v", late, err)
		}
		require.NoError(t, e.Shutdown())
	}
}

// Officers cannot lower how many of them it takes, nor sign by keys that have run out, nor leave too few behind.
func TestOfficersRemain(t *testing.T) {
	b := signertest.New(t, now)
	at := now
	e := b.Open(t, func() time.Time { return at })
	change := func(signing []signertest.Person, officers int, add []cert.StaffKey, revoke ...string) error {
		state, err := e.Registry(t.Context())
		require.NoError(t, err)
		r, err := cert.ParseRegistry(state.Registry)
		require.NoError(t, err)
		c := r.Change(officers, add, revoke)
		order := cert.RegistryOrder{Change: c.Canonical()}
		for _, o := range signing {
			order.Approvals = append(order.Approvals, o.Approve(t, cert.DutyRegistry, now, c.Digest()))
		}
		_, err = e.ChangeRegistry(t.Context(), order)
		return err
	}
	err := change(b.Officers[:2], 1, nil)
	require.True(t, fault.HasKey(err, "officers_too_few"), "%v", err)

	fourth := signertest.NewPerson(t, uuid.NewString(), "officer4", "0814", cert.RoleKeyOfficer)
	ending := fourth.Entry(now)
	ending.NotAfter = cert.FormatTime(now.Add(time.Hour))
	require.NoError(t, change(b.Officers[:2], 2, []cert.StaffKey{ending}))
	at = now.Add(2 * time.Hour)
	err = change([]signertest.Person{b.Officers[0], fourth}, 2, nil, b.Issuer.Entry(now).ID())
	require.True(t, fault.HasKey(err, "approver_key_expired"), "signed in time by its own word: %v", err)
	first := b.Officers[0].Entry(now.Add(-time.Hour)).ID()
	require.NoError(t, change(b.Officers[:2], 2, nil, first), "two of four are left, and one that has run out")
	err = change(b.Officers[1:], 2, nil, b.Officers[1].Entry(now.Add(-time.Hour)).ID())
	require.True(t, fault.HasKey(err, "officers_too_few"), "the key that has run out does not count: %v", err)
	require.NoError(t, e.Shutdown())
	b.Open(t, func() time.Time { return at }) // and the journal holds
}

// A revocation in the journal is believed for its signatures, not for its hashes.
func TestRevocationInTheJournalIsAskedForItsSignatures(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	_, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	_, err = e.Revoke(t.Context(), revocation(t, b, 1, r.request.SignSerial, r.request.EncSerial))
	require.NoError(t, err)
	require.NoError(t, e.Shutdown())
	e = b.Open(t, clock)
	require.NoError(t, e.Shutdown())

	// Somebody who can write the file takes the second signature away and makes the hashes fit.
	path := filepath.Join(b.Dir, "journal.jsonl")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var out []byte
	prev := ""
	for line := range bytes.Lines(raw) {
		var rec signer.Record
		require.NoError(t, json.Unmarshal(line, &rec))
		if rec.Kind == "revoked" {
			var body struct {
				Revocation json.RawMessage `json:"revocation"`
				Approvals  []cert.Approval `json:"approvals"`
			}
			require.NoError(t, json.Unmarshal(rec.Body, &body))
			body.Approvals = body.Approvals[:1]
			rec.Body, err = json.Marshal(body)
			require.NoError(t, err)
		}
		if prev != "" {
			rec.Prev = prev
		}
		line, rec.Hash = signer.Hashed(t, rec)
		prev = rec.Hash
		out = append(out, line...)
	}
	require.NoError(t, os.WriteFile(path, out, 0o600))
	_, err = b.TryOpen(clock)
	require.True(t, fault.HasKey(err, "journal_broken"), "%v", err)
}
