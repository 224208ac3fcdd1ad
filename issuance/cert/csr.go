package cert

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// maxCSR bounds a CSR in octets, with its PEM armour: one of ours has 347.
const maxCSR = 16 << 10

// CSR is a certification request (PKCS#10, RFC 2986) that proves possession of an SM2 key.
type CSR struct {
	DER     []byte // as it came, without armour
	Subject []byte // DER; a suggestion, no more: what stands in a certificate comes from the authorisation
	Key     *ecdsa.PublicKey
	SPKI    []byte // the key the one way we write it, see EncodeKey
}

// ParseCSR reads a CSR in DER or PEM and checks its signature (SM2 with SM3, default ID, GM/T 0009). Attributes that
// ask for extensions are not looked at. Fails with Invalid "csr_malformed", "csr_not_sm2", "csr_cfca" (the two-key
// form of CFCA's tools), "csr_empty_id" (signed with an empty ID, as `openssl req` does without distid) or
// "csr_signature_wrong".
func ParseCSR(raw []byte) (CSR, error) {
	der, err := unarmour(raw)
	if err != nil {
		return CSR{}, csrFault("csr_malformed", err)
	}
	if err := checkCSRShape(der); err != nil {
		return CSR{}, err
	}
	req, err := smx509.ParseCertificateRequest(der)
	if err != nil {
		return CSR{}, csrFault("csr_not_sm2", err) // its shape is right, so that only algorithm and key are left
	}
	key, err := sm2Key(req.PublicKey)
	if err != nil || req.SignatureAlgorithm != smx509.SM2WithSM3 {
		return CSR{}, csrFault("csr_not_sm2", err)
	}
	if err := VerifyProof(key, req.RawTBSCertificateRequest, req.Signature); err != nil {
		if verifyEmptyID(key, req.RawTBSCertificateRequest, req.Signature) {
			return CSR{}, csrFault("csr_empty_id", nil)
		}
		return CSR{}, csrFault("csr_signature_wrong", nil)
	}
	spki, err := EncodeKey(key)
	if err != nil {
		return CSR{}, csrFault("csr_not_sm2", err)
	}
	return CSR{DER: der, Subject: req.RawSubject, Key: key, SPKI: spki}, nil
}

func csrFault(key string, cause error) error {
	return &fault.Error{Kind: fault.Invalid, Key: key, Fields: []fault.Field{{Name: "csr", Key: key}}, Cause: cause}
}

// unarmour takes the one PEM block off that there may be; white space around it is forgiven.
func unarmour(raw []byte) ([]byte, error) {
	if len(raw) > maxCSR {
		return nil, errors.New("too long")
	}
	text := bytes.TrimSpace(raw)
	if !bytes.HasPrefix(text, []byte("-----BEGIN ")) {
		return raw, nil
	}
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("not one PEM block")
	}
	if block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST" {
		return nil, errors.New("PEM block of another type")
	}
	return block.Bytes, nil
}

// csrShape is CertificationRequest of RFC 2986 section 4.
type csrShape struct {
	Info struct {
		Raw        asn1.RawContent
		Version    int
		Subject    asn1.RawValue
		Key        asn1.RawValue
		Attributes []asn1.RawValue `asn1:"tag:0"`
	}
	Algorithm asn1.RawValue
	Signature asn1.BitString
}

// oidTmpPublicKey is the attribute in which CFCA's tools put the key that wraps the encryption key.
var oidTmpPublicKey = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 63}

// checkCSRShape tells what is no CSR at all from the CSR of CFCA's tools, whose attribute values are no SET, so that no
// standard parser reads them, and which mean another way of handing over the encryption key than ours.
func checkCSRShape(der []byte) error {
	var shape csrShape
	rest, err := asn1.Unmarshal(der, &shape)
	if err != nil || len(rest) > 0 {
		return csrFault("csr_malformed", err)
	}
	if shape.Info.Version != 0 {
		return csrFault("csr_malformed", errors.New("unknown version"))
	}
	for _, a := range shape.Info.Attributes {
		var attribute struct {
			Type  asn1.ObjectIdentifier
			Value asn1.RawValue
		}
		if rest, err := asn1.Unmarshal(a.FullBytes, &attribute); err != nil || len(rest) > 0 {
			return csrFault("csr_malformed", err)
		}
		isSet := attribute.Value.Class == asn1.ClassUniversal && attribute.Value.Tag == asn1.TagSet && attribute.Value.IsCompound
		if attribute.Type.Equal(oidTmpPublicKey) || !isSet {
			return csrFault("csr_cfca", nil)
		}
	}
	return nil
}

// verifyEmptyID checks a signature whose maker used an identity of no octets. gmsm takes an empty identity for the
// default one, so Z = SM3(ENTL ‖ ID ‖ a ‖ b ‖ G ‖ P) of GB/T 32918.2 5.5 is worked out here.
func verifyEmptyID(key *ecdsa.PublicKey, msg, sig []byte) bool {
	point, err := sm2.PublicKeyToECDH(key)
	if err != nil {
		return false
	}
	c := sm2.P256().Params()
	z := make([]byte, 2, 2+6*32) // ENTL is 0
	for _, n := range []*big.Int{new(big.Int).Sub(c.P, big.NewInt(3)), c.B, c.Gx, c.Gy} {
		var octets [32]byte
		z = append(z, n.FillBytes(octets[:])...)
	}
	za := SM3(append(z, point.Bytes()[1:]...))
	e := SM3(append(za[:], msg...))
	return sm2.VerifyASN1(key, e[:], sig)
}
