// Package lint has zlint look at a pair before it is signed: a second opinion, by people who never saw our code, on what
// RFC 5280 demands. It is for the console's screen and for tests. The signer has its own rules (package cert) and does
// not import this: zlint drags in much that should not be near a CA key.
//
// zlint and the parser under it know no SM2 ("unsupported elliptic curve"). So they get a shadow: the same certificate to
// the byte, except that its public key is a P-256 key that is thrown away, its two algorithm identifiers say ECDSA with
// SHA-256 and its signature is made with that key. What the shadow cannot show (key, algorithm) package cert checks.
package lint

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	zlints "github.com/zmap/zlint/v3/lint"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Report is what zlint says of a pair.
type Report struct {
	Run   int            // lints that applied, of both certificates
	Found []cert.Finding // those that did not pass; Rule is zlint's name of the lint
}

// Errors reports whether zlint found anything that is an error by the standard it cites.
func (r Report) Errors() bool {
	return slices.ContainsFunc(r.Found, func(f cert.Finding) bool { return f.Level == cert.LevelError })
}

// Prepared looks at a pair that passed our own rules and waits for its signature. Fails as Internal "shadow_failed".
func Prepared(p cert.Prepared) (Report, error) {
	sign, enc := p.TBS()
	var r Report
	for _, c := range []struct {
		kind cert.Kind
		tbs  []byte
	}{{cert.Sign, sign}, {cert.Enc, enc}} {
		if err := r.add(c.kind, c.tbs); err != nil {
			return Report{}, fault.Wrap("shadow_failed", err)
		}
	}
	return r, nil
}

func (r *Report) add(kind cert.Kind, tbs []byte) error {
	der, err := shadow(tbs)
	if err != nil {
		return err
	}
	c, err := zx509.ParseCertificate(der)
	if err != nil {
		return err
	}
	lints, err := registry()
	if err != nil {
		return err
	}
	results := zlint.LintCertificateEx(c, lints).Results
	for _, name := range slices.Sorted(maps.Keys(results)) {
		result := results[name]
		f := cert.Finding{Kind: kind, Rule: name, Level: cert.LevelError, Detail: result.Details}
		switch result.Status {
		case zlints.NA, zlints.NE, zlints.Reserved:
			continue
		case zlints.Pass:
			r.Run++
			continue
		case zlints.Notice, zlints.Warn:
			f.Level = cert.LevelNotice
		case zlints.Error, zlints.Fatal:
		}
		r.Run++
		r.Found = append(r.Found, f)
	}
	return nil
}

// registry holds the lints of the standards we follow; those of the browsers' programmes are for web servers. Two are
// left out: they say that an elliptic-curve key encrypts nothing, which is right for the shadow and wrong for SM2.
var registry = sync.OnceValues(func() (zlints.Registry, error) {
	return zlints.GlobalRegistry().Filter(zlints.FilterOptions{
		IncludeSources: zlints.SourceList{zlints.RFC3279, zlints.RFC5280, zlints.RFC5480, zlints.RFC5891, zlints.RFC8813, zlints.Community},
		ExcludeNames:   []string{"e_ecdsa_allowed_ku", "n_ecdsa_ee_invalid_ku"},
	})
})

// certificate is Certificate of RFC 5280 4.1.
type certificate struct {
	TBS       asn1.RawValue
	Algorithm asn1.RawValue
	Signature asn1.BitString
}

// tbsCertificate is TBSCertificate with everything but the algorithm and the key left as it is.
type tbsCertificate struct {
	Version    asn1.RawValue
	Serial     asn1.RawValue
	Algorithm  asn1.RawValue
	Issuer     asn1.RawValue
	Validity   asn1.RawValue
	Subject    asn1.RawValue
	PublicKey  asn1.RawValue
	Extensions asn1.RawValue
}

// ecdsaSHA256 is AlgorithmIdentifier ecdsa-with-SHA256, DER.
var ecdsaSHA256 = asn1.RawValue{FullBytes: []byte{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}}

// shadow makes the P-256 double of the signed part of a certificate.
func shadow(tbs []byte) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	var t tbsCertificate
	if rest, err := asn1.Unmarshal(tbs, &t); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("lint: not the signed part of a certificate: %w", errors.Join(err, errTrailing(rest)))
	}
	t.Algorithm, t.PublicKey = ecdsaSHA256, asn1.RawValue{FullBytes: spki}
	double, err := asn1.Marshal(t)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(double)
	sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(certificate{
		TBS: asn1.RawValue{FullBytes: double}, Algorithm: ecdsaSHA256, Signature: asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)},
	})
}

func errTrailing(rest []byte) error {
	if len(rest) == 0 {
		return nil
	}
	return errors.New("bytes after it")
}
