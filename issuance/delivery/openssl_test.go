package delivery_test

import (
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/delivery"
)

// openssl runs OpenSSL in a folder.
type openssl struct{ dir string }

func (o openssl) ok(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = o.dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "openssl %v\n%s", args, out)
	return string(out)
}

func (o openssl) write(t *testing.T, name string, b []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(o.dir, name), b, 0o600))
}

func (o openssl) read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(o.dir, name))
	require.NoError(t, err)
	return b
}

// take cuts the n-th value of a depth out of a DER file.
func (o openssl) take(t *testing.T, from string, depth string, n int, to string) {
	t.Helper()
	lines := regexp.MustCompile(`(?m)^ *(\d+):d=`+depth+` `).FindAllStringSubmatch(o.ok(t, "asn1parse", "-inform", "DER", "-in", from), -1)
	require.Greater(t, len(lines), n, from)
	o.ok(t, "asn1parse", "-inform", "DER", "-in", from, "-strparse", lines[n][1], "-noout", "-out", to)
}

// TestOpenSSLAgreesOnTheResponse has OpenSSL alone do what a Ukey does with a CSRResponse: take it apart, open the SM4 key
// with the sign key, open the encryption key with that, and compare its public point with the encryption certificate's.
func TestOpenSSLAgreesOnTheResponse(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	m, o := newMade(t), openssl{t.TempDir()}
	der, err := delivery.CSRResponse(m.pair, m.envelope, usual)
	require.NoError(t, err)
	key, err := smx509.MarshalPKCS8PrivateKey(m.sign)
	require.NoError(t, err)
	o.write(t, "response.der", der)
	o.write(t, "sign.key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))

	o.take(t, "response.der", "1", 1, "tagged.der") // [0]
	o.take(t, "tagged.der", "1", 0, "envelope.der")
	require.Equal(t, m.envelope, o.read(t, "envelope.der"))
	o.take(t, "envelope.der", "1", 1, "cipher.der")
	o.take(t, "envelope.der", "1", 2, "point.bin")
	o.take(t, "envelope.der", "1", 3, "wrapped.bin")
	o.ok(t, "pkeyutl", "-decrypt", "-inkey", "sign.key.pem", "-in", "cipher.der", "-out", "sm4.key")
	o.ok(t, "enc", "-d", "-sm4-ecb", "-nopad", "-K", hex.EncodeToString(o.read(t, "sm4.key")), "-in", "wrapped.bin", "-out", "d.bin")

	ec, err := hex.DecodeString("30310201010420" + hex.EncodeToString(o.read(t, "d.bin")) + "a00a06082a811ccf5501822d")
	require.NoError(t, err)
	o.write(t, "enc.key.der", ec)
	o.ok(t, "ec", "-inform", "DER", "-in", "enc.key.der", "-pubout", "-outform", "DER", "-out", "enc.pub.der")
	pub := o.read(t, "enc.pub.der")
	require.Equal(t, o.read(t, "point.bin"), pub[len(pub)-65:], "the key that OpenSSL took out has the point that the envelope names")

	o.take(t, "response.der", "1", 2, "enc.tagged.der") // [1]
	o.take(t, "enc.tagged.der", "1", 0, "enc.der")
	o.ok(t, "x509", "-inform", "DER", "-in", "enc.der", "-noout", "-pubkey", "-out", "enc.cert.pub")
	o.ok(t, "ec", "-pubin", "-in", "enc.cert.pub", "-outform", "DER", "-out", "enc.cert.der")
	cert := o.read(t, "enc.cert.der")
	require.Equal(t, pub[len(pub)-65:], cert[len(cert)-65:], "and the certificate's")
	point, err := sm2.PublicKeyToECDH(&m.enc.PublicKey)
	require.NoError(t, err)
	require.Equal(t, point.Bytes(), cert[len(cert)-65:])
}

func TestOpenSSLAgreesOnTheChain(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	m, o := newMade(t), openssl{t.TempDir()}
	der, err := delivery.Chain(m.pair.Sign, m.ca.CA.Cert.Raw, m.ca.Root.Cert.Raw)
	require.NoError(t, err)
	o.write(t, "chain.p7b", der)
	out := o.ok(t, "pkcs7", "-inform", "DER", "-in", "chain.p7b", "-print_certs")
	rest, n := []byte(out), 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		n++
	}
	require.Equal(t, 3, n)
}
