package cert

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// OrganisationCodeOID is 1.2.156.10260.4.1.4: 企业组织机构代码, today the 统一社会信用代码, as a PrintableString.
const OrganisationCodeOID = "1.2.156.10260.4.1.4"

// Profile is the template of a pair: everything in the certificates that follows neither from the old pair nor from
// the request. The signer keeps its own copy and works by that one only.
type Profile struct {
	ID        string   `json:"id"`
	PolicyOID string   `json:"policy_oid"`
	CRL       []string `json:"crl"`        // URLs of the CRL distribution point
	CAIssuers []string `json:"ca_issuers"` // URLs of the issuing certificate
	// IdentityOID names the extension that holds the organisation code. Its value is copied from the old pair and
	// must be a PrintableString there.
	IdentityOID string   `json:"identity_oid"`
	SignUsage   []string `json:"sign_usage"` // key usages by name, see keyUsages
	EncUsage    []string `json:"enc_usage"`
}

// keyUsages are the names of RFC 5280 4.2.1.3 that an end entity may have.
var keyUsages = map[string]smx509.KeyUsage{
	"digitalSignature": smx509.KeyUsageDigitalSignature,
	"nonRepudiation":   smx509.KeyUsageContentCommitment,
	"keyEncipherment":  smx509.KeyUsageKeyEncipherment,
	"dataEncipherment": smx509.KeyUsageDataEncipherment,
	"keyAgreement":     smx509.KeyUsageKeyAgreement,
}

// OrganisationProfile is the profile of organisation certificates. base is the public address under which the console
// serves /crl and /ca, without a slash at the end.
func OrganisationProfile(base string) Profile {
	return Profile{
		ID:          "organisation-1",
		PolicyOID:   "1.2.156.157.2.1.1",
		CRL:         []string{base + "/crl/issuing.crl"},
		CAIssuers:   []string{base + "/ca/issuing.cer"},
		IdentityOID: OrganisationCodeOID,
		SignUsage:   []string{"digitalSignature", "nonRepudiation"},
		EncUsage:    []string{"keyEncipherment", "dataEncipherment", "keyAgreement"},
	}
}

// Canonical returns the profile by RFC 8785.
func (p Profile) Canonical() []byte { return canonical(p) }

// Hash is the SM3 of Canonical.
func (p Profile) Hash() Digest { return SM3(p.Canonical()) }

// Ref is how an authorisation pins the profile.
func (p Profile) Ref() ProfileRef { return ProfileRef{ID: p.ID, Hash: p.Hash().Hex()} }

// ParseProfile accepts canonical bytes only. Fails with Invalid "profile_malformed".
func ParseProfile(raw []byte) (Profile, error) {
	var p Profile
	err := decodeStrict(raw, &p)
	if err == nil {
		err = p.Check()
	}
	if err == nil && !bytes.Equal(p.Canonical(), raw) {
		err = errNotCanonical
	}
	if err != nil {
		return Profile{}, &fault.Error{Kind: fault.Invalid, Key: "profile_malformed", Cause: err}
	}
	return p, nil
}

// Check reports what makes a profile unusable.
func (p Profile) Check() error {
	if !isName(p.ID) {
		return errors.New("cert: profile needs a plain name")
	}
	for _, oid := range []string{p.PolicyOID, p.IdentityOID} {
		if _, err := smx509.ParseOID(oid); err != nil {
			return fmt.Errorf("cert: profile has a bad OID %q: %w", oid, err)
		}
	}
	if len(p.CRL) == 0 || len(p.CAIssuers) == 0 {
		return errors.New("cert: profile needs addresses of the CRL and of the issuing certificate")
	}
	for _, u := range slices.Concat(p.CRL, p.CAIssuers) {
		if !strings.HasPrefix(u, "http://") && !strings.HasPrefix(u, "https://") && !strings.HasPrefix(u, "ldap://") {
			return fmt.Errorf("cert: profile has a bad URL %q", u)
		}
	}
	for _, names := range [][]string{p.SignUsage, p.EncUsage} {
		if _, err := usage(names); err != nil {
			return err
		}
	}
	return nil
}

func usage(names []string) (smx509.KeyUsage, error) {
	var out smx509.KeyUsage
	for _, n := range names {
		u, ok := keyUsages[n]
		if !ok {
			return 0, fmt.Errorf("cert: profile has an unknown key usage %q", n)
		}
		out |= u
	}
	if out == 0 {
		return 0, errors.New("cert: profile lacks a key usage")
	}
	return out, nil
}

// IdentityOf returns the organisation code of a certificate: the PrintableString in its identity extension, or "" if
// it has no such extension or one of another type.
func IdentityOf(c *smx509.Certificate, oid string) string {
	for _, e := range c.Extensions {
		if e.Id.String() != oid {
			continue
		}
		var v asn1.RawValue
		if rest, err := asn1.Unmarshal(e.Value, &v); err == nil && len(rest) == 0 && v.Class == asn1.ClassUniversal && v.Tag == asn1.TagPrintableString {
			return string(v.Bytes)
		}
	}
	return ""
}
