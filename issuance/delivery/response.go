package delivery

import (
	"encoding/asn1"
	"errors"

	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// response is CSRResponse of GM/T 0092-2020:
//
//	SEQUENCE { signCertificate CertificateSet,
//	           encryptedPrivateKey [0] SM2EnvelopedKey OPTIONAL,
//	           encryptCertificate  [1] CertificateSet  OPTIONAL }
type response struct {
	SignCertificate     []asn1.RawValue `asn1:"set"`
	EncryptedPrivateKey asn1.RawValue   `asn1:"optional"`
	EncryptCertificate  asn1.RawValue
}

// CSRResponse makes the answer to a CSR: the sign certificate, the encryption key in the key centre's envelope (empty
// where the key is kept) and the encryption certificate. gmsm's own function for it wants the private key in clear,
// which no CA may hold. Tagging is the profile's. The envelope must fit the pair. Fails with Conflict
// "envelope_mismatch", Invalid "envelope_malformed", Internal "csr_response_failed".
func CSRResponse(p cert.Pair, envelope []byte, tag cert.Tagging) ([]byte, error) {
	if err := fits(p, envelope); err != nil {
		return nil, err
	}
	r := response{SignCertificate: []asn1.RawValue{{FullBytes: p.Sign}}}
	set, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: p.Enc})
	if err == nil {
		r.EncryptCertificate, err = tagged(1, set, tag.Certificates)
	}
	if err == nil && len(envelope) > 0 {
		r.EncryptedPrivateKey, err = tagged(0, envelope, tag.Key)
	}
	if err != nil {
		return nil, fault.Wrap("csr_response_failed", err)
	}
	der, err := asn1.Marshal(r)
	return der, fault.Wrap("csr_response_failed", err)
}

// tagged puts a context tag around a value (explicit) or in the place of its own (implicit).
func tagged(n int, der []byte, how string) (asn1.RawValue, error) {
	v := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: n, IsCompound: true}
	switch how {
	case cert.TagExplicit:
		v.Bytes = der
		return v, nil
	case cert.TagImplicit:
		var inner asn1.RawValue
		_, err := asn1.Unmarshal(der, &inner)
		v.Bytes = inner.Bytes
		return v, err
	}
	return v, errors.New("unknown tagging " + how)
}

// fits checks that the envelope, if there is one, holds the encryption certificate's key.
func fits(p cert.Pair, envelope []byte) error {
	old, err := cert.ParseOld(p)
	if err != nil || len(envelope) == 0 {
		return err
	}
	e, err := cert.ParseEnvelope(envelope)
	if err != nil {
		return err
	}
	sign, enc, err := old.Keys()
	if err != nil {
		return err
	}
	return e.CheckFor(sign, enc)
}

// Chain makes a PKCS#7 file (.p7b, DER) that holds certificates and no signature, the holder's first. certificates are
// DER. Fails with Invalid "certificate_unreadable".
func Chain(certificates ...[]byte) ([]byte, error) {
	var all []byte
	for _, c := range certificates {
		if _, err := smx509.ParseCertificate(c); err != nil {
			return nil, &fault.Error{Kind: fault.Invalid, Key: "certificate_unreadable", Cause: err}
		}
		all = append(all, c...)
	}
	der, err := pkcs7.DegenerateCertificate(all)
	return der, fault.Wrap("certificate_unreadable", err)
}
