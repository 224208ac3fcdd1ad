package cert

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/number"
)

// OIDs of the extensions we make, next to the identity extensions of the profile.
const (
	oidKeyUsage       = "2.5.29.15"
	oidSubjectKeyID   = "2.5.29.14"
	oidAuthorityKeyID = "2.5.29.35"
	oidPolicies       = "2.5.29.32"
	oidCRL            = "2.5.29.31"
	oidAuthorityInfo  = "1.3.6.1.5.5.7.1.1"
)

var extensionOIDs = []string{oidKeyUsage, oidSubjectKeyID, oidAuthorityKeyID, oidPolicies, oidCRL, oidAuthorityInfo}

// lintExtensionsOnce: exactly ours, each once.
func lintExtensionsOnce(l linted) error {
	want := slices.Clone(extensionOIDs)
	for _, e := range l.spec.Profile.Identity {
		want = append(want, e.OID)
	}
	var got []string
	for _, e := range l.cert.Extensions {
		got = append(got, e.Id.String())
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return fmt.Errorf("extensions are %v", got)
	}
	return nil
}

// lintCritical: the key usage and nothing else (GM/T 0015, RFC 5280 4.2.1.3).
func lintCritical(l linted) error {
	for _, e := range l.cert.Extensions {
		if e.Critical != (e.Id.String() == oidKeyUsage) {
			return fmt.Errorf("extension %v has the wrong criticality", e.Id)
		}
	}
	return nil
}

// holds compares the bytes of an extension with those made here, by another encoder than the one that built it: what a
// parser would pass over, such as a second name in an authority key identifier, is seen.
func (l linted) holds(oid string, want []byte, err error) error {
	if err != nil {
		return err
	}
	for _, e := range l.cert.Extensions {
		if e.Id.String() == oid && bytes.Equal(e.Value, want) {
			return nil
		}
	}
	return fmt.Errorf("extension %s is not the one asked for", oid)
}

func lintKeyUsage(l linted) error {
	want, err := usage(l.usages)
	if err != nil {
		return err
	}
	if l.cert.KeyUsage != want {
		return errors.New("key usage is not the profile's")
	}
	var bits asn1.BitString // bit 0 is the highest of the first octet, none of ours is above 8
	for i := range 8 {
		if want&(1<<i) != 0 {
			bits.BitLength = i + 1
		}
	}
	bits.Bytes = []byte{0}
	for i := range bits.BitLength {
		if want&(1<<i) != 0 {
			bits.Bytes[0] |= 0x80 >> i
		}
	}
	value, err := asn1.Marshal(bits)
	return l.holds(oidKeyUsage, value, err)
}

// lintKeyUsageSplit: what signs encrypts nothing, and the other way round, whatever the profile says.
func lintKeyUsageSplit(l linted) error {
	half := signingUsage
	if l.kind == Enc {
		half = encryptingUsage
	}
	if l.cert.KeyUsage&half == 0 || l.cert.KeyUsage&^half != 0 {
		return errors.New("key usage is not of one kind")
	}
	return nil
}

func lintNotACA(l linted) error {
	if l.cert.IsCA || l.cert.BasicConstraintsValid || l.cert.KeyUsage&(smx509.KeyUsageCertSign|smx509.KeyUsageCRLSign) != 0 {
		return errors.New("is one of a CA")
	}
	return nil
}

func lintSubjectKeyID(l linted) error {
	if l.key == nil {
		return errors.New("no key")
	}
	id := keyID(l.key)
	if len(id) == 0 || !bytes.Equal(l.cert.SubjectKeyId, id) {
		return errors.New("subject key identifier does not fit the key")
	}
	value, err := asn1.Marshal(id)
	return l.holds(oidSubjectKeyID, value, err)
}

func lintAuthorityKeyID(l linted) error {
	if len(l.ca.SubjectKeyId) == 0 || !bytes.Equal(l.cert.AuthorityKeyId, l.ca.SubjectKeyId) {
		return errors.New("authority key identifier is not the CA's")
	}
	value, err := asn1.Marshal(struct {
		ID []byte `asn1:"tag:0"`
	}{l.ca.SubjectKeyId})
	return l.holds(oidAuthorityKeyID, value, err)
}

func lintPolicy(l linted) error {
	oid, err := parseOID(l.spec.Profile.PolicyOID)
	if err != nil {
		return err
	}
	value, err := asn1.Marshal([]struct{ OID asn1.ObjectIdentifier }{{oid}})
	return l.holds(oidPolicies, value, err)
}

// uri is a GeneralName of the kind uniformResourceIdentifier.
func uri(s string) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(s)}
}

func lintCRLAddress(l linted) error {
	type name struct {
		Full []asn1.RawValue `asn1:"tag:0"`
	}
	type point struct {
		Name name `asn1:"tag:0"`
	}
	var points []point
	for _, u := range l.spec.Profile.CRL {
		points = append(points, point{name{[]asn1.RawValue{uri(u)}}})
	}
	value, err := asn1.Marshal(points)
	return l.holds(oidCRL, value, err)
}

func lintCAAddress(l linted) error {
	type access struct {
		Method asn1.ObjectIdentifier
		Place  asn1.RawValue
	}
	var list []access
	for _, u := range l.spec.Profile.CAIssuers {
		list = append(list, access{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 2}, uri(u)})
	}
	value, err := asn1.Marshal(list)
	return l.holds(oidAuthorityInfo, value, err)
}

func lintIdentity(l linted) error {
	if l.spec.Identity == "" || !hasIdentity(l.cert, l.spec.Profile.Identity, l.spec.Identity) {
		return errors.New("organisation code is not the one asked for")
	}
	return nil
}

// lintCreditCode checks the check digit of the two kinds of number that have one; of another kind it says so.
func lintCreditCode(l linted) error {
	code := l.spec.Identity
	var read string
	var ok bool
	switch len(code) {
	case number.CreditCodeLen:
		read, ok = number.CreditCode(code)
	case number.OrganisationCodeLen, number.OrganisationCodeLen + 1: // with a hyphen before the check digit
		read, ok = number.OrganisationCode(code)
		ok = ok && (read == code || read[:8]+"-"+read[8:] == code)
		read = code
	default:
		return notice{errors.New("a number of a kind without check digit")}
	}
	if !ok || read != code {
		return l.unlessCopied(errors.New("check digit is wrong"))
	}
	return nil
}
