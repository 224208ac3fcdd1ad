package cert

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
)

// TestTwinComparesEveryField changes one field of the template behind the spec's back, as a mistake in our builder or
// in the library would, and sees that the certificate read back is refused for it. It stands inside the package because
// no caller can do that.
func TestTwinComparesEveryField(t *testing.T) {
	authority, err := NewAuthority(rand.Reader, AuthorityOptions{
		Root: Name{Country: "CN", CommonName: "root"}, CA: Name{Country: "CN", CommonName: "ca"},
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), RootYears: 20, CAYears: 10,
	})
	require.NoError(t, err)
	ca := authority.CA.Cert
	s := twinSpec(t)
	other, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	anyPolicy, err := smx509.ParseOID("2.5.29.32.0")
	require.NoError(t, err)
	extra := func(oid ...int) pkix.Extension { return pkix.Extension{Id: oid, Value: []byte{5, 0}} }

	for name, c := range map[string]struct {
		change func(*smx509.Certificate)
		want   []string
	}{
		"nothing":           {func(*smx509.Certificate) {}, nil},
		"serial":            {func(c *smx509.Certificate) { c.SerialNumber = new(big.Int).Add(c.SerialNumber, big.NewInt(1)) }, []string{"serial_same"}},
		"begin":             {func(c *smx509.Certificate) { c.NotBefore = c.NotBefore.Add(-time.Second) }, []string{"dates_same"}},
		"end":               {func(c *smx509.Certificate) { c.NotAfter = c.NotAfter.Add(time.Second) }, []string{"dates_same"}},
		"subject":           {func(c *smx509.Certificate) { c.RawSubject = bytes.Replace(c.RawSubject, []byte("CN"), []byte("HK"), 1) }, []string{"subject_same"}},
		"subject of the CA": {func(c *smx509.Certificate) { c.RawSubject = ca.RawSubject }, []string{"subject_same", "extensions_once", "authority_key_id"}},
		"key":               {func(c *smx509.Certificate) { c.PublicKey = &other.PublicKey }, []string{"key_same"}},
		"key identifier":    {func(c *smx509.Certificate) { c.SubjectKeyId = []byte("other") }, []string{"subject_key_id"}},
		"usage":             {func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageDigitalSignature }, []string{"key_usage"}},
		"usage of a CA":     {func(c *smx509.Certificate) { c.KeyUsage |= smx509.KeyUsageCertSign }, []string{"key_usage", "key_usage_split", "not_a_ca"}},
		"basic constraints": {func(c *smx509.Certificate) { c.BasicConstraintsValid = true }, []string{"extensions_once", "critical", "not_a_ca"}},
		"second policy":     {func(c *smx509.Certificate) { c.Policies = append(c.Policies, anyPolicy) }, []string{"policy"}},
		"CRL address":       {func(c *smx509.Certificate) { c.CRLDistributionPoints = []string{"http://evil.example/crl"} }, []string{"crl_address"}},
		"OCSP address":      {func(c *smx509.Certificate) { c.OCSPServer = []string{"http://evil.example/ocsp"} }, []string{"ca_address"}},
		"subject alt name":  {func(c *smx509.Certificate) { c.DNSNames = []string{"evil.example"} }, []string{"extensions_once"}},
		"extended usage":    {func(c *smx509.Certificate) { c.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth} }, []string{"extensions_once"}},
		"another extension": {func(c *smx509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, extra(1, 2, 3)) }, []string{"extensions_once"}},
		"critical identity": {func(c *smx509.Certificate) { c.ExtraExtensions[0].Critical = true }, []string{"critical"}},
		"identity":          {func(c *smx509.Certificate) { c.ExtraExtensions[0].Value[2]++ }, []string{"identity"}},
		"identity's type":   {func(c *smx509.Certificate) { c.ExtraExtensions[0].Value[0] = asn1.TagUTF8String }, []string{"identity"}},
		"no identity":       {func(c *smx509.Certificate) { c.ExtraExtensions = nil }, []string{"extensions_once", "identity"}},
		"key id of another issuer": {func(c *smx509.Certificate) {
			value, err := asn1.Marshal(struct {
				ID []byte `asn1:"tag:0"`
			}{[]byte("other")})
			require.NoError(t, err)
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 35}, Value: value})
		}, []string{"authority_key_id"}},
	} {
		t.Run(name, func(t *testing.T) {
			tpl, err := template(s, Sign)
			require.NoError(t, err)
			c.change(tpl)
			made, err := rehearse(ca, tpl)
			require.NoError(t, err)
			var got []string
			for _, f := range lint(made, ca, s, Sign) {
				if f.Level == LevelError {
					got = append(got, f.Rule)
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}

func twinSpec(t *testing.T) Spec {
	t.Helper()
	subject, err := Name{Country: "CN", Organisation: "甲有限公司", CommonName: "甲有限公司"}.DER()
	require.NoError(t, err)
	s := Spec{
		Profile: OrganisationProfile("http://localhost:8080"), Subject: subject, Identity: "91440300MA5DA0000F",
		NotBefore: time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC), NotAfter: time.Date(2027, 11, 22, 15, 59, 59, 0, time.UTC),
	}
	for _, serial := range []*Serial{&s.SignSerial, &s.EncSerial} {
		*serial, err = NewSerial(rand.Reader)
		require.NoError(t, err)
	}
	sign, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	enc, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s.SignKey, s.EncKey = &sign.PublicKey, &enc.PublicKey
	return s
}
