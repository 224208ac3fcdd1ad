package cert

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"

	"github.com/emmansun/gmsm/smx509"
)

// Extensions of an end-entity certificate by our profile, each exactly once, next to the identity extension.
var extensionOIDs = []string{
	"2.5.29.15",         // keyUsage
	"2.5.29.14",         // subjectKeyIdentifier
	"2.5.29.35",         // authorityKeyIdentifier
	"2.5.29.32",         // certificatePolicies
	"2.5.29.31",         // cRLDistributionPoints
	"1.3.6.1.5.5.7.1.1", // authorityInfoAccess
}

// lint compares a certificate that was read back with what it was made from. smx509 builds whatever its template
// says, a serial of 21 octets or a validity that ends before it begins included, so nothing is taken for granted.
func lint(c, ca *smx509.Certificate, s Spec, kind Kind) error {
	serial, key, names := s.SignSerial, s.SignKey, s.Profile.SignUsage
	if kind == Enc {
		serial, key, names = s.EncSerial, s.EncKey, s.Profile.EncUsage
	}
	if err := lintIdentity(c, ca, s, serial); err != nil {
		return err
	}
	if !c.NotBefore.Equal(s.NotBefore) || !c.NotAfter.Equal(s.NotAfter) || !c.NotBefore.Before(c.NotAfter) {
		return errors.New("validity is not the one asked for")
	}
	if c.NotAfter.After(ca.NotAfter) || c.NotBefore.Before(ca.NotBefore) {
		return errors.New("validity lies outside the issuing certificate's")
	}
	if got, ok := c.PublicKey.(*ecdsa.PublicKey); !ok || key == nil || !got.Equal(key) {
		return errors.New("public key is not the one asked for")
	}
	if s.SignKey.Equal(s.EncKey) {
		return errors.New("one key in both certificates")
	}
	ku, err := usage(names)
	if err != nil || c.KeyUsage != ku {
		return errors.New("key usage is not the profile's")
	}
	return lintExtensions(c, ca, s, key)
}

func lintIdentity(c, ca *smx509.Certificate, s Spec, serial Serial) error {
	if c.Version != 3 || c.SignatureAlgorithm != smx509.SM2WithSM3 {
		return fmt.Errorf("version %d with %v", c.Version, c.SignatureAlgorithm)
	}
	if err := checkSerial(serial); err != nil {
		return err
	}
	if SerialFromInt(c.SerialNumber) != serial {
		return errors.New("serial is not the one asked for")
	}
	if !bytes.Equal(c.RawIssuer, ca.RawSubject) || !bytes.Equal(c.RawSubject, s.Subject) || bytes.Equal(c.RawSubject, c.RawIssuer) {
		return errors.New("issuer or subject is not the one asked for")
	}
	return lintName(c.RawSubject)
}

func lintExtensions(c, ca *smx509.Certificate, s Spec, key *ecdsa.PublicKey) error {
	want := append(slices.Clone(extensionOIDs), s.Profile.IdentityOID)
	var got []string
	for _, e := range c.Extensions {
		if e.Critical != (e.Id.String() == "2.5.29.15") {
			return fmt.Errorf("extension %v has the wrong criticality", e.Id)
		}
		got = append(got, e.Id.String())
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return fmt.Errorf("extensions are %v", got)
	}
	if len(c.SubjectKeyId) == 0 || !bytes.Equal(c.SubjectKeyId, keyID(key)) || !bytes.Equal(c.AuthorityKeyId, ca.SubjectKeyId) {
		return errors.New("key identifiers do not fit")
	}
	if len(c.Policies) != 1 || c.Policies[0].String() != s.Profile.PolicyOID {
		return errors.New("policy is not the profile's")
	}
	if !slices.Equal(c.CRLDistributionPoints, s.Profile.CRL) || !slices.Equal(c.IssuingCertificateURL, s.Profile.CAIssuers) || len(c.OCSPServer) > 0 {
		return errors.New("addresses are not the profile's")
	}
	if s.Identity == "" || IdentityOf(c, s.Profile.IdentityOID) != s.Identity {
		return errors.New("organisation code is not the one asked for")
	}
	return nil
}
