package cert_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

const base = "http://localhost:8080"

func TestProfileIsItsCanonicalBytes(t *testing.T) {
	p := cert.OrganisationProfile(base)
	require.NoError(t, p.Check())
	got, err := cert.ParseProfile(p.Canonical())
	require.NoError(t, err)
	require.Equal(t, p, got)
	require.Equal(t, p.Hash(), got.Hash())

	loose := "\n" + strings.ReplaceAll(string(p.Canonical()), `,"`, `, "`)
	read, err := cert.ReadProfile([]byte(loose))
	require.NoError(t, err, "a person may write it in another form")
	require.Equal(t, p.Hash(), read.Hash())
	_, err = cert.ParseProfile([]byte(loose))
	require.True(t, fault.HasKey(err, "profile_malformed"), "the signer takes the one form only")
	_, err = cert.ReadProfile([]byte(strings.Replace(loose, `"v"`, `"validity":1,"v"`, 1)))
	require.True(t, fault.HasKey(err, "profile_malformed"), "unknown fields are no comments")
}

func TestProfileCheckSaysWhere(t *testing.T) {
	for want, change := range map[string]func(*cert.Profile){
		"v: profile_number_wrong":                         func(p *cert.Profile) { p.V = 2 },
		"id: profile_name_wrong":                          func(p *cert.Profile) { p.ID = "机构" },
		"revision: profile_number_wrong":                  func(p *cert.Profile) { p.Revision = 0 },
		"project: profile_name_wrong":                     func(p *cert.Profile) { p.Project = "a b" },
		"type: profile_choice_wrong":                      func(p *cert.Profile) { p.Type = "person" },
		"years: profile_years_wrong":                      func(p *cert.Profile) { p.Years = []int{1, 1} },
		"dn.0.text: profile_dn_wrong":                     func(p *cert.Profile) { p.DN[0].Text = "cn" },
		"dn.1.attribute: profile_dn_order":                func(p *cert.Profile) { p.DN[1].Attribute = "C"; p.DN[1].Text, p.DN[1].From = "CN", "" },
		"dn.1: profile_dn_wrong":                          func(p *cert.Profile) { p.DN[1].From = "phone" },
		"dn: profile_missing":                             func(p *cert.Profile) { p.DN = p.DN[:5] },
		"policy_oid: profile_oid_wrong":                   func(p *cert.Profile) { p.PolicyOID = "1.02" },
		"crl: profile_missing":                            func(p *cert.Profile) { p.CRL = nil },
		"crl.0: profile_url_wrong":                        func(p *cert.Profile) { p.CRL[0] = "file:///etc" },
		"ca_issuers.0: profile_url_wrong":                 func(p *cert.Profile) { p.CAIssuers[0] = "http://主机/ca" },
		"ca_issuers.1: profile_duplicate":                 func(p *cert.Profile) { p.CAIssuers = append(p.CAIssuers, p.CAIssuers[0]) },
		"identity: profile_missing":                       func(p *cert.Profile) { p.Identity = nil },
		"identity.0.oid: profile_oid_reserved":            func(p *cert.Profile) { p.Identity[0].OID = "2.5.29.17" },
		"identity.1.oid: profile_duplicate":               func(p *cert.Profile) { p.Identity = append(p.Identity, p.Identity[0]) },
		"identity.0.string: profile_choice_wrong":         func(p *cert.Profile) { p.Identity[0].String = "bmp" },
		"identity.0.tag: profile_choice_wrong":            func(p *cert.Profile) { p.Identity[0].Tag = "" },
		"identity.0.number: profile_number_wrong":         func(p *cert.Profile) { p.Identity[0].Number = 1 },
		"sign_usage: profile_usage_wrong":                 func(p *cert.Profile) { p.SignUsage = []string{"keyCertSign"} },
		"sign_usage: profile_usage_split":                 func(p *cert.Profile) { p.SignUsage = append(p.SignUsage, "keyEncipherment") },
		"enc_usage: profile_usage_split":                  func(p *cert.Profile) { p.EncUsage = append(p.EncUsage, "digitalSignature") },
		"enc_usage: profile_duplicate":                    func(p *cert.Profile) { p.EncUsage = append(p.EncUsage, p.EncUsage[0]) },
		"enc_key: profile_choice_wrong":                   func(p *cert.Profile) { p.EncKey = "any" },
		"csr_response.key: profile_choice_wrong":          func(p *cert.Profile) { p.CSRResponse.Key = "none" },
		"csr_response.certificates: profile_choice_wrong": func(p *cert.Profile) { p.CSRResponse.Certificates = "" },
	} {
		t.Run(want, func(t *testing.T) {
			p := cert.OrganisationProfile(base)
			change(&p)
			err := p.Check()
			require.True(t, fault.HasKey(err, "profile_malformed"), "%v", err)
			var got []string
			for _, f := range fault.Of(err).Fields {
				got = append(got, f.Name+": "+f.Key)
			}
			require.Equal(t, []string{want}, got, "this fault and no other")
			_, err = cert.ParseProfile(p.Canonical())
			require.True(t, fault.HasKey(err, "profile_malformed"))
		})
	}
}

