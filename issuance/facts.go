package issuance

import (
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Facts are what a certificate says, for people to read.
type Facts struct {
	Serial    cert.Serial
	Subject   string // C=CN, ST=…, O=…, CN=…: in the certificate's own order
	Issuer    string // likewise
	NotBefore time.Time
	NotAfter  time.Time
	Algorithm string   // SM2, RSA or Other
	Usage     []string // names of RFC 5280 4.2.1.3: digitalSignature, …
	Identity  []string // numbers of the holder (1.2.156.10260.4.1.x, GM/T 0015)
	Policies  []string // OIDs
	CRL       []string // addresses
	CAIssuers []string // addresses
	KeyID     string   // subject key identifier, hex
	IssuerID  string   // authority key identifier, hex
	SM3       string   // of the DER, hex
	SHA256    string   // likewise, as browsers and OpenSSL show it
}

// usages are the key usage bits by name, in the order of RFC 5280.
var usages = []struct {
	bit  smx509.KeyUsage
	name string
}{
	{smx509.KeyUsageDigitalSignature, "digitalSignature"},
	{smx509.KeyUsageContentCommitment, "nonRepudiation"},
	{smx509.KeyUsageKeyEncipherment, "keyEncipherment"},
	{smx509.KeyUsageDataEncipherment, "dataEncipherment"},
	{smx509.KeyUsageKeyAgreement, "keyAgreement"},
	{smx509.KeyUsageCertSign, "keyCertSign"},
	{smx509.KeyUsageCRLSign, "cRLSign"},
}

// Read tells what a certificate says. Fails with Invalid "certificate_unreadable".
func Read(der []byte) (Facts, error) {
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		return Facts{}, &fault.Error{Kind: fault.Invalid, Key: "certificate_unreadable", Cause: err}
	}
	sum := sha256.Sum256(der)
	f := Facts{
		Serial: cert.SerialFromInt(c.SerialNumber), Subject: nameText(c.RawSubject), Issuer: nameText(c.RawIssuer),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), Algorithm: algorithm(c.PublicKey),
		CRL: c.CRLDistributionPoints, CAIssuers: c.IssuingCertificateURL,
		KeyID: hex.EncodeToString(c.SubjectKeyId), IssuerID: hex.EncodeToString(c.AuthorityKeyId),
		SM3: cert.SM3(der).Hex(), SHA256: hex.EncodeToString(sum[:]),
	}
	for _, u := range usages {
		if c.KeyUsage&u.bit != 0 {
			f.Usage = append(f.Usage, u.name)
		}
	}
	for _, e := range c.Extensions {
		if strings.HasPrefix(e.Id.String(), identityArc) {
			f.Identity = append(f.Identity, stringIn(e.Value))
		}
	}
	for _, p := range c.Policies {
		f.Policies = append(f.Policies, p.String())
	}
	return f, nil
}

// identityArc is where Chinese CAs keep numbers of the holder: GM/T 0015, and the older rules it followed.
const identityArc = "1.2.156.10260.4.1."

// stringIn is the text of an extension that holds one string, however it is tagged; its bytes in hex for anything else.
func stringIn(der []byte) string {
	var v asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 {
		return hex.EncodeToString(der)
	}
	if v.Class == asn1.ClassContextSpecific && v.IsCompound {
		return stringIn(v.Bytes)
	}
	if v.IsCompound || !utf8.Valid(v.Bytes) {
		return hex.EncodeToString(der)
	}
	return string(v.Bytes)
}

// Verify checks that a pair comes from this authority: both certificates are signed by the issuing CA, that by the root,
// and neither outlives it. Fails with Invalid "chain_broken", naming the kind of certificate, or "certificate_unreadable".
func (a Authority) Verify(p cert.Pair) error {
	ca, err := smx509.ParseCertificate(a.CA)
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Key: "certificate_unreadable", Cause: err}
	}
	root, err := smx509.ParseCertificate(a.Root)
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Key: "certificate_unreadable", Cause: err}
	}
	if err := ca.CheckSignatureFrom(root); err != nil {
		return chainBroken("ca", err)
	}
	for _, one := range []struct {
		kind cert.Kind
		der  []byte
	}{{cert.Sign, p.Sign}, {cert.Enc, p.Enc}} {
		c, err := smx509.ParseCertificate(one.der)
		if err != nil {
			return &fault.Error{Kind: fault.Invalid, Key: "certificate_unreadable", Cause: err}
		}
		if err := c.CheckSignatureFrom(ca); err != nil {
			return chainBroken(string(one.kind), err)
		}
		if c.NotAfter.After(ca.NotAfter) {
			return chainBroken(string(one.kind), errors.New("ends after its issuer"))
		}
	}
	return nil
}

func chainBroken(kind string, cause error) error {
	return &fault.Error{Kind: fault.Invalid, Key: "chain_broken", Args: fault.Args{"kind": kind}, Cause: cause}
}

// nameText writes a DER name as people read it. Attributes without a short name show their OID.
func nameText(der []byte) string {
	var seq pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &seq); err != nil || len(rest) > 0 {
		return hex.EncodeToString(der)
	}
	short := map[string]string{"2.5.4.6": "C", "2.5.4.8": "ST", "2.5.4.7": "L", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.3": "CN"}
	var parts []string
	for _, rdn := range seq {
		for _, a := range rdn {
			name, known := short[a.Type.String()]
			if !known {
				name = a.Type.String()
			}
			parts = append(parts, name+"="+fmt.Sprint(a.Value))
		}
	}
	return strings.Join(parts, ", ")
}
