package cert

import (
	"crypto/ecdsa"
	"encoding/base64"
	"errors"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// ParseKey reads an SM2 public key from a DER SubjectPublicKeyInfo. A key on any other curve is an error.
func ParseKey(der []byte) (*ecdsa.PublicKey, error) {
	key, err := smx509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	return sm2Key(key)
}

// EncodeKey writes an SM2 public key the one way it appears in requests and new certificates (id-ecPublicKey with the
// SM2 curve), whichever of the two ways in the field it came in.
func EncodeKey(key any) ([]byte, error) {
	pub, err := sm2Key(key)
	if err != nil {
		return nil, err
	}
	return smx509.MarshalPKIXPublicKey(pub)
}

func sm2Key(key any) (*ecdsa.PublicKey, error) {
	pub, ok := key.(*ecdsa.PublicKey)
	if !ok || !sm2.IsSM2PublicKey(pub) {
		return nil, errors.New("cert: not an SM2 public key")
	}
	return pub, nil
}

// encodeKey64 is EncodeKey in base64, as requests hold it.
func encodeKey64(key any) (string, error) {
	der, err := EncodeKey(key)
	return base64.StdEncoding.EncodeToString(der), err
}

// VerifyProof checks an SM2-SM3 signature (DER, default ID 1234567812345678) over msg.
// Fails with Forbidden "signature_wrong".
func VerifyProof(pub *ecdsa.PublicKey, msg, sig []byte) error {
	if pub == nil || !sm2.VerifyASN1WithSM2(pub, nil, msg, sig) {
		return fault.New(fault.Forbidden, "signature_wrong", nil)
	}
	return nil
}