func TestProfileDiffShowsEveryChange(t *testing.T) {
	p, next := cert.OrganisationProfile(base), cert.OrganisationProfile(base)
	require.Empty(t, p.Diff(next))
	next.Revision, next.Years, next.Identity[0].String = 2, []int{1, 2, 3}, cert.StringUTF8
	next.Identity = append(next.Identity, cert.Extension{OID: "1.2.156.10260.4.4", String: cert.StringPrintable, Tag: cert.TagNone})
	require.Equal(t, []cert.Difference{
		{Path: "identity.0.string", Old: "printable", New: "utf8"},
		{Path: "identity.1.number", New: "0"},
		{Path: "identity.1.oid", New: "1.2.156.10260.4.4"},
		{Path: "identity.1.string", New: "printable"},
		{Path: "identity.1.tag", New: "none"},
		{Path: "revision", Old: "1", New: "2"},
		{Path: "years.3", Old: "4"},
		{Path: "years.4", Old: "5"},
	}, p.Diff(next))
}

func TestSubjectOfANewHolder(t *testing.T) {
	p := cert.OrganisationProfile(base)
	der, err := p.SubjectOf(cert.NewSubject{Province: "广东省", Locality: "深圳市", Organisation: "甲有限公司"})
	require.NoError(t, err)
	want, err := cert.Name{Country: "CN", Province: "广东省", Locality: "深圳市", Organisation: "甲有限公司", CommonName: "甲有限公司"}.DER()
	require.NoError(t, err)
	require.Equal(t, want, der, "the optional unit is left out")

	_, err = p.SubjectOf(cert.NewSubject{Province: "广\u202e东省", Organisation: strings.Repeat("长", 65)})
	var got []string
	for _, f := range fault.Of(err).Fields {
		got = append(got, f.Name+": "+f.Key)
	}
	require.Equal(t, []string{"province: subject_character", "locality: subject_missing", "organisation: subject_long", "organisation: subject_long"}, got)
}

// The same code in each of the ways in which CAs put it into certificates, read back by one function.
func TestIdentityIsWrittenAsTheProfileSays(t *testing.T) {
	text := hex.EncodeToString([]byte(certtest.OrganisationCode))
	for name, c := range map[string]struct {
		e    cert.Extension
		want string // DER, hex
	}{
		"bare PrintableString":     {cert.Extension{String: cert.StringPrintable, Tag: cert.TagNone}, "1312" + text},
		"bare UTF8String":          {cert.Extension{String: cert.StringUTF8, Tag: cert.TagNone}, "0c12" + text},
		"explicit PrintableString": {cert.Extension{String: cert.StringPrintable, Tag: cert.TagExplicit, Number: 1}, "a1141312" + text},
		"implicit PrintableString": {cert.Extension{String: cert.StringPrintable, Tag: cert.TagImplicit, Number: 2}, "8212" + text},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec(t)
			c.e.OID = "1.2.156.10260.4.4"
			s.Profile.Identity = append(s.Profile.Identity, c.e)
			require.NoError(t, s.Profile.Check())
			pair, err := cert.Build(nil, certtest.Authority(t).CA, s)
			require.NoError(t, err)
			x, err := smx509.ParseCertificate(pair.Sign)
			require.NoError(t, err)
			require.Equal(t, certtest.OrganisationCode, cert.IdentityOf(x, c.e.OID))
			require.Equal(t, certtest.OrganisationCode, cert.IdentityOf(x, cert.OrganisationCodeOID))
			require.Equal(t, c.want, hex.EncodeToString(x.Extensions[len(x.Extensions)-1].Value))
		})
	}
}

func FuzzReadProfile(f *testing.F) {
	f.Add(cert.OrganisationProfile(base).Canonical())
	f.Add([]byte(`{"v":1,"dn":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := cert.ReadProfile(raw)
		if err != nil {
			require.True(t, fault.HasKey(err, "profile_malformed"))
			return
		}
		again, err := cert.ParseProfile(p.Canonical())
		require.NoError(t, err)
		require.Empty(t, p.Diff(again))
	})
}
