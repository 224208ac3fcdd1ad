package renew

import (
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// certificates are what a package holds: four certificates and, where the console sends them, the CRLs of both issuers
// and the CSRResponse.
type certificates struct {
	root, sub, sign, enc *smx509.Certificate
	lists                []*smx509.RevocationList
	response             []byte // DER
}

// Types of the PEM blocks in a package next to CERTIFICATE.
const (
	blockCRL      = "X509 CRL"
	blockResponse = "CSR RESPONSE"
)

// errPackage says that a package lacks something.
var errPackage = errors.New("the package is not complete")

// sortOut reads a package, a PEM file, and tells the certificates apart by what they are, not by their order.
func sortOut(raw []byte) (certificates, error) {
	var set certificates
	for rest := raw; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if err := set.take(block); err != nil {
			return set, fmt.Errorf("read package: %w", err)
		}
	}
	for name, c := range map[string]*smx509.Certificate{"root": set.root, "issuing CA": set.sub, "sign": set.sign, "encryption": set.enc} {
		if c == nil {
			return set, fmt.Errorf("%w: no %s certificate", errPackage, name)
		}
	}
	return set, nil
}

func (s *certificates) take(block *pem.Block) error {
	switch block.Type {
	case blockResponse:
		s.response = block.Bytes
		return nil
	case blockCRL:
		list, err := smx509.ParseRevocationList(block.Bytes)
		s.lists = append(s.lists, list)
		return err
	}
	c, err := smx509.ParseCertificate(block.Bytes)
	if err == nil {
		s.place(c)
	}
	return err
}

func (s *certificates) place(c *smx509.Certificate) {
	switch {
	case c.IsCA && string(c.RawIssuer) == string(c.RawSubject):
		s.root = c
	case c.IsCA:
		s.sub = c
	case c.KeyUsage&smx509.KeyUsageDigitalSignature != 0:
		s.sign = c
	default:
		s.enc = c
	}
}

// keys are the two private keys the new pair must be for: the Ukey's, or the one of the CSR and the one in the response.
func (s certificates) keys(k *ukey, next *rekey) (sign, enc *sm2.PrivateKey, err error) {
	sign, enc = k.signKey, k.encKey
	if next != nil {
		sign = next.key
	}
	if s.response == nil {
		return sign, enc, nil
	}
	got, err := openResponse(s.response, sign)
	if err != nil {
		return nil, nil, err
	}
	if !got.sign.Equal(s.sign) || !got.enc.Equal(s.enc) {
		return nil, nil, fmt.Errorf("%w: the CSRResponse holds other certificates", errPackage)
	}
	if got.encKey != nil {
		enc = got.encKey
	}
	return sign, enc, nil
}

// check verifies the new pair as a driver does before it writes to the Ukey: signatures up to the root, the right keys
// and usages, the holder of the old pair, the same end for both, not the old certificates again, not revoked. next is
// the Ukey's new sign key, nil where it keeps its own.
func (s certificates) check(k *ukey, next *rekey) error {
	if err := s.checkLinks(); err != nil {
		return err
	}
	sign, enc, err := s.keys(k, next)
	if err != nil {
		return err
	}
	const encryption = smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment
	switch {
	case !same(sign, s.sign):
		return fmt.Errorf("%w: the sign certificate is for another key", errPackage)
	case !same(enc, s.enc):
		return fmt.Errorf("%w: the encryption certificate is for another key", errPackage)
	case s.enc.KeyUsage&encryption == 0 || s.enc.KeyUsage&smx509.KeyUsageDigitalSignature != 0:
		return fmt.Errorf("%w: the encryption certificate has the wrong key usage", errPackage)
	case string(s.sign.RawSubject) != string(k.sign.RawSubject), string(s.enc.RawSubject) != string(k.enc.RawSubject):
		return fmt.Errorf("%w: the subject is not the old one", errPackage)
	case !s.sign.NotAfter.Equal(s.enc.NotAfter):
		return fmt.Errorf("%w: the pair ends at different times", errPackage)
	case !s.sign.NotAfter.After(k.sign.NotAfter), s.sign.NotAfter.After(s.sub.NotAfter):
		return fmt.Errorf("%w: the end %s does not fit", errPackage, s.sign.NotAfter.Format(time.RFC3339))
	case s.sign.SerialNumber.Cmp(k.sign.SerialNumber) == 0, s.sign.SerialNumber.Cmp(s.enc.SerialNumber) == 0:
		return fmt.Errorf("%w: a serial number comes twice", errPackage)
	}
	return nil
}

func (s certificates) checkLinks() error {
	for _, l := range []struct {
		name          string
		child, parent *smx509.Certificate
	}{{"root", s.root, s.root}, {"issuing CA", s.sub, s.root}, {"sign", s.sign, s.sub}, {"encryption", s.enc, s.sub}} {
		if err := l.child.CheckSignatureFrom(l.parent); err != nil {
			return fmt.Errorf("%w: %s certificate does not verify: %w", errPackage, l.name, err)
		}
	}
	for _, list := range s.lists {
		issuer := s.issuerOf(list)
		if err := list.CheckSignatureFrom(issuer); err != nil {
			return fmt.Errorf("%w: a CRL does not verify: %w", errPackage, err)
		}
		for _, c := range []*smx509.Certificate{s.sub, s.sign, s.enc} {
			revoked := slices.ContainsFunc(list.RevokedCertificateEntries, func(e smx509.RevocationListEntry) bool {
				return e.SerialNumber.Cmp(c.SerialNumber) == 0
			})
			if revoked && string(c.RawIssuer) == string(list.RawIssuer) {
				return fmt.Errorf("%w: certificate %s is revoked", errPackage, serialOf(c))
			}
		}
	}
	return nil
}

func (s certificates) issuerOf(list *smx509.RevocationList) *smx509.Certificate {
	if string(list.RawIssuer) == string(s.root.RawSubject) {
		return s.root
	}
	return s.sub
}

// install writes everything into the folder of results, where the Ukey's content is looked at, and confirms each step
// of the import once it is done.
func (r *robot) install(set certificates, confirm func(step string) error) error {
	if r.rekey == nil { // else the new key is there since before it was used
		if err := r.save(fileSignKey, r.ukey.signKeyPEM); err != nil {
			return err
		}
	}
	for _, list := range set.lists {
		name := "sub.crl.pem"
		if set.issuerOf(list) == set.root {
			name = "root.crl.pem"
		}
		if err := r.save(name, pem.EncodeToMemory(&pem.Block{Type: blockCRL, Bytes: list.Raw})); err != nil {
			return err
		}
	}
	certificate := func(c *smx509.Certificate) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	steps := []struct {
		name, step string
		content    []byte
	}{
		{"root.pem", "", certificate(set.root)},
		{"sub.pem", "", certificate(set.sub)},
		{"sign.pem", stepSign, certificate(set.sign)},
		{"csrresponse.der", "", set.response},
		{"enc.pem", stepEnc, certificate(set.enc)},
	}
	if set.response != nil && !same(r.ukey.encKey, set.enc) {
		steps[3].step = stepKey
	}
	for _, s := range steps {
		if s.content == nil {
			continue
		}
		if err := r.save(s.name, s.content); err != nil {
			return err
		}
		if s.step == "" {
			continue
		}
		if err := confirm(s.step); err != nil {
			return err
		}
	}
	return nil
}
