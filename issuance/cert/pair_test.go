package cert_test

import (
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func spec(t *testing.T) cert.Spec {
	t.Helper()
	h := certtest.NewHolder(t, certtest.Authority(t).CA, "中测试核电有限公司", now.AddDate(0, -1, 0))
	a := authorise(t, h, 1)
	r, err := cert.NewRequest(rand.Reader, requestID, a, h.Old, now.AddDate(10, 0, 0), now)
	require.NoError(t, err)
	s, err := cert.Plan(a, r, cert.Material{Old: &h.Old}, cert.OrganisationProfile("http://localhost:8080"), now.AddDate(10, 0, 0))
	require.NoError(t, err)
	return s
}

func TestBuildMakesTheSamePairAgain(t *testing.T) {
	ca, s := certtest.Authority(t).CA, spec(t)
	one, err := cert.Build(nil, ca, s)
	require.NoError(t, err)
	two, err := cert.Build(nil, ca, s)
	require.NoError(t, err)
	require.Equal(t, one, two)

	sign, err := smx509.ParseCertificate(one.Sign)
	require.NoError(t, err)
	require.NoError(t, sign.CheckSignatureFrom(ca.Cert))
	require.Equal(t, s.Subject, sign.RawSubject)
	require.Equal(t, certtest.OrganisationCode, cert.IdentityOf(sign, cert.OrganisationCodeOID))
}

func TestBuildLintsBeforeTheKeyIsUsed(t *testing.T) {
	for name, change := range map[string]func(*cert.Spec){
		"serial of 21 octets": func(s *cert.Spec) { s.SignSerial = cert.SerialFromInt(new(big.Int).Lsh(big.NewInt(1), 160)) },
		"short serial":        func(s *cert.Spec) { s.EncSerial = "0102030405" },
		"ends before begin":   func(s *cert.Spec) { s.NotAfter = s.NotBefore.Add(-time.Hour) },
		"beyond the CA":       func(s *cert.Spec) { s.NotAfter = s.NotAfter.AddDate(60, 0, 0) },
		"garbage subject":     func(s *cert.Spec) { s.Subject = []byte{0x30, 0x03, 1, 2, 3} },
		"hidden direction": func(s *cert.Spec) {
			s.Subject, _ = cert.Name{Country: "CN", CommonName: "abc\u202edef"}.DER()
		},
		"one key twice":        func(s *cert.Spec) { s.EncKey = s.SignKey },
		"code that is no text": func(s *cert.Spec) { s.Identity = "码" },
		"no code":              func(s *cert.Spec) { s.Identity = "" },
		"no usage":             func(s *cert.Spec) { s.Profile.SignUsage = nil },
		"CA usage":             func(s *cert.Spec) { s.Profile.SignUsage = []string{"keyCertSign"} },
	} {
		t.Run(name, func(t *testing.T) {
			s := spec(t)
			change(&s)
			_, err := cert.Build(nil, cert.Issuer{Cert: certtest.Authority(t).CA.Cert, Key: untouchable{}}, s)
			require.True(t, fault.HasKey(err, "certificate_lint"), "%v", err)
		})
	}
}

// untouchable is a CA key that must not be asked for anything.
type untouchable struct{ *sm2.PrivateKey }

func TestBuildNoticesASignerWithAnotherKey(t *testing.T) {
	wrong, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	_, err = cert.Build(nil, cert.Issuer{Cert: certtest.Authority(t).CA.Cert, Key: wrong}, spec(t))
	require.Error(t, err)
}

func TestApprovalBindsDutyTimeAndList(t *testing.T) {
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	one, two := cert.SM3([]byte("1")), cert.SM3([]byte("2"))
	a := cert.Approval{Kind: cert.KindSM2, Duty: cert.DutyIssue, At: now, Digests: []string{two.Hex(), one.Hex()}}
	a.Signature, err = key.Sign(rand.Reader, cert.ApprovalMessage(a.Duty, a.At, []string{one.Hex(), two.Hex()}), sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	require.NoError(t, a.Verify(&key.PublicKey, one), "the order of the list does not matter")
	require.Error(t, a.Verify(&key.PublicKey, cert.SM3([]byte("3"))), "not in the list")

	for name, change := range map[string]func(*cert.Approval){
		"duty":  func(a *cert.Approval) { a.Duty = cert.DutyReview },
		"time":  func(a *cert.Approval) { a.At = a.At.Add(time.Second) },
		"list":  func(a *cert.Approval) { a.Digests = []string{one.Hex()} },
		"bytes": func(a *cert.Approval) { a.Signature = append([]byte{}, a.Signature[:len(a.Signature)-1]...) },
	} {
		t.Run(name, func(t *testing.T) {
			b := a
			change(&b)
			require.True(t, fault.HasKey(b.Verify(&key.PublicKey, one), "signature_wrong"))
		})
	}
}

func TestMessagesForTheUkeyAreDomainSeparated(t *testing.T) {
	require.Equal(t, "caconsole/renew/1\n{}\n-", string(cert.ToSignRenew([]byte("{}"), nil)))
	require.Equal(t, "caconsole/collect/1\n"+requestID+"ab\n-", string(cert.ToSignCollect(requestID, "ab", nil)))
	require.Equal(t, "caconsole/collect/1\n"+requestID+"ab\n"+cert.SM3([]byte("csr")).Hex(), string(cert.ToSignCollect(requestID, "ab", []byte("csr"))))
}

// BenchmarkBuild makes a pair with its lint: what one issuance costs the signer besides its journal.
func BenchmarkBuild(b *testing.B) {
	ca := certtest.Authority(b).CA
	h := certtest.NewHolder(b, ca, "中测试核电有限公司", now.AddDate(0, -1, 0))
	a := authorise(b, h, 1)
	r, err := cert.NewRequest(rand.Reader, requestID, a, h.Old, now.AddDate(10, 0, 0), now)
	require.NoError(b, err)
	s, err := cert.Plan(a, r, cert.Material{Old: &h.Old}, cert.OrganisationProfile(base), now.AddDate(10, 0, 0))
	require.NoError(b, err)
	for b.Loop() {
		if _, err := cert.Build(nil, ca, s); err != nil {
			b.Fatal(err)
		}
	}
}
