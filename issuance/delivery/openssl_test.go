package delivery_test

import (
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/delivery"
)

// openssl runs OpenSSL in a folder.
type openssl struct{ dir string }

func (o openssl) run(args ...string) (string, error) {
	cmd := exec.Command("openssl", args...)
	cmd.Dir = o.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (o openssl) ok(t *testing.T, args ...string) string {
	t.Helper()
	out, err := o.run(args...)
	require.NoError(t, err, "openssl %v\n%s", args, out)
	return out
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

// part is a value of a DER file at a depth: the n-th, or the last one for n -1.
func (o openssl) part(t *testing.T, from, depth string, n int, to string) {
	t.Helper()
	lines := regexp.MustCompile(`(?m)^ *(\d+):d=`+depth+` `).FindAllStringSubmatch(o.ok(t, "asn1parse", "-inform", "DER", "-in", from), -1)
	if n < 0 {
		n = len(lines) - 1
	}
	require.Greater(t, len(lines), n, from)
	o.ok(t, "asn1parse", "-inform", "DER", "-in", from, "-strparse", lines[n][1], "-noout", "-out", to)
}

// distID tells OpenSSL 3.0 the default ID; without it, it takes an empty one.
const distID = "distid:1234567812345678"

// TestOpenSSLAgrees has OpenSSL, which shares no code with ours, play the Ukey: it makes the key and the CSR, checks what
// comes back link by link, and opens the encryption key. OpenSSL 3.0 cannot check a chain of SM2 at once, nor a CRL.
func TestOpenSSLAgrees(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	o := openssl{t.TempDir()}
	m := o.renewed(t)
	t.Run("signatures link by link", func(t *testing.T) {
		o.ok(t, "verify", "-x509_strict", "-vfyopt", distID, "-CAfile", "root.pem", "sub.pem")
		o.ok(t, "verify", "-x509_strict", "-partial_chain", "-vfyopt", distID, "-CAfile", "sub.pem", "sign.pem", "enc.pem")
		_, err := o.run("verify", "-x509_strict", "-partial_chain", "-vfyopt", distID, "-CAfile", "root.pem", "sign.pem")
		require.Error(t, err, "the root did not sign it")
		o.signed(t, "root.der", "root.pem")
	})
	t.Run("purposes", func(t *testing.T) {
		for _, c := range []struct {
			purpose, file string
			want          bool
		}{{"smimesign", "sign.pem", true}, {"smimesign", "enc.pem", false}, {"smimeencrypt", "enc.pem", true}, {"smimeencrypt", "sign.pem", false}} {
			out, err := o.run("verify", "-partial_chain", "-purpose", c.purpose, "-vfyopt", distID, "-CAfile", "sub.pem", c.file)
			require.Equal(t, c.want, err == nil, "%s of %s: %s", c.purpose, c.file, out)
		}
	})
	t.Run("key of the CSR", func(t *testing.T) {
		require.Contains(t, o.ok(t, "req", "-in", "sign.csr.pem", "-noout", "-verify", "-vfyopt", distID), "verify OK")
		require.Equal(t, o.ok(t, "req", "-in", "sign.csr.pem", "-noout", "-pubkey"), o.ok(t, "x509", "-in", "sign.pem", "-noout", "-pubkey"))
	})
	t.Run("CRL", func(t *testing.T) {
		o.signed(t, "sub.crl.der", "sub.pem")
		out := o.ok(t, "crl", "-inform", "DER", "-in", "sub.crl.der", "-noout", "-text", "-nameopt", "utf8")
		require.Contains(t, out, "Superseded")
		require.Contains(t, out, "X509v3 CRL Number: \n                7")
	})
	t.Run("response", func(t *testing.T) { o.opensResponse(t, m) })
	t.Run("chain file", func(t *testing.T) {
		rest, n := []byte(o.ok(t, "pkcs7", "-inform", "DER", "-in", "chain.p7b", "-print_certs")), 0
		for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
			n++
		}
		require.Equal(t, 3, n)
	})
	t.Run("Bouncy Castle", func(t *testing.T) { bouncyCastle(t, o.dir) })
}

// renewed has OpenSSL make a key and a CSR, and lays out everything that follows from it.
func (o openssl) renewed(t *testing.T) made {
	t.Helper()
	o.ok(t, "ecparam", "-name", "SM2", "-genkey", "-noout", "-out", "sign.key.pem")
	o.ok(t, "req", "-new", "-key", "sign.key.pem", "-sm3", "-sigopt", distID, "-utf8", "-subj", "/C=CN/ST=浙江省/O=某公司/CN=张三", "-out", "sign.csr.pem")
	m := madeFor(t, o.read(t, "sign.csr.pem"))
	for name, der := range map[string][]byte{
		"root": m.ca.Root.Cert.Raw, "sub": m.ca.CA.Cert.Raw, "sign": m.pair.Sign, "enc": m.pair.Enc,
	} {
		o.write(t, name+".der", der)
		o.write(t, name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	response, err := delivery.CSRResponse(m.pair, m.envelope, usual)
	require.NoError(t, err)
	o.write(t, "csrresponse.der", response)
	chain, err := delivery.Chain(m.pair.Sign, m.ca.CA.Cert.Raw, m.ca.Root.Cert.Raw)
	require.NoError(t, err)
	o.write(t, "chain.p7b", chain)
	enc, err := smx509.ParseCertificate(m.pair.Enc)
	require.NoError(t, err)
	now := time.Now().UTC().Truncate(time.Second)
	superseded := cert.RevocationEntry{Serial: cert.SerialFromInt(enc.SerialNumber), At: now, Reason: 4}
	l := cert.RevocationList{Number: 7, ThisUpdate: now, NextUpdate: now.Add(24 * time.Hour), Entries: []cert.RevocationEntry{superseded}}
	o.write(t, "sub.crl.der", certtest.CRL(t, m.ca.CA, l))
	l.Entries = nil
	o.write(t, "root.crl.der", certtest.CRL(t, m.ca.Root, l))
	return m
}

// signed checks the raw parts of a DER SEQUENCE {tbs, algorithm, signature} with the key of a certificate.
func (o openssl) signed(t *testing.T, file, by string) {
	t.Helper()
	o.part(t, file, "1", 0, "tbs")
	o.part(t, file, "1", -1, "sig")
	o.ok(t, "x509", "-in", by, "-noout", "-pubkey", "-out", "by.pub")
	require.Contains(t, o.ok(t, "dgst", "-sm3", "-sigopt", distID, "-verify", "by.pub", "-signature", "sig", "tbs"), "Verified OK")
}

// opensResponse takes a CSRResponse apart, opens the SM4 key with the sign key and the encryption key with that, and
// compares its public point with the encryption certificate's.
func (o openssl) opensResponse(t *testing.T, m made) {
	t.Helper()
	o.part(t, "csrresponse.der", "1", 1, "tagged.der") // [0]
	o.part(t, "tagged.der", "1", 0, "envelope.der")
	require.Equal(t, m.envelope, o.read(t, "envelope.der"))
	o.part(t, "envelope.der", "1", 1, "cipher.der")
	o.part(t, "envelope.der", "1", 2, "point.bin")
	o.part(t, "envelope.der", "1", 3, "wrapped.bin")
	o.ok(t, "pkeyutl", "-decrypt", "-inkey", "sign.key.pem", "-in", "cipher.der", "-out", "sm4.key")
	o.ok(t, "enc", "-d", "-sm4-ecb", "-nopad", "-K", hex.EncodeToString(o.read(t, "sm4.key")), "-in", "wrapped.bin", "-out", "d.bin")

	ec, err := hex.DecodeString("30310201010420" + hex.EncodeToString(o.read(t, "d.bin")) + "a00a06082a811ccf5501822d")
	require.NoError(t, err)
	o.write(t, "enc.key.der", ec)
	o.ok(t, "ec", "-inform", "DER", "-in", "enc.key.der", "-pubout", "-outform", "DER", "-out", "enc.pub.der")
	pub := o.read(t, "enc.pub.der")
	require.Equal(t, o.read(t, "point.bin"), pub[len(pub)-65:], "the key that OpenSSL took out has the point that the envelope names")

	o.part(t, "csrresponse.der", "1", 2, "enc.tagged.der") // [1]
	o.part(t, "enc.tagged.der", "1", 0, "enc.again.der")
	require.Equal(t, m.pair.Enc, o.read(t, "enc.again.der"))
	point, err := sm2.PublicKeyToECDH(&m.enc.PublicKey)
	require.NoError(t, err)
	require.Equal(t, point.Bytes(), pub[len(pub)-65:], "and the certificate has")
}

// bouncyCastle has a third library check signatures, the path with revocation, and the CSR.
func bouncyCastle(t *testing.T, dir string) {
	t.Helper()
	const jars = "/usr/share/java/bcprov.jar:/usr/share/java/bcpkix.jar:/usr/share/java/bcutil.jar"
	if _, err := os.Stat("/usr/share/java/bcpkix.jar"); err != nil {
		t.Skip("Bouncy Castle is not installed (libbcpkix-java)")
	}
	if _, err := exec.LookPath("javac"); err != nil {
		t.Skip("no JDK is installed")
	}
	out, err := exec.Command("java", "-cp", jars, filepath.Join("testdata", "Check.java"), dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "all holds")
}
