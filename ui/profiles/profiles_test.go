package profiles

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// A form that nobody touched gives back the version it was made of, to the byte; what is written into it comes out, and
// what cannot be read is refused by the profile's own check.
func TestFormGivesProfileBack(t *testing.T) {
	t.Parallel()
	p := cert.OrganisationProfile("http://localhost:8080")
	p.Identity = append(p.Identity, cert.Extension{OID: "1.2.156.10260.4.1.1", String: cert.StringUTF8, Tag: cert.TagExplicit, Number: 2})
	require.Empty(t, p.Diff(formOf(p).profile(p)))

	f := formOf(p)
	f.DN, f.CRL = "C=CN\r\n O = 固定名称 \nCN={common_name}?\n\n", "http://a.example/x.crl\n"
	got := f.profile(p)
	require.Equal(t, []cert.DNPart{{Attribute: "C", Text: "CN"}, {Attribute: "O", Text: "固定名称"}, {Attribute: "CN", From: "common_name", Optional: true}}, got.DN)
	require.Equal(t, []string{"http://a.example/x.crl"}, got.CRL)

	for field, change := range map[string]func(*Form){
		"years":             func(f *Form) { f.Years = nil },
		"dn.0":              func(f *Form) { f.DN = "C={country}\nO={organisation}\nCN={organisation}" },
		"identity.0.oid":    func(f *Form) { f.Identity = "x" },
		"identity.0.number": func(f *Form) { f.Identity = "1.2.3 printable explicit many" },
		"policy_oid":        func(f *Form) { f.PolicyOID = "1.2." },
		"crl":               func(f *Form) { f.CRL = " " },
		"sign_usage":        func(f *Form) { f.SignUsage = []string{"keyAgreement"} },
		"enc_key":           func(f *Form) { f.EncKey = "" },
	} {
		f := formOf(p)
		change(&f)
		err := f.profile(p).Check()
		require.ErrorContains(t, err, "profile_malformed", field)
		require.Contains(t, fields(err), field)
	}
}

func fields(err error) (names []string) {
	for _, f := range fault.Of(err).Fields {
		names = append(names, f.Name)
	}
	return names
}
