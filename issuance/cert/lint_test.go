package cert_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

func TestLintListsEveryRule(t *testing.T) {
	found, err := cert.Lint(certtest.Authority(t).CA.Cert, spec(t))
	require.NoError(t, err)
	require.Len(t, found, 2*len(cert.LintRules()))
	for _, f := range found {
		require.Equal(t, cert.LevelOK, f.Level, "%+v", f)
	}
	rules := cert.LintRules()
	slices.Sort(rules)
	require.Len(t, slices.Compact(rules), len(cert.LintRules()), "each rule its own name")
}

// errorsOf are the rules that found an error in either certificate.
func errorsOf(found []cert.Finding, level string) []string {
	var out []string
	for _, f := range found {
		if f.Level == level && !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	slices.Sort(out)
	return out
}

// name encodes a subject of attributes in any order and string type.
func name(t *testing.T, parts ...[]byte) []byte {
	t.Helper()
	body := bytes.Join(parts, nil)
	require.Less(t, len(body), 0x80)
	return append([]byte{0x30, byte(len(body))}, body...)
}

// rdn encodes one RDN: attribute 2.5.4.n with a string of a type.
func rdn(n, tag byte, text string) []byte {
	ava := append([]byte{0x06, 3, 0x55, 4, n, tag, byte(len(text))}, text...)
	set := append([]byte{0x30, byte(len(ava))}, ava...)
	return append([]byte{0x31, byte(len(set))}, set...)
}

// TestLintNamesTheRule makes one mistake at a time and sees that just the rule for it speaks.
func TestLintNamesTheRule(t *testing.T) {
	const printable, utf8, bmp = 0x13, 0x0c, 0x1e
	for label, c := range map[string]struct {
		change        func(*cert.Spec)
		errors, notes []string
	}{
		"serial of 21 octets": {change: func(s *cert.Spec) {
			s.SignSerial = cert.SerialFromInt(new(big.Int).SetBytes(append([]byte{0x41}, random(t, 20)...)))
		}, errors: []string{"serial_range"}},
		"serial 2^159": {change: func(s *cert.Spec) {
			s.EncSerial = cert.SerialFromInt(new(big.Int).SetBytes(append([]byte{0x80}, random(t, 19)...)))
		}, errors: []string{"serial_range"}},
		"short serial":         {change: func(s *cert.Spec) { s.EncSerial = "0102030405" }, errors: []string{"serial_entropy"}},
		"serial of a counter":  {change: func(s *cert.Spec) { s.EncSerial = "4000000000000000000000000000000000000007" }, errors: []string{"serial_entropy"}},
		"one serial":           {change: func(s *cert.Spec) { s.EncSerial = s.SignSerial }, errors: []string{"serials_differ"}},
		"ends before it began": {change: func(s *cert.Spec) { s.NotAfter = s.NotBefore.Add(-time.Hour) }, errors: []string{"dates_order"}},
		"parts of a second":    {change: func(s *cert.Spec) { s.NotBefore = s.NotBefore.Add(time.Millisecond) }, errors: []string{"dates_same"}},
		"beyond the CA":        {change: func(s *cert.Spec) { s.NotAfter = s.NotAfter.AddDate(60, 0, 0) }, errors: []string{"dates_in_ca"}},
		"hidden direction":     {change: func(s *cert.Spec) { s.Subject, _ = cert.Name{Country: "CN", CommonName: "abc\u202edef"}.DER() }, errors: []string{"dn_text"}},
		"control character":    {change: func(s *cert.Spec) { s.Subject, _ = cert.Name{Country: "CN", CommonName: "a\nb"}.DER() }, errors: []string{"dn_text"}},
		"names exchanged": {
			change: func(s *cert.Spec) { s.Subject = name(t, rdn(3, utf8, "a"), rdn(6, printable, "CN")) }, errors: []string{"dn_order"},
		},
		"names exchanged, of an old pair": {
			change: func(s *cert.Spec) { s.Copied, s.Subject = true, name(t, rdn(3, utf8, "a"), rdn(6, printable, "CN")) }, notes: []string{"dn_order"},
		},
		"country in UTF8String": {change: func(s *cert.Spec) { s.Subject = name(t, rdn(6, utf8, "CN"), rdn(3, utf8, "a")) }, errors: []string{"dn_strings"}},
		"printable name, of an old pair": {
			change: func(s *cert.Spec) {
				s.Copied, s.Subject = true, name(t, rdn(6, printable, "CN"), rdn(3, printable, "a"))
			}, notes: []string{"dn_strings"},
		},
		"BMPString, of an old pair": {
			change: func(s *cert.Spec) {
				s.Copied, s.Subject = true, name(t, rdn(6, printable, "CN"), rdn(3, bmp, "\x4e\x2d"))
			}, errors: []string{"dn_strings"},
		},
		"too long a name": {
			change: func(s *cert.Spec) {
				s.Subject, _ = cert.Name{Country: "CN", CommonName: string(bytes.Repeat([]byte{'a'}, 65))}.DER()
			}, errors: []string{"dn_lengths"},
		},
		"a common name twice": {change: func(s *cert.Spec) { s.Subject = name(t, rdn(6, printable, "CN"), rdn(3, utf8, "a"), rdn(3, utf8, "b")) }, errors: []string{"dn_order"}},
		"one key twice":       {change: func(s *cert.Spec) { s.EncKey = s.SignKey }, errors: []string{"keys_differ"}},
		"usages exchanged": {
			change: func(s *cert.Spec) { s.Profile.SignUsage, s.Profile.EncUsage = s.Profile.EncUsage, s.Profile.SignUsage }, errors: []string{"key_usage_split"},
		},
		"identity twice": {change: func(s *cert.Spec) {
			s.Profile.Identity = append(s.Profile.Identity, cert.Extension{OID: "1.2.3.4", String: cert.StringUTF8, Tag: cert.TagNone})
		}},
		"check digit":   {change: func(s *cert.Spec) { s.Identity = s.Identity[:17] + "1" }, errors: []string{"credit_code"}},
		"small letters": {change: func(s *cert.Spec) { s.Identity = "91440300ma5da0000f" }, errors: []string{"credit_code"}},
		"check digit, of an old pair": {
			change: func(s *cert.Spec) { s.Copied, s.Identity = true, s.Identity[:17]+"1" }, notes: []string{"credit_code"},
		},
		"old organisation code": {change: func(s *cert.Spec) { s.Identity = "74668160-7" }},
		"another kind of number": {
			change: func(s *cert.Spec) { s.Identity = "ABC123" }, notes: []string{"credit_code"},
		},
		"no code": {change: func(s *cert.Spec) { s.Identity = "" }, errors: []string{"identity"}, notes: []string{"credit_code"}},
	} {
		t.Run(label, func(t *testing.T) {
			ca, s := certtest.Authority(t).CA, spec(t)
			s.Copied = false
			c.change(&s)
			found, err := cert.Lint(ca.Cert, s)
			require.NoError(t, err)
			require.Equal(t, c.errors, errorsOf(found, cert.LevelError))
			require.Equal(t, c.notes, errorsOf(found, cert.LevelNotice))
			_, err = cert.Build(nil, ca, s)
			if len(c.errors) == 0 {
				require.NoError(t, err)
				return
			}
			require.True(t, fault.HasKey(err, "certificate_lint"))
			require.Equal(t, "lint_"+c.errors[0], fault.Of(err).Fields[0].Key)
		})
	}
}

func random(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	_, err := rand.Read(b)
	require.NoError(t, err)
	return b
}

// What cannot be built at all is refused too, before any key.
func TestLintRefusesWhatCannotBeBuilt(t *testing.T) {
	nist, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for label, change := range map[string]func(*cert.Spec){
		"a P-256 key":     func(s *cert.Spec) { s.EncKey = &nist.PublicKey },
		"garbage subject": func(s *cert.Spec) { s.Subject = []byte{0x30, 0x03, 1, 2, 3} },
		"two values in one RDN": func(s *cert.Spec) {
			s.Subject = []byte{0x30, 0x18, 0x31, 0x16, 0x30, 9, 6, 3, 0x55, 4, 6, 0x13, 2, 'C', 'N', 0x30, 9, 6, 3, 0x55, 4, 3, 0x13, 2, 'C', 'N'}
		},
		"the CA's own subject": func(s *cert.Spec) { s.Subject = nil },
	} {
		t.Run(label, func(t *testing.T) {
			s := spec(t)
			change(&s)
			_, err := cert.Build(nil, cert.Issuer{Cert: certtest.Authority(t).CA.Cert, Key: untouchable{}}, s)
			require.True(t, fault.HasKey(err, "certificate_lint"), "%v", err)
		})
	}
}
