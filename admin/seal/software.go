package seal

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// Digest returns the SM3 of data, 32 bytes: for tokens that are random in themselves and only looked up by their hash.
func Digest(data []byte) []byte {
	sum := sm3.Sum(data)
	return sum[:]
}

// NewSoftwareKey makes an SM2 key pair that lies in software: the private half as PKCS #8, the public half as DER
// SubjectPublicKeyInfo. The caller seals the private half.
func NewSoftwareKey() (private, public []byte, err error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("seal: make a key: %w", err)
	}
	if private, err = smx509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, nil, fmt.Errorf("seal: encode a private key: %w", err)
	}
	if public, err = smx509.MarshalPKIXPublicKey(&key.PublicKey); err != nil {
		return nil, nil, fmt.Errorf("seal: encode a public key: %w", err)
	}
	return private, public, nil
}

// SignSoftware signs with a private key of NewSoftwareKey: SM2-SM3, default user id, DER.
func SignSoftware(private, message []byte) ([]byte, error) {
	parsed, err := smx509.ParsePKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("seal: read a private key: %w", err)
	}
	key, ok := parsed.(*sm2.PrivateKey)
	if !ok {
		return nil, errors.New("seal: not an SM2 key")
	}
	sig, err := key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
	if err != nil {
		return nil, fmt.Errorf("seal: sign: %w", err)
	}
	return sig, nil
}
