package signer_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/client"
	"caconsole/issuance/signer/signertest"
)

// revised is the bench's profile in a revision, with the signatures of two issuers over it.
func (f floor) revised(t *testing.T, revision int, years ...int) cert.ProfileOrder {
	t.Helper()
	p := f.Profile
	p.Revision, p.Years = revision, years
	return cert.ProfileOrder{Profile: p.Canonical(), Approvals: []cert.Approval{
		f.issuer.Approve(t, cert.DutyProfile, now, p.Hash()), f.Second.Approve(t, cert.DutyProfileCheck, now, p.Hash()),
	}}
}

func TestProfileChangesByTwo(t *testing.T) {
	f := newFloor(t)
	before := newRenewal(t, f.Bench)
	second := f.revised(t, 2, 1, 2)
	state, err := f.engine.ChangeProfile(t.Context(), second)
	require.NoError(t, err)
	require.Equal(t, 2, state.Revision)
	_, err = f.engine.ChangeProfile(t.Context(), second)
	require.NoError(t, err, "asked again, answered as before")
	_, err = f.engine.Issue(t.Context(), before.instruction)
	require.True(t, fault.HasKey(err, "profile_mismatch"), "only the new revision is issued by: %v", err)
	for _, revision := range []int{1, 2, 4} {
		_, err = f.engine.ChangeProfile(t.Context(), f.revised(t, revision, 3))
		require.True(t, fault.HasKey(err, "profile_revision_wrong"), "%d: %v", revision, err)
	}
	alone := f.revised(t, 3, 3)
	alone.Approvals = alone.Approvals[:1]
	_, err = f.engine.ChangeProfile(t.Context(), alone)
	require.True(t, fault.HasKey(err, "approval_missing"), "%v", err)

	require.NoError(t, f.engine.Shutdown())
	e := f.Open(t, clock)
	chain, err := e.Chain(t.Context())
	require.NoError(t, err)
	require.Equal(t, second.Profile, chain.Profile)
	f.Profile, err = cert.ParseProfile(chain.Profile)
	require.NoError(t, err)
	_, err = e.Issue(t.Context(), newRenewal(t, f.Bench).instruction)
	require.NoError(t, err)
}

// full is a journal with a record of every kind.
func full(t *testing.T) (floor, []byte) {
	t.Helper()
	f := newFloor(t)
	r := newRenewal(t, f.Bench)
	_, err := f.engine.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	_, err = f.engine.Revoke(t.Context(), revocation(t, f.Bench, 4, r.request.SignSerial))
	require.NoError(t, err)
	_, err = f.engine.CRL(t.Context(), cert.CRLOrder{Number: 1})
	require.NoError(t, err)
	_, err = f.engine.EndDelegation(t.Context(), cert.DelegationEnd{ID: r.request.ID})
	require.NoError(t, err)
	_, err = f.engine.ChangeProfile(t.Context(), f.revised(t, 2, 1))
	require.NoError(t, err)
	r.again(t, f.Bench)
	_, err = f.engine.Issue(t.Context(), r.instruction)
	require.Error(t, err)
	_, err = f.engine.Close(t.Context(), r.request.ID)
	require.NoError(t, err)
	require.NoError(t, f.engine.Shutdown())
	raw, err := os.ReadFile(filepath.Join(f.Dir, "journal.jsonl"))
	require.NoError(t, err)
	return f, raw
}

// Cut anywhere, a journal with every kind of record starts on what is whole; with any bit of it turned it does not.
func TestEveryKindSurvivesACut(t *testing.T) {
	f, raw := full(t)
	var kinds []string
	var ends []int
	at := 0
	_, err := signer.ReadJournal(bytes.NewReader(raw), func(r signer.Record, n int) error {
		at += n + 1
		kinds, ends = append(kinds, r.Kind), append(ends, at)
		return nil
	})
	require.NoError(t, err)
	for _, kind := range signer.Kinds() {
		require.Contains(t, kinds, kind)
	}
	// Each end, the bytes around it, and steps between: TestTornTailIsCut looks at every byte of two records.
	for cut := range raw {
		if i := slices.IndexFunc(ends, func(end int) bool { return cut <= end+1 }); cut%61 != 0 && (i < 0 || cut < ends[i]-2) {
			continue
		}
		whole := 0
		for _, end := range ends {
			if end <= cut {
				whole++
			}
		}
		records := 0
		torn, err := signer.ReadJournal(bytes.NewReader(raw[:cut]), func(signer.Record, int) error { records++; return nil })
		require.NoError(t, err)
		require.Equal(t, whole, records)
		if whole > 0 {
			require.EqualValues(t, cut-ends[whole-1], torn)
		}
	}
	path := filepath.Join(f.Dir, "journal.jsonl")
	for i, end := range ends[1:] {
		for _, cut := range []int{end, end - 1, (ends[i] + end) / 2} {
			require.NoError(t, os.WriteFile(path, raw[:cut], 0o600))
			e, err := f.TryOpen(clock)
			require.NoError(t, err, "cut at %d, %s", cut, kinds[i+1])
			require.NoError(t, e.Shutdown())
			rep, err := signer.Verify(f.Dir, nil)
			require.NoError(t, err)
			require.Zero(t, rep.Torn)
		}
	}
}

