package cert_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

var party = cert.RelyingParty{ID: "localhost", Origins: []string{"http://localhost:8080"}}

// touch is an assertion of a passkey, as a browser hands it over.
func touch(t *testing.T, key *ecdsa.PrivateKey, data []byte, client map[string]any) (cert.Assertion, []byte) {
	t.Helper()
	raw, err := json.Marshal(client)
	require.NoError(t, err)
	hash := sha256.Sum256(raw)
	sum := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	require.NoError(t, err)
	return cert.Assertion{CredentialID: []byte("id"), AuthenticatorData: data, ClientData: raw}, signature
}

func TestAssertion(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	message := []byte("caconsole/approve/1\n…")
	good := func() map[string]any {
		return map[string]any{"type": "webauthn.get", "challenge": cert.Challenge(message), "origin": "http://localhost:8080", "crossOrigin": false, "other": 1}
	}
	for name, c := range map[string]struct {
		data   []byte
		change func(map[string]any)
		want   string
	}{
		"good":                  {data: cert.AuthenticatorData("localhost", true, 7)},
		"another message":       {data: cert.AuthenticatorData("localhost", true, 7), change: func(m map[string]any) { m["challenge"] = cert.Challenge([]byte("x")) }, want: "signature_wrong"},
		"a registration":        {data: cert.AuthenticatorData("localhost", true, 7), change: func(m map[string]any) { m["type"] = "webauthn.create" }, want: "signature_wrong"},
		"another page":          {data: cert.AuthenticatorData("localhost", true, 7), change: func(m map[string]any) { m["origin"] = "http://localhost:8081" }, want: "assertion_origin_wrong"},
		"within another's page": {data: cert.AuthenticatorData("localhost", true, 7), change: func(m map[string]any) { m["crossOrigin"] = true }, want: "assertion_origin_wrong"},
		"another party":         {data: cert.AuthenticatorData("example.com", true, 7), want: "assertion_party_wrong"},
		"cut":                   {data: cert.AuthenticatorData("localhost", true, 7)[:36], want: "assertion_party_wrong"},
		"no user verified":      {data: cert.AuthenticatorData("localhost", false, 7), want: "assertion_unverified_user"},
		"bytes at the end":      {data: append(cert.AuthenticatorData("localhost", true, 7), 0), want: "signature_wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			client := good()
			if c.change != nil {
				c.change(client)
			}
			w, signature := touch(t, key, c.data, client)
			err := w.Verify(&key.PublicKey, party, message, signature)
			if c.want == "" {
				require.NoError(t, err)
				signature[9] ^= 1
				err, c.want = w.Verify(&key.PublicKey, party, message, signature), "signature_wrong"
			}
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
}

func delegation(t *testing.T, key *ecdsa.PrivateKey, from time.Time) cert.Delegation {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	return cert.Delegation{
		V: 1, ID: "0193a0a0-0000-7000-8000-000000000001", StaffID: "s", Duty: cert.DutyReview, Session: cert.SM3(nil).Hex(),
		Key: base64.StdEncoding.EncodeToString(spki), NotBefore: cert.FormatTime(from), Expires: cert.FormatTime(from.Add(12 * time.Hour)),
	}
}

func TestDelegationIsNarrow(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	from := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	good := delegation(t, key, from)
	_, err = cert.ParseDelegation(good.Canonical())
	require.NoError(t, err)
	for name, change := range map[string]func(*cert.Delegation){
		"longer than a shift": func(d *cert.Delegation) { d.Expires = cert.FormatTime(from.Add(12*time.Hour + time.Second)) },
		"an issuer's duty":    func(d *cert.Delegation) { d.Duty = cert.DutyIssue },
		"no session":          func(d *cert.Delegation) { d.Session = "" },
		"no key":              func(d *cert.Delegation) { d.Key = "" },
		"never":               func(d *cert.Delegation) { d.Expires = d.NotBefore },
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			change(&d)
			_, err := cert.ParseDelegation(d.Canonical())
			require.True(t, fault.HasKey(err, "delegation_malformed"), "%v", err)
		})
	}
}

// signRaw signs as WebCrypto does.
func signRaw(t *testing.T, key *ecdsa.PrivateKey, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	require.NoError(t, err)
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func TestDelegatedApproval(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	from := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	d := delegation(t, key, from)
	for name, c := range map[string]struct {
		change func(*cert.Approval)
		after  func(*cert.Approval)
		want   string
	}{
		"good":           {},
		"before":         {change: func(a *cert.Approval) { a.At = from.Add(-time.Second) }, want: "delegation_expired"},
		"after":          {change: func(a *cert.Approval) { a.At = from.Add(12*time.Hour + time.Second) }, want: "delegation_expired"},
		"another duty":   {change: func(a *cert.Approval) { a.Duty = cert.DutyIssue }, want: "delegation_mismatch"},
		"another person": {change: func(a *cert.Approval) { a.StaffID = "other" }, want: "delegation_mismatch"},
		"another kind":   {change: func(a *cert.Approval) { a.Kind = cert.KindSM2 }, want: "delegation_mismatch"},
		"changed":        {after: func(a *cert.Approval) { a.Digests = []string{cert.SM3([]byte("x")).Hex()} }, want: "signature_wrong"},
		"cut":            {after: func(a *cert.Approval) { a.Signature = a.Signature[:63] }, want: "signature_wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			a := cert.Approval{Duty: cert.DutyReview, StaffID: "s", At: from.Add(time.Hour), Digests: []string{cert.SM3(nil).Hex()}, Kind: cert.KindDelegated}
			if c.change != nil {
				c.change(&a)
			}
			a.Signature = signRaw(t, key, a.Message())
			if c.after != nil {
				c.after(&a)
			}
			err := d.VerifyDelegated(a)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
}

func FuzzParseDelegation(f *testing.F) {
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if d, err := cert.ParseDelegation(raw); err == nil {
			require.Equal(t, raw, d.Canonical())
		}
	})
}

func FuzzParseRevocation(f *testing.F) {
	r, err := cert.NewRevocation("0193a0a0-0000-7000-8000-000000000001", []cert.Serial{"7fffffffffffffffffffffffffffffffffffffff"}, 1, cert.SM3(nil), time.Unix(0, 0))
	require.NoError(f, err)
	f.Add(r.Canonical())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := cert.ParseRevocation(raw); err == nil {
			require.Equal(t, raw, r.Canonical())
		}
	})
}

func FuzzParseRegistryChange(f *testing.F) {
	f.Add(cert.Registry{V: 1, Seq: 1}.Change(2, nil, nil).Canonical())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c, err := cert.ParseRegistryChange(raw); err == nil {
			require.Equal(t, raw, c.Canonical())
		}
	})
}
