package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// Pair is the DER of two certificates of one holder.
type Pair struct {
	Sign []byte `json:"sign"`
	Enc  []byte `json:"enc"`
}

// Issuer is a CA certificate with its key, which may lie in a device: nothing here sees its bytes.
type Issuer struct {
	Cert *smx509.Certificate
	Key  crypto.Signer
}

// Spec says everything a pair shall contain.
type Spec struct {
	Profile    Profile
	Subject    []byte    // DER, the same bytes in both certificates
	Copied     bool      // the subject and the identity are an old pair's, whatever an earlier CA's habits were
	Identity   string    // organisation code for the profile's identity extensions
	NotBefore  time.Time // whole seconds, as is NotAfter
	NotAfter   time.Time
	SignSerial Serial
	EncSerial  Serial
	SignKey    *ecdsa.PublicKey
	EncKey     *ecdsa.PublicKey
}

// Prepared is a pair that passed the lint but has not met the CA's key yet.
type Prepared struct {
	Found     []Finding // of both certificates, for a screen; none is an error
	sign, enc drafted
}

// Prepare builds both certificates with a key that is thrown away, reads them back and compares them field by field
// with the spec. Fails with Invalid "certificate_lint" where the spec must not be signed.
func Prepare(ca *smx509.Certificate, spec Spec) (Prepared, error) {
	p, err := rehearsePair(ca, spec)
	if err != nil {
		return Prepared{}, &fault.Error{Kind: fault.Invalid, Key: "certificate_lint", Cause: err}
	}
	if err := lintFault(p.Found); err != nil {
		return Prepared{}, err
	}
	return p, nil
}

// Lint lists what every rule finds in the pair a spec would give, without any key of the CA. Fails with Invalid
// "certificate_lint" where it cannot even be built.
func Lint(ca *smx509.Certificate, spec Spec) ([]Finding, error) {
	p, err := rehearsePair(ca, spec)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Key: "certificate_lint", Cause: err}
	}
	return p.Found, nil
}

func rehearsePair(ca *smx509.Certificate, spec Spec) (Prepared, error) {
	var p Prepared
	for _, d := range []struct {
		kind Kind
		into *drafted
	}{{Sign, &p.sign}, {Enc, &p.enc}} {
		made, found, err := draft(ca, spec, d.kind)
		if err != nil {
			return Prepared{}, fmt.Errorf("%s certificate: %w", d.kind, err)
		}
		*d.into, p.Found = made, append(p.Found, found...)
	}
	return p, nil
}

// TBS returns what the CA's key would sign in either certificate, for a second opinion before it does.
func (p Prepared) TBS() (sign, enc []byte) { return p.sign.tbs, p.enc.tbs }

// Sign puts the CA's signature to exactly the bytes that were checked. With random nil a software key signs
// deterministically (RFC 6979 over SM3): the same spec gives the same DER. Fails as Internal "signing_failed".
func (p Prepared) Sign(random io.Reader, issuer Issuer) (Pair, error) {
	var out Pair
	var err error
	if out.Sign, err = p.sign.sign(random, issuer); err != nil {
		return Pair{}, fault.Wrap("signing_failed", err)
	}
	if out.Enc, err = p.enc.sign(random, issuer); err != nil {
		return Pair{}, fault.Wrap("signing_failed", err)
	}
	return out, nil
}

// Build prepares and signs in one step. Fails like Prepare and Sign.
func Build(random io.Reader, issuer Issuer, spec Spec) (Pair, error) {
	p, err := Prepare(issuer.Cert, spec)
	if err != nil {
		return Pair{}, err
	}
	return p.Sign(random, issuer)
}

// Kind tells the two certificates of a pair apart.
type Kind string

// The kinds of certificate.
const (
	Sign Kind = "sign" // 签名证书
	Enc  Kind = "enc"  // 加密证书
)

// drafted is one certificate of a Prepared pair.
type drafted struct {
	template *smx509.Certificate
	tbs      []byte // what was linted
}

func draft(ca *smx509.Certificate, spec Spec, kind Kind) (drafted, []Finding, error) {
	tpl, err := template(spec, kind)
	if err != nil {
		return drafted{}, nil, err
	}
	checked, err := rehearse(ca, tpl)
	if err != nil {
		return drafted{}, nil, err
	}
	return drafted{template: tpl, tbs: checked.RawTBSCertificate}, lint(checked, ca, spec, kind), nil
}

func (d drafted) sign(random io.Reader, issuer Issuer) ([]byte, error) {
	der, err := smx509.CreateCertificate(random, d.template, issuer.Cert, d.template.PublicKey, issuer.Key)
	if err != nil {
		return nil, err
	}
	made, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(made.RawTBSCertificate, d.tbs) {
		return nil, errors.New("signed bytes differ from those that were checked")
	}
	return der, nil
}

// rehearse builds the certificate under the CA's name with a key of its own.
func rehearse(ca, tpl *smx509.Certificate) (*smx509.Certificate, error) {
	throwaway, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	parent := *ca
	parent.PublicKey = nil // otherwise smx509 insists on the CA's own key
	der, err := smx509.CreateCertificate(nil, tpl, &parent, tpl.PublicKey, throwaway)
	if err != nil {
		return nil, err
	}
	return smx509.ParseCertificate(der)
}

func template(s Spec, kind Kind) (*smx509.Certificate, error) {
	names, serial, key := s.Profile.SignUsage, s.SignSerial, s.SignKey
	if kind == Enc {
		names, serial, key = s.Profile.EncUsage, s.EncSerial, s.EncKey
	}
	ku, err := usage(names)
	if err != nil {
		return nil, err
	}
	policy, err := smx509.ParseOID(s.Profile.PolicyOID)
	if err != nil {
		return nil, err
	}
	var identity []pkix.Extension
	for _, e := range s.Profile.Identity {
		x, err := e.encode(s.Identity)
		if err != nil {
			return nil, err
		}
		identity = append(identity, x)
	}
	return &smx509.Certificate{
		SerialNumber:          serial.Int(),
		RawSubject:            s.Subject,
		PublicKey:             key,
		NotBefore:             s.NotBefore.UTC(),
		NotAfter:              s.NotAfter.UTC(),
		KeyUsage:              ku,
		SubjectKeyId:          keyID(key),
		Policies:              []smx509.OID{policy},
		CRLDistributionPoints: s.Profile.CRL,
		IssuingCertificateURL: s.Profile.CAIssuers,
		ExtraExtensions:       identity,
		SignatureAlgorithm:    smx509.SM2WithSM3,
	}, nil
}

// keyID is the leftmost 160 bits of the SM3 of the public point, method 1 of RFC 7093 with the national hash.
func keyID(key *ecdsa.PublicKey) []byte {
	point, err := sm2.PublicKeyToECDH(key)
	if err != nil {
		return nil // the lint refuses a certificate without one
	}
	sum := SM3(point.Bytes())
	return sum[:20]
}