// Who can write the file can make hashes that fit, but not the signatures under a change of whose keys count.
func TestForgedRegistryStopsTheStart(t *testing.T) {
	f, raw := full(t)
	var out []byte
	prev := ""
	for line := range bytes.Lines(raw) {
		var rec signer.Record
		require.NoError(t, json.Unmarshal(line, &rec))
		if rec.Kind == "registry" {
			line = bytes.Replace(line, []byte(`"not_after":""`), []byte(`"not_after":"2030-01-01T00:00:00Z"`), 1)
		}
		if prev != "" {
			line = bytes.Replace(line, []byte(rec.Prev), []byte(prev), 1)
		}
		body := line[:bytes.LastIndex(line, []byte(`,"hash":"`))]
		prev = cert.SM3(body).Hex()
		out = append(out, append(slices.Clone(body), `,"hash":"`+prev+"\"}\n"...)...)
	}
	require.NoError(t, os.WriteFile(filepath.Join(f.Dir, "journal.jsonl"), out, 0o600))
	_, err := signer.ReadJournal(bytes.NewReader(out), func(signer.Record, int) error { return nil })
	require.NoError(t, err, "the hashes hold")
	_, err = f.TryOpen(clock)
	require.True(t, fault.HasKey(err, "journal_broken"), "%v", err)
	require.ErrorContains(t, err, "approval_signature_wrong")
}

// Many callers with the same request get one answer, and each request runs once, whoever asks.
func TestConcurrentCallers(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	one, two := newRenewal(t, b), newRenewal(t, b)
	again := one
	again.again(t, b) // the same authorisation under another id: one of both gets the pair
	answers := make([]cert.Issued, 24)
	var calls sync.WaitGroup
	for i := range answers {
		in := []cert.Instruction{one.instruction, two.instruction, again.instruction}[i%3]
		calls.Go(func() { answers[i], _ = e.Issue(t.Context(), in) })
	}
	calls.Wait()
	for i, a := range answers[3:] {
		require.Equal(t, answers[i], a)
	}
	require.NotEqual(t, answers[0].RequestID == "", answers[2].RequestID == "", "one authorisation, one pair")
	require.NotEmpty(t, answers[1].RequestID)
	st, err := e.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, st.Issued)
	require.Positive(t, e.Syncs())
}

// device is a key that lies elsewhere, as a hardware security module's does.
type device struct{ crypto.Signer }

func (device) KeyInfo() signer.KeyInfo { return signer.KeyInfo{Storage: "hsm", Label: "ca-1"} }

// Sign is given whole certificates to be signed, never a digest, and says nothing twice.
func (d device) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	return d.Signer.Sign(rand.Reader, message, opts)
}

func TestKeyInADevice(t *testing.T) {
	b := signertest.New(t, now)
	other, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	_, err = signer.Open(signer.Options{Dir: b.Dir, Key: device{other}, Now: clock, Logger: slog.New(slog.DiscardHandler)})
	require.True(t, fault.HasKey(err, "key_mismatch"), "%v", err)

	e := b.Open(t, clock)
	key := signer.KeyOf(e)
	require.NoError(t, e.Shutdown())
	e, err = signer.Open(signer.Options{Dir: b.Dir, Key: device{key}, Now: clock, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Shutdown()) }()
	st, err := e.Status(t.Context())
	require.NoError(t, err)
	require.False(t, st.Locked)
	require.Equal(t, "hsm", st.Key)
	r := newRenewal(t, b)
	one, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	two, err := e.Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	require.Equal(t, one, two)
}

// pair is a self-signed certificate for TLS, with the pin of its key.
func pair(t *testing.T) (signer.PEMPair, tls.Certificate, [sha256.Size]byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	p := signer.PEMPair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}),
	}
	c, err := tls.X509KeyPair(p.Cert, p.Key)
	require.NoError(t, err)
	return p, c, sha256.Sum256(c.Leaf.RawSubjectPublicKeyInfo)
}

func TestRemoteConsole(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	own, _, pin := pair(t)
	_, console, consolePin := pair(t)
	_, stranger, strangerPin := pair(t)
	l, err := signer.ListenTLS("127.0.0.1:0", own, []string{hex.EncodeToString(consolePin[:])})
	require.NoError(t, err)
	address := l.Addr().String()
	serve(t, l, e)
	_, err = client.NewRemote(address, console, pin).Issue(t.Context(), newRenewal(t, b).instruction)
	require.NoError(t, err)
	for name, c := range map[string]*client.Client{
		"another console": client.NewRemote(address, stranger, pin),
		"another signer":  client.NewRemote(address, console, strangerPin),
		"no certificate":  client.NewRemote(address, tls.Certificate{}, pin),
	} {
		_, err = c.Status(t.Context())
		require.True(t, fault.HasKey(err, "signer_unavailable"), "%s: %v", name, err)
	}
	for _, pins := range [][]string{nil, {"xx"}, {"00"}} {
		_, err = signer.ListenTLS("127.0.0.1:0", own, pins)
		require.True(t, fault.HasKey(err, "console_pin_malformed"), "%v", err)
	}
	_, err = signer.ListenTLS("127.0.0.1:0", signer.PEMPair{}, []string{hex.EncodeToString(pin[:])})
	require.True(t, fault.HasKey(err, "tls_pair_malformed"), "%v", err)
}
