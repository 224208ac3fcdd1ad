package cert

import (
	"crypto"
	"io"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// Authority is a root with one issuing CA below it, as `casigner init` makes it.
type Authority struct {
	Root Issuer
	CA   Issuer
}

// AuthorityOptions name a new authority. Both names should hold the same organisation.
type AuthorityOptions struct {
	Root, CA  Name
	NotBefore time.Time
	RootYears int // life of the root, in years
	CAYears   int // life of the issuing CA, in years, at most the root's
}

// NewAuthority makes two SM2 keys and their certificates: a self-signed root and an issuing CA that may certify end
// entities only. Fails as Internal "authority_failed".
func NewAuthority(random io.Reader, opt AuthorityOptions) (Authority, error) {
	root, err := newCA(random, opt.Root, opt.NotBefore, opt.RootYears, nil)
	if err != nil {
		return Authority{}, fault.Wrap("authority_failed", err)
	}
	ca, err := newCA(random, opt.CA, opt.NotBefore, opt.CAYears, &root)
	if err != nil {
		return Authority{}, fault.Wrap("authority_failed", err)
	}
	return Authority{Root: root, CA: ca}, nil
}

// newCA makes a key and its certificate, signed by parent or, without one, by itself.
func newCA(random io.Reader, name Name, from time.Time, years int, parent *Issuer) (Issuer, error) {
	key, err := sm2.GenerateKey(random)
	if err != nil {
		return Issuer{}, err
	}
	subject, err := name.DER()
	if err != nil {
		return Issuer{}, err
	}
	serial, err := NewSerial(random)
	if err != nil {
		return Issuer{}, err
	}
	from = from.UTC().Truncate(time.Second)
	tpl := &smx509.Certificate{
		SerialNumber: serial.Int(), RawSubject: subject, PublicKey: key.Public(),
		NotBefore: from, NotAfter: from.AddDate(years, 0, 0).Add(-time.Second),
		BasicConstraintsValid: true, IsCA: true, MaxPathLen: -1,
		KeyUsage:           smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign,
		SubjectKeyId:       keyID(&key.PublicKey),
		SignatureAlgorithm: smx509.SM2WithSM3,
	}
	signer, issuer := crypto.Signer(key), tpl
	if parent != nil {
		tpl.MaxPathLen, tpl.MaxPathLenZero = 0, true
		signer, issuer = parent.Key, parent.Cert
	} else {
		tpl.AuthorityKeyId = tpl.SubjectKeyId
	}
	der, err := smx509.CreateCertificate(nil, tpl, issuer, key.Public(), signer)
	if err != nil {
		return Issuer{}, err
	}
	c, err := smx509.ParseCertificate(der)
	return Issuer{Cert: c, Key: key}, err
}
