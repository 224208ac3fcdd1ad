package cert_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

func newKey(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func TestParseCSR(t *testing.T) {
	key := newKey(t)
	der := certtest.CSR(t, key)
	armour := func(kind string) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	for name, raw := range map[string][]byte{
		"DER": der, "PEM": armour("CERTIFICATE REQUEST"), "old PEM": armour("NEW CERTIFICATE REQUEST"),
		"PEM with blank lines": join([]byte("\n\r\n"), armour("CERTIFICATE REQUEST"), []byte("\n\n")),
	} {
		t.Run(name, func(t *testing.T) {
			csr, err := cert.ParseCSR(raw)
			require.NoError(t, err)
			require.True(t, key.PublicKey.Equal(csr.Key))
			require.Equal(t, der, csr.DER)
			spki, err := cert.EncodeKey(&key.PublicKey)
			require.NoError(t, err)
			require.Equal(t, spki, csr.SPKI)
		})
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// A driver may name the algorithm of the key by the curve's own OID; what we certify has the usual name.
func TestParseCSRNormalisesTheKey(t *testing.T) {
	key := newKey(t)
	der := certtest.CSR(t, key)
	usual := []byte{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}       // id-ecPublicKey
	other := []byte{0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d} // SM2
	req, err := smx509.ParseCertificateRequest(der)
	require.NoError(t, err)
	tbs := bytes.Replace(req.RawTBSCertificateRequest, usual, other, 1)
	require.Len(t, tbs, len(req.RawTBSCertificateRequest)+1)
	at := bytes.Index(tbs, other)
	tbs[at-1]++ // length of AlgorithmIdentifier
	tbs[at-3]++ // length of SubjectPublicKeyInfo
	require.Equal(t, byte(0x81), tbs[1], "a length of one octet")
	tbs[2]++
	sig, err := key.Sign(rand.Reader, tbs, sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	csr, err := cert.ParseCSR(reseal(t, tbs, sig))
	require.NoError(t, err)
	spki, err := cert.EncodeKey(&key.PublicKey)
	require.NoError(t, err)
	require.Equal(t, spki, csr.SPKI)
}

// reseal puts a signature to the inner part of a CSR.
func reseal(t *testing.T, tbs, sig []byte) []byte {
	t.Helper()
	inner := join(tbs, []byte{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75}, []byte{0x03, byte(len(sig) + 1), 0}, sig)
	require.Less(t, len(inner), 0x100)
	return join([]byte{0x30, 0x81, byte(len(inner))}, inner)
}

func TestParseCSRRefuses(t *testing.T) {
	key, other := newKey(t), newKey(t)
	der := certtest.CSR(t, key)
	req, err := smx509.ParseCertificateRequest(der)
	require.NoError(t, err)
	foreign, err := other.Sign(rand.Reader, req.RawTBSCertificateRequest, sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	cfca, err := smx509.CreateCFCACertificateRequest(rand.Reader, &smx509.CertificateRequest{SignatureAlgorithm: smx509.SM2WithSM3}, key, other.Public(), "111111")
	require.NoError(t, err)
	nist, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p256, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, nist)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"nothing":              {nil, "csr_malformed"},
		"a certificate":        {certtest.Authority(t).Root.Cert.Raw, "csr_malformed"},
		"trailing bytes":       {append(bytes.Clone(der), 0), "csr_malformed"},
		"cut off":              {der[:len(der)-1], "csr_malformed"},
		"two of them":          {join(pemOf(der), pemOf(der)), "csr_malformed"},
		"PEM of another kind":  {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), "csr_malformed"},
		"too long":             {bytes.Repeat([]byte{' '}, 1<<20), "csr_malformed"},
		"a stranger's":         {reseal(t, req.RawTBSCertificateRequest, foreign), "csr_signature_wrong"},
		"two keys, as of CFCA": {cfca, "csr_cfca"},
		"NIST P-256":           {p256, "csr_not_sm2"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cert.ParseCSR(c.raw)
			require.True(t, fault.HasKey(err, c.want), "%v", err)
			require.Equal(t, "csr", fault.Of(err).Fields[0].Name)
		})
	}
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

// TestCSRsOfOpenSSL takes what `openssl req` makes with the default ID, and says what is wrong where it was forgotten.
func TestCSRsOfOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "openssl", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	run("ecparam", "-name", "SM2", "-genkey", "-noout", "-out", "k.pem")
	request := []string{"req", "-new", "-key", "k.pem", "-sm3", "-utf8", "-subj", "/C=CN/ST=浙江省/O=某公司/CN=张三"}
	run(append(request, "-sigopt", "distid:1234567812345678", "-out", "good.pem")...)
	run(append(request, "-out", "empty.pem")...)
	run(append(request, "-sigopt", "distid:somebody", "-out", "else.pem")...)
	for file, want := range map[string]string{"good.pem": "", "empty.pem": "csr_empty_id", "else.pem": "csr_signature_wrong"} {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		_, err = cert.ParseCSR(raw)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.True(t, fault.HasKey(err, want), "%s: %v", file, err)
	}
}

func FuzzParseCSR(f *testing.F) {
	der := certtest.CSR(f, newKey(f))
	f.Add(der)
	f.Add(pemOf(der))
	f.Fuzz(func(t *testing.T, raw []byte) {
		csr, err := cert.ParseCSR(raw)
		if err != nil {
			require.True(t, fault.Is(err, fault.Invalid))
			return
		}
		again, err := cert.ParseCSR(csr.DER)
		require.NoError(t, err)
		require.Equal(t, csr.SPKI, again.SPKI)
	})
}
