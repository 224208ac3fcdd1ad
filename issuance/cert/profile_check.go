package cert

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// keyUsages are the names of RFC 5280 4.2.1.3 that an end entity may have.
var keyUsages = map[string]smx509.KeyUsage{
	"digitalSignature": smx509.KeyUsageDigitalSignature,
	"nonRepudiation":   smx509.KeyUsageContentCommitment,
	"keyEncipherment":  smx509.KeyUsageKeyEncipherment,
	"dataEncipherment": smx509.KeyUsageDataEncipherment,
	"keyAgreement":     smx509.KeyUsageKeyAgreement,
}

// The two halves that GM/T 0015 keeps apart: a pair exists so that the escrowed key can sign nothing.
const (
	signingUsage    = smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment
	encryptingUsage = smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment | smx509.KeyUsageKeyAgreement
)

// maxAddresses is how many URLs one extension may have.
const maxAddresses = 4

// profileCheck gathers what is wrong with a profile.
type profileCheck struct{ fields []fault.Field }

func (c *profileCheck) need(ok bool, name, key string) {
	if !ok {
		c.fields = append(c.fields, fault.Field{Name: name, Key: key})
	}
}

// Check reports everything that makes a profile unusable: Invalid "profile_malformed" with a field for each fault, named
// as in the JSON. Field keys: profile_name_wrong, profile_choice_wrong, profile_number_wrong, profile_years_wrong,
// profile_oid_wrong, profile_oid_reserved, profile_url_wrong, profile_usage_wrong, profile_usage_split, profile_dn_wrong,
// profile_dn_order, profile_missing, profile_duplicate.
func (p Profile) Check() error {
	c := &profileCheck{}
	c.need(p.V == ProfileVersion, "v", "profile_number_wrong")
	c.need(isName(p.ID), "id", "profile_name_wrong")
	c.need(p.Revision >= 1 && p.Revision <= 1_000_000, "revision", "profile_number_wrong")
	c.need(p.Project == "" || isName(p.Project), "project", "profile_name_wrong")
	c.need(p.Type == TypeOrganisation, "type", "profile_choice_wrong")
	c.need(p.EncKey == EncKeyKeep || p.EncKey == EncKeyKMC, "enc_key", "profile_choice_wrong")
	c.need(isTagging(p.CSRResponse.Key), "csr_response.key", "profile_choice_wrong")
	c.need(isTagging(p.CSRResponse.Certificates), "csr_response.certificates", "profile_choice_wrong")
	c.need(isOID(p.PolicyOID), "policy_oid", "profile_oid_wrong")
	c.years(p.Years)
	c.dn(p.DN)
	c.addresses("crl", p.CRL)
	c.addresses("ca_issuers", p.CAIssuers)
	c.identity(p.Identity)
	c.usage("sign_usage", p.SignUsage, signingUsage)
	c.usage("enc_usage", p.EncUsage, encryptingUsage)
	if len(c.fields) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Key: "profile_malformed", Fields: c.fields}
}

func (c *profileCheck) years(years []int) {
	good := len(years) > 0 && slices.IsSorted(years) && years[0] >= 1 && years[len(years)-1] <= MaxYears &&
		len(slices.Compact(slices.Clone(years))) == len(years)
	c.need(good, "years", "profile_years_wrong")
}

func (c *profileCheck) addresses(name string, list []string) {
	c.need(len(list) > 0, name, "profile_missing")
	c.need(len(list) <= maxAddresses, name, "profile_number_wrong")
	for i, u := range list {
		at := fmt.Sprintf("%s.%d", name, i)
		c.need(isAddress(u), at, "profile_url_wrong")
		c.need(!slices.Contains(list[:i], u), at, "profile_duplicate")
	}
}

func (c *profileCheck) identity(list []Extension) {
	c.need(len(list) > 0, "identity", "profile_missing")
	seen := map[string]bool{}
	for i, e := range list {
		at := fmt.Sprintf("identity.%d.", i)
		c.need(isOID(e.OID), at+"oid", "profile_oid_wrong")
		c.need(!slices.Contains(extensionOIDs, e.OID) && !strings.HasPrefix(e.OID, "2.5.29."), at+"oid", "profile_oid_reserved")
		c.need(!seen[e.OID], at+"oid", "profile_duplicate")
		c.need(e.String == StringPrintable || e.String == StringUTF8, at+"string", "profile_choice_wrong")
		c.need(e.Tag == TagNone || isTagging(e.Tag), at+"tag", "profile_choice_wrong")
		c.need(e.Number >= 0 && e.Number <= 30 && (e.Tag != TagNone || e.Number == 0), at+"number", "profile_number_wrong")
		seen[e.OID] = true
	}
}

// usage checks that the names are known, there once each, and all of the one half that this certificate may have.
func (c *profileCheck) usage(name string, names []string, half smx509.KeyUsage) {
	got, err := usage(names)
	c.need(err == nil, name, "profile_usage_wrong")
	c.need(got&^half == 0, name, "profile_usage_split")
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	c.need(len(slices.Compact(sorted)) == len(names), name, "profile_duplicate")
}

func isTagging(s string) bool { return s == TagExplicit || s == TagImplicit }

func isOID(s string) bool {
	oid, err := smx509.ParseOID(s)
	return err == nil && oid.String() == s
}

// isAddress accepts absolute URLs of ASCII that a relying party may fetch without a log-in.
func isAddress(s string) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	return u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ldap"
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
