package signer_test

import (
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer/signertest"
)

// openssl runs OpenSSL in a folder of certificates and returns what it printed and whether it succeeded.
type openssl struct{ dir string }

func (o openssl) run(args ...string) (string, bool) {
	cmd := exec.Command("openssl", args...)
	cmd.Dir = o.dir
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func (o openssl) ok(t *testing.T, args ...string) string {
	t.Helper()
	out, ok := o.run(args...)
	require.True(t, ok, "openssl %s\n%s", strings.Join(args, " "), out)
	return out
}

// TestOpenSSLAgrees has OpenSSL, which shares no code with ours, check an issued pair. It must go link by link and be
// told the default ID: OpenSSL 3.0 assumes an empty one, and applies an ID to the target of a chain only.
func TestOpenSSLAgrees(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	for path, c := range map[string]struct {
		renewal func(testing.TB, signertest.Bench) renewal
		end     string
	}{
		"reviewed": {newRenewal, "notAfter=Nov 22 15:59:59 2027 GMT"},
		"online":   {newHolders, "notAfter=Dec 22 15:59:59 2027 GMT"},
	} {
		t.Run(path, func(t *testing.T) { opensslAgrees(t, c.renewal, c.end) })
	}
}

func opensslAgrees(t *testing.T, renews func(testing.TB, signertest.Bench) renewal, end string) {
	t.Helper()
	const id = "distid:1234567812345678"
	o, r := issuedFiles(t, renews)

	t.Run("signatures link by link", func(t *testing.T) {
		o.ok(t, "verify", "-x509_strict", "-vfyopt", id, "-CAfile", "root.pem", "ca.pem")
		for _, c := range []string{"sign.pem", "enc.pem"} {
			o.ok(t, "verify", "-x509_strict", "-partial_chain", "-vfyopt", id, "-CAfile", "ca.pem", c)
			_, ok := o.run("verify", "-x509_strict", "-partial_chain", "-CAfile", "ca.pem", c)
			require.False(t, ok, "the default ID is part of what is signed")
		}
		_, ok := o.run("verify", "-x509_strict", "-partial_chain", "-vfyopt", id, "-CAfile", "root.pem", "sign.pem")
		require.False(t, ok, "the root did not sign it")
	})
	t.Run("root signed itself", func(t *testing.T) {
		o.rawParts(t, "root.pem")
		out := o.ok(t, "dgst", "-sm3", "-sigopt", id, "-verify", "root.pem.pub", "-signature", "root.pem.sig", "root.pem.tbs")
		require.Contains(t, out, "Verified OK")
	})
	t.Run("purposes", func(t *testing.T) {
		for _, c := range []struct {
			purpose, file string
			want          bool
		}{{"smimesign", "sign.pem", true}, {"smimesign", "enc.pem", false}, {"smimeencrypt", "enc.pem", true}, {"smimeencrypt", "sign.pem", false}} {
			out, ok := o.run("verify", "-partial_chain", "-purpose", c.purpose, "-vfyopt", id, "-CAfile", "ca.pem", c.file)
			require.Equal(t, c.want, ok, "%s of %s: %s", c.purpose, c.file, out)
		}
	})
	t.Run("subject in order", func(t *testing.T) {
		want := "C=CN, ST=广东省, L=深圳市, O=中测试核电有限公司, OU=采购部, CN=中测试核电有限公司"
		for _, c := range []string{"old.pem", "sign.pem", "enc.pem"} {
			out := o.ok(t, "x509", "-in", c, "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus_space")
			require.Contains(t, out, want)
		}
	})
	t.Run("fields", func(t *testing.T) {
		out := o.ok(t, "x509", "-in", "sign.pem", "-noout", "-serial", "-dates", "-ext", "keyUsage,crlDistributionPoints,authorityInfoAccess,certificatePolicies")
		for _, want := range []string{
			"serial=" + strings.ToUpper(r.request.SignSerial), end, "Digital Signature, Non Repudiation",
			"http://localhost:8080/crl/issuing.crl", "http://localhost:8080/ca/issuing.cer", "Policy: 1.2.156.157.2.1.1", "critical",
		} {
			require.Contains(t, out, want)
		}
		require.Contains(t, o.ok(t, "x509", "-in", "enc.pem", "-noout", "-ext", "keyUsage"), "Key Encipherment, Data Encipherment, Key Agreement")
	})
	t.Run("organisation code", func(t *testing.T) {
		for _, c := range []string{"sign.pem", "enc.pem"} {
			out := o.ok(t, "asn1parse", "-in", c)
			_, rest, found := strings.Cut(out, "1.2.156.10260.4.1.4")
			require.True(t, found)
			line := strings.SplitN(rest, "\n", 3)[1]
			// Tag 0x13 (PrintableString), 18 octets, then the code itself.
			require.Contains(t, line, fmt.Sprintf("1312%X", certtest.OrganisationCode))
		}
	})
	t.Run("keys are kept", func(t *testing.T) {
		require.Equal(t, o.ok(t, "x509", "-in", "old.pem", "-noout", "-pubkey"), o.ok(t, "x509", "-in", "sign.pem", "-noout", "-pubkey"))
	})
}

// issuedFiles issues a pair and lays the chain out as PEM files.
func issuedFiles(t *testing.T, renews func(testing.TB, signertest.Bench) renewal) (openssl, renewal) {
	t.Helper()
	b := signertest.New(t, now)
	r := renews(t, b)
	issued, err := b.Open(t, clock).Issue(t.Context(), r.instruction)
	require.NoError(t, err)
	o := openssl{dir: t.TempDir()}
	for name, der := range map[string][]byte{
		"root.pem": b.Chain.Root, "ca.pem": b.Chain.CA, "sign.pem": issued.Pair.Sign, "enc.pem": issued.Pair.Enc, "old.pem": r.holder.Pair.Sign,
	} {
		raw := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		require.NoError(t, os.WriteFile(filepath.Join(o.dir, name), raw, 0o600))
	}
	return o, r
}

// rawParts writes the signed bytes, the signature and the public key of a certificate beside it.
func (o openssl) rawParts(t *testing.T, name string) {
	t.Helper()
	o.ok(t, "asn1parse", "-in", name, "-strparse", "4", "-noout", "-out", name+".tbs")
	var offset string
	for line := range strings.Lines(o.ok(t, "asn1parse", "-in", name)) {
		if strings.Contains(line, ":d=1 ") {
			offset = strings.TrimSpace(strings.SplitN(line, ":", 2)[0])
		}
	}
	o.ok(t, "asn1parse", "-in", name, "-strparse", offset, "-noout", "-out", name+".sig")
	o.ok(t, "x509", "-in", name, "-noout", "-pubkey", "-out", name+".pub")
}
