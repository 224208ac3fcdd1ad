package cert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"

	"caconsole/admin/fault"
)

// Octets of the parts of an envelope: an SM2 number, an SM3 digest, an SM4 key.
const (
	numberOctets = 32
	sm4Octets    = 16
)

// Envelope is an SM2EnvelopedKey of GB/T 35276: an SM2 private key under an SM4 key under the SM2 public key of the
// one who shall have it. Nobody but that one can open it, so that only its outside is looked at here.
type Envelope struct {
	DER     []byte           // as the key centre sent it
	Key     *ecdsa.PublicKey // public half of the key inside, as the envelope claims
	Wrapped []byte           // private key under SM4-ECB, 32 octets
	Cipher  SM2Cipher        // SM4 key under SM2
}

// sm2EnvelopedKey is GB/T 35276-2017 section 7.4.
type sm2EnvelopedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Cipher    SM2Cipher
	PublicKey asn1.BitString
	Wrapped   asn1.BitString
}

// SM2Cipher is an SM2 cipher text as in GM/T 0009: the point C1, the digest C3, the cipher text C2.
type SM2Cipher struct {
	X, Y *big.Int
	Hash []byte // 32 octets
	Text []byte // 16 octets: the SM4 key
}

// The names of SM4 in ECB mode that are in use: sm4-ecb, and plain sm4.
var oidSM4ECB, oidSM4 = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 104, 1}, asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 104}

// ParseEnvelope reads an SM2EnvelopedKey in DER. Keys wrapped by SM1 are refused: their format is not public.
// Fails with Invalid "envelope_malformed".
func ParseEnvelope(der []byte) (Envelope, error) {
	e, err := parseEnvelope(der)
	if err != nil {
		return Envelope{}, &fault.Error{Kind: fault.Invalid, Key: "envelope_malformed", Cause: err}
	}
	return e, nil
}

func parseEnvelope(der []byte) (Envelope, error) {
	var k sm2EnvelopedKey
	rest, err := asn1.Unmarshal(der, &k)
	if err != nil {
		return Envelope{}, err
	}
	again, err := asn1.Marshal(k)
	if err != nil || len(rest) > 0 || !bytes.Equal(again, der) {
		return Envelope{}, errors.New("not in DER")
	}
	if !k.Algorithm.Algorithm.Equal(oidSM4ECB) && !k.Algorithm.Algorithm.Equal(oidSM4) {
		return Envelope{}, fmt.Errorf("wrapped by %v, not by SM4", k.Algorithm.Algorithm)
	}
	if p := k.Algorithm.Parameters.FullBytes; len(p) > 0 && !bytes.Equal(p, asn1.NullBytes) {
		return Envelope{}, errors.New("algorithm with parameters")
	}
	if k.PublicKey.BitLength != 8*len(k.PublicKey.Bytes) || k.Wrapped.BitLength != 8*numberOctets {
		return Envelope{}, errors.New("a part has the wrong length")
	}
	if err := k.Cipher.check(); err != nil {
		return Envelope{}, err
	}
	key, err := sm2.NewPublicKey(k.PublicKey.Bytes)
	if err != nil {
		return Envelope{}, err
	}
	return Envelope{DER: der, Key: key, Wrapped: k.Wrapped.Bytes, Cipher: k.Cipher}, nil
}

func (c SM2Cipher) check() error {
	if c.X == nil || c.Y == nil || c.X.Sign() < 0 || c.Y.Sign() < 0 || c.X.BitLen() > 8*numberOctets || c.Y.BitLen() > 8*numberOctets {
		return errors.New("point of the cipher text out of range")
	}
	if len(c.Hash) != len(Digest{}) || len(c.Text) != sm4Octets {
		return errors.New("cipher text is not one of an SM4 key")
	}
	point := []byte{4}
	for _, n := range []*big.Int{c.X, c.Y} {
		point = append(point, fixed(n, numberOctets)...)
	}
	_, err := sm2.NewPublicKey(point)
	return err
}

// fixed writes a number with leading zeros.
func fixed(n *big.Int, octets int) []byte { return n.FillBytes(make([]byte, octets)) }

// CheckFor compares the envelope with the two keys of a new pair: it must hold the encryption key's private half, and
// that must not be the sign key's, which nobody but the Ukey may know. Fails with Conflict "envelope_mismatch".
func (e Envelope) CheckFor(sign, enc *ecdsa.PublicKey) error {
	if sign == nil || enc == nil || !e.Key.Equal(enc) || e.Key.Equal(sign) {
		return fault.New(fault.Conflict, "envelope_mismatch", nil)
	}
	return nil
}

// Point is the public key inside as X ‖ Y, 64 octets. Fails with Invalid "envelope_malformed".
func (e Envelope) Point() ([]byte, error) {
	point, err := sm2.PublicKeyToECDH(e.Key)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Key: "envelope_malformed", Cause: err}
	}
	return point.Bytes()[1:], nil
}
