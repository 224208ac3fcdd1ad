package renew

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	"github.com/emmansun/gmsm/smx509"
)

// opened is a CSRResponse that the Ukey has opened.
type opened struct {
	sign, enc *smx509.Certificate
	encKey    *sm2.PrivateKey // nil where the old one is kept
}

// errResponse says that a CSRResponse is not one, or not for this Ukey.
var errResponse = errors.New("CSRResponse")

func notOurs(what string, err error) error {
	if err == nil {
		return fmt.Errorf("%w: %s", errResponse, what)
	}
	return fmt.Errorf("%w: %s: %w", errResponse, what, err)
}

// openResponse reads a CSRResponse of GM/T 0092:
//
//	SEQUENCE { signCertificate SET OF Certificate,
//	           encryptedPrivateKey [0] SM2EnvelopedKey OPTIONAL,
//	           encryptCertificate  [1] SET OF Certificate OPTIONAL }
//
// The two tags are taken as explicit or implicit, for CAs differ. It opens the encryption key with the sign key and
// checks what a driver must before it writes to the Ukey: each certificate is for its key, and the keys differ.
func openResponse(der []byte, sign *sm2.PrivateKey) (opened, error) {
	outer, err := values(der)
	if err != nil || len(outer) != 1 || outer[0].Tag != asn1.TagSequence {
		return opened{}, notOurs("no SEQUENCE", err)
	}
	parts, err := values(outer[0].Bytes)
	if err != nil || len(parts) == 0 || parts[0].Tag != asn1.TagSet || parts[0].Class != asn1.ClassUniversal {
		return opened{}, notOurs("no sign certificate", err)
	}
	var out opened
	if out.sign, err = firstCertificate(parts[0].Bytes); err != nil {
		return opened{}, err
	}
	last := -1
	for _, p := range parts[1:] {
		if p.Class != asn1.ClassContextSpecific || p.Tag <= last || p.Tag > 1 {
			return opened{}, fmt.Errorf("%w: unexpected part [%d]", errResponse, p.Tag)
		}
		last = p.Tag
		if p.Tag == 0 {
			out.encKey, err = openEnvelope(p.Bytes, sign)
		} else {
			out.enc, err = firstCertificate(p.Bytes)
		}
		if err != nil {
			return opened{}, err
		}
	}
	return out, out.check(sign)
}

func (o opened) check(sign *sm2.PrivateKey) error {
	switch {
	case !same(sign, o.sign):
		return notOurs("the sign certificate is for another key", nil)
	case o.enc == nil:
		return notOurs("no encryption certificate", nil)
	case same(sign, o.enc):
		return notOurs("one key for both certificates", nil)
	case o.encKey != nil && !same(o.encKey, o.enc):
		return notOurs("the encryption certificate is for another key", nil)
	}
	return nil
}

// values splits DER into the values that follow one another.
func values(der []byte) ([]asn1.RawValue, error) {
	var out []asn1.RawValue
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			return nil, err
		}
		out, der = append(out, v), rest
	}
	return out, nil
}

// firstCertificate reads a CertificateSet, with or without its own SET around it: the holder's comes first.
func firstCertificate(der []byte) (*smx509.Certificate, error) {
	list, err := values(der)
	if err == nil && len(list) == 1 && list[0].Tag == asn1.TagSet {
		list, err = values(list[0].Bytes)
	}
	if err != nil || len(list) == 0 {
		return nil, notOurs("no certificate", err)
	}
	cert, err := smx509.ParseCertificate(list[0].FullBytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errResponse, err)
	}
	return cert, nil
}

// The names of SM4 in ECB mode, DER: sm4-ecb, and plain sm4.
var sm4Names = [][]byte{
	{0x06, 0x09, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x68, 0x01},
	{0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x68},
}

// openEnvelope opens an SM2EnvelopedKey (GB/T 35276) as the Ukey does: the SM4 key with the sign key, the encryption key
// with that; the public key beside it must be the one that follows from it.
func openEnvelope(der []byte, sign *sm2.PrivateKey) (*sm2.PrivateKey, error) {
	parts, err := values(der)
	if err == nil && len(parts) == 1 { // the tag was explicit
		parts, err = values(parts[0].Bytes)
	}
	if err != nil || len(parts) != 4 || !isSM4(parts[0].Bytes) {
		return nil, notOurs("the key is in no known envelope", err)
	}
	var public, wrapped asn1.BitString
	_, err = asn1.Unmarshal(parts[2].FullBytes, &public)
	if _, err2 := asn1.Unmarshal(parts[3].FullBytes, &wrapped); err != nil || err2 != nil || wrapped.BitLength != 256 {
		return nil, notOurs("the key is in no known envelope", errors.Join(err, err2))
	}
	secret, err := sm2.Decrypt(sign, parts[1].FullBytes)
	if err != nil || len(secret) != sm4.BlockSize {
		return nil, notOurs("the envelope is not for this Ukey", err)
	}
	block, err := sm4.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errResponse, err)
	}
	d := make([]byte, len(wrapped.Bytes))
	for i := 0; i < len(d); i += sm4.BlockSize {
		block.Decrypt(d[i:], wrapped.Bytes[i:])
	}
	key, err := sm2.NewPrivateKey(d)
	if err != nil {
		return nil, notOurs("the envelope holds no key", err)
	}
	point, err := sm2.PublicKeyToECDH(&key.PublicKey)
	if err != nil || !bytes.Equal(point.Bytes(), public.Bytes) {
		return nil, notOurs("the envelope names another key than it holds", err)
	}
	return key, nil
}

func isSM4(algorithm []byte) bool {
	for _, name := range sm4Names {
		if bytes.HasPrefix(algorithm, name) {
			return true
		}
	}
	return false
}
