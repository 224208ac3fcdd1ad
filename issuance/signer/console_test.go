package signer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
)

// attacker owns the console: it may send the signer anything, and has everything the console ever held, signatures that
// staff gave for other things among it, but no key of a person.
type attacker struct {
	t    *testing.T
	http *http.Client
}

func newAttacker(t *testing.T, path string) attacker {
	t.Helper()
	var d net.Dialer
	return attacker{t, &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "unix", path)
	}}}}
}

// send posts a message and gives the status with the refusal's key.
func (a attacker) send(act string, message any) (int, string) {
	a.t.Helper()
	raw, ok := message.([]byte)
	if !ok {
		var err error
		raw, err = json.Marshal(message)
		require.NoError(a.t, err)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, "http://casigner/v1/"+act, bytes.NewReader(raw))
	require.NoError(a.t, err)
	res, err := a.http.Do(req)
	require.NoError(a.t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(a.t, err)
	require.NoError(a.t, res.Body.Close())
	var p cert.Problem
	_ = json.Unmarshal(body, &p) // no problem, no key
	return res.StatusCode, p.Key
}

// attack is one thing that must not work.
type attack struct {
	name, act string
	message   any
	want      string // key of the refusal; "" where the socket has no such thing
}

// A console taken over by an attacker can issue nothing: it speaks to the signer's socket directly, with every way to a
// certificate, a list, a change of whose keys count, or the key itself.
func TestSignerTrustsNoConsole(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	path := filepath.Join(t.TempDir(), "s")
	l, err := signer.Listen(path, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	serve(t, l, e)
	a := newAttacker(t, path)

	used := newRenewal(t, b)
	code, _ := a.send("issue", used.instruction)
	require.Equal(t, http.StatusOK, code, "an honest request goes through")
	before, err := e.Registry(t.Context())
	require.NoError(t, err)
	attacks := append(forged(t, b, used), registryAttacks(t, b, before)...)
	attacks = append(attacks, otherAttacks(t, b, used)...)
	for _, x := range attacks {
		t.Run(x.name, func(t *testing.T) {
			code, key := a.send(x.act, x.message)
			require.NotEqual(t, http.StatusOK, code)
			require.Equal(t, x.want, key)
		})
	}
	after, err := e.Registry(t.Context())
	require.NoError(t, err)
	require.Equal(t, before.Digest, after.Digest)
	st, err := e.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, st.Issued)
	require.Zero(t, st.Revoked)
	require.Zero(t, st.CRLNumber)
	// The chain, the status and a delegation's end are all it gets.
	rep, err := signer.Verify(b.Dir, nil)
	require.NoError(t, err)
	require.Equal(t, 1, rep.Issued)
	require.EqualValues(t, 1, rep.Registry)
}

// forged are ways to a certificate.
func forged(t *testing.T, b signertest.Bench, used renewal) []attack {
	t.Helper()
	// Approvals the attacker has: for an order that was executed, replayed for one of its own.
	replayed := newRenewal(t, b)
	replayed.instruction.Approvals = used.instruction.Approvals
	again := used
	again.again(t, b)
	// People of its own making, with keys of its own.
	mallory := signertest.NewPerson(t, b.Reviewer.StaffID, b.Reviewer.Login, b.Reviewer.No, "reviewer")
	eve := signertest.NewPerson(t, b.Issuer.StaffID, b.Issuer.Login, b.Issuer.No, "issuer")
	own := newRenewal(t, b)
	own.instruction.Approvals = []cert.Approval{
		mallory.Approve(t, cert.DutyReview, now, own.authorisation.Digest()), eve.Approve(t, cert.DutyIssue, now, own.authorisation.Digest()),
	}
	// A passkey and a delegation of its own.
	passkey := signertest.NewPasskey(t, b.Reviewer, now)
	touched := newRenewal(t, b)
	touched.instruction.Approvals[0] = passkey.Approve(t, cert.DutyReview, now, touched.authorisation.Digest())
	delegated := newRenewal(t, b)
	delegated.instruction.Approvals[0] = passkey.Delegate(t, now, nil).Approve(t, cert.DutyReview, now, delegated.authorisation.Digest())
	// Another origin for what staff have signed, and a holder it made up.
	relabelled := newRenewal(t, b)
	relabelled.authorisation.Origin = cert.OriginManual
	relabelled.request.Authorisation = relabelled.authorisation.Digest().Hex()
	relabelled.instruction.Authorisation, relabelled.instruction.Request = relabelled.authorisation.Canonical(), relabelled.request.Canonical()
	relabelled.instruction.Approvals[0] = relabelled.instruction.Approvals[1]
	invented := newHolders(t, b)
	invented.holder = certtest.NewHolder(t, certtest.Authority(t).CA, "冒名有限公司", now.AddDate(0, 1, 0))
	invented.authoriseAgain(t, b, 1)
	stolen := newHolders(t, b)
	stolen.proven(t, b, invented.holder.SignKey)
	nobody := newRenewal(t, b)
	nobody.instruction.Approvals = nil
	return []attack{
		{"nobody's approval", "issue", nobody.instruction, "approval_missing"},
		{"approvals of another order", "issue", replayed.instruction, "approval_signature_wrong"},
		{"one order twice", "issue", again.instruction, "authorisation_used"},
		{"keys of its own", "issue", own.instruction, "approval_signature_wrong"},
		{"a passkey of its own", "issue", touched.instruction, "approval_signature_wrong"},
		{"a delegation of its own", "issue", delegated.instruction, "approval_signature_wrong"},
		{"another origin", "issue", relabelled.instruction, "approval_signature_wrong"},
		{"a holder of its own", "issue", invented.instruction, "old_pair_untrusted"},
		{"a Ukey of its own", "issue", stolen.instruction, "holder_signature_wrong"},
		{"a certificate body", "issue", []byte(`{"tbs":"MIIB"}`), "request_malformed"},
		{"not JSON", "issue", []byte("\x00"), "request_malformed"},
	}
}

// registryAttacks are ways to make its own keys count.
func registryAttacks(t *testing.T, b signertest.Bench, before cert.RegistryState) []attack {
	t.Helper()
	add := []cert.StaffKey{signertest.NewPerson(t, uuid.NewString(), "mallory", "6666", "issuer").Entry(now)}
	signed := func(officers ...signertest.Person) cert.RegistryOrder {
		return signertest.Change(t, before.Registry, officers, now, add)
	}
	fake := signertest.NewPerson(t, b.Officers[1].StaffID, b.Officers[1].Login, b.Officers[1].No, cert.RoleKeyOfficer)
	swapped := signed(b.Officers[0], b.Officers[1])
	other := signertest.Change(t, before.Registry, nil, now, nil)
	other.Approvals = swapped.Approvals
	fewer := cert.Registry{}
	require.NoError(t, json.Unmarshal(before.Registry, &fewer))
	change := fewer.Change(1, add, nil)
	alone := cert.RegistryOrder{Change: change.Canonical(), Approvals: []cert.Approval{b.Officers[0].Approve(t, cert.DutyRegistry, now, change.Digest())}}
	stale := fewer
	stale.Seq = 7
	old := stale.Change(2, add, nil)
	moved := cert.RegistryOrder{Change: old.Canonical(), Approvals: []cert.Approval{
		b.Officers[0].Approve(t, cert.DutyRegistry, now, old.Digest()), b.Officers[1].Approve(t, cert.DutyRegistry, now, old.Digest()),
	}}
	return []attack{
		{"a change nobody signed", "registry", signed(), "officers_missing"},
		{"a change one officer signed", "registry", signed(b.Officers[0]), "officers_missing"},
		{"one officer twice", "registry", signed(b.Officers[0], b.Officers[0]), "approval_same_person"},
		{"an officer of its own", "registry", signed(b.Officers[0], fake), "approval_signature_wrong"},
		{"issuers as officers", "registry", signed(b.Issuer, b.Second), "approver_role_wrong"},
		{"signatures of another change", "registry", other, "approval_signature_wrong"},
		{"one officer is enough from now on", "registry", alone, "officers_missing"},
		{"a change of another registry", "registry", moved, "registry_moved"},
		{"no change", "registry", cert.RegistryOrder{Change: []byte("{}")}, "registry_change_malformed"},
	}
}

// otherAttacks are ways to a list, a revocation, a profile and the key.
func otherAttacks(t *testing.T, b signertest.Bench, used renewal) []attack {
	t.Helper()
	revoke := revocation(t, b, 1, used.request.SignSerial)
	revoke.Approvals = used.instruction.Approvals
	p := b.Profile
	p.Revision, p.Years = 2, []int{1}
	return []attack{
		{"a list out of its turn", "crl", cert.CRLOrder{Number: 1 << 62}, "crl_number_wrong"},
		{"a list of its own", "crl", []byte(`{"number":1,"entries":[]}`), "request_malformed"},
		{"a revocation by an issuance's approvals", "revoke", revoke, "approval_missing"},
		{"a profile of its own", "profile", cert.ProfileOrder{Profile: p.Canonical()}, "approval_missing"},
		{"a share", "unlock", b.Shares[0], ""},
		{"another request under an id", "issue", reused(t, b, used), "request_id_reused"},
		{"no delegation", "delegations/revoke", cert.DelegationEnd{ID: "x"}, "delegation_malformed"},
		{"no request", "close", signer.CloseMessage{ID: "../x"}, "request_malformed"},
	}
}

func reused(t *testing.T, b signertest.Bench, used renewal) cert.Instruction {
	t.Helper()
	other := newRenewal(t, b)
	other.request.ID = used.request.ID
	other.instruction.Request = other.request.Canonical()
	return other.instruction
}

// The officers' socket takes shares and nothing else, and no share that is not one.
func TestOnlySharesOpenTheKey(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Locked(t, clock)
	path := filepath.Join(t.TempDir(), "a")
	l, err := signer.Listen(path, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	serveHandler(t, l, signer.AdminHandler(e))
	a := newAttacker(t, path)
	turn := func(change func(*cert.Share)) cert.Share {
		s := b.Shares[0]
		s.Value = bytes.Clone(s.Value)
		change(&s)
		return s
	}
	for name, s := range map[string]cert.Share{
		"invented":         {Ceremony: b.Shares[0].Ceremony, Login: "officer1", Index: 1, Value: make([]byte, 16)},
		"a bit off":        turn(func(s *cert.Share) { s.Value[3] ^= 1 }),
		"another ceremony": turn(func(s *cert.Share) { s.Ceremony = "x" }),
		"another officer":  turn(func(s *cert.Share) { s.Login = "officer2" }),
		"another point":    turn(func(s *cert.Share) { s.Index = 2 }),
		"out of range":     turn(func(s *cert.Share) { s.Index = 1 << 20 }),
		"nothing":          {},
	} {
		code, key := a.send("unlock", s)
		require.Equal(t, http.StatusForbidden, code, name)
		require.Equal(t, "share_wrong", key, name)
	}
	code, _ := a.send("issue", newRenewal(t, b).instruction)
	require.Equal(t, http.StatusNotFound, code)
	_, err = e.Issue(t.Context(), newRenewal(t, b).instruction)
	require.ErrorContains(t, err, "signer_locked")
	_, err = e.CRL(t.Context(), cert.CRLOrder{Number: 1})
	require.ErrorContains(t, err, "signer_locked")
	for _, s := range b.Shares[1:] {
		code, _ := a.send("unlock", s)
		require.Equal(t, http.StatusOK, code)
	}
	_, err = e.Issue(t.Context(), newRenewal(t, b).instruction)
	require.NoError(t, err)
	refused := 0
	_, err = signer.Verify(b.Dir, func(r signer.Record) error {
		if r.Kind == "share" && bytes.Contains(r.Body, []byte("share_wrong")) {
			refused++
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 7, refused, "every try is in the journal")
}
