package signer

import (
	"crypto"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// Key is the CA key, wherever it lies: in software, opened by its officers, or in a device. Sign gets the whole
// TBSCertificate with sm2.DefaultSM2SignerOpts, never a digest.
type Key interface {
	crypto.Signer
	KeyInfo() KeyInfo
}

// KeyInfo says where a key lies.
type KeyInfo struct {
	Storage string `json:"storage"` // "software", or a device's own words
	Label   string `json:"label"`   // how the device names the key; "" in software
}

// softwareKey is a key in this process's memory.
type softwareKey struct{ *sm2.PrivateKey }

// KeyInfo says that the key is nowhere else.
func (softwareKey) KeyInfo() KeyInfo { return KeyInfo{Storage: "software"} }

// sealed is SM4-GCM output with its nonce.
type sealed struct {
	Nonce []byte `json:"nonce"`
	Bytes []byte `json:"bytes"`
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts under an SM4 key; bound is authenticated with it.
func seal(key, plain, bound []byte) (sealed, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return sealed{}, err
	}
	s := sealed{Nonce: make([]byte, gcm.NonceSize())}
	if _, err := rand.Read(s.Nonce); err != nil {
		return sealed{}, err
	}
	s.Bytes = gcm.Seal(nil, s.Nonce, plain, bound)
	return s, nil
}

func (s sealed) open(key, bound []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	if len(s.Nonce) != gcm.NonceSize() {
		return nil, errors.New("nonce has the wrong length")
	}
	return gcm.Open(nil, s.Nonce, s.Bytes, bound)
}

// keyFile is a private key, PKCS#8, under the key-encryption key that the officers share.
type keyFile struct {
	V        int    `json:"v"`
	Ceremony string `json:"ceremony"`
	Name     string `json:"name"` // fileCAKey or fileRootKey
	sealed
}

func (f keyFile) bound() []byte {
	return fmt.Appendf(nil, "caconsole/key/%d\n%s\n%s", f.V, f.Ceremony, f.Name)
}

// sealKey makes the content of a key file.
func sealKey(kek []byte, ceremony, name string, key any) ([]byte, error) {
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	f := keyFile{V: 1, Ceremony: ceremony, Name: name}
	if f.sealed, err = seal(kek, der, f.bound()); err != nil {
		return nil, err
	}
	return json.Marshal(f)
}

// openKey opens a key file with a key-encryption key. Fails with Forbidden "shares_wrong".
func openKey(raw, kek []byte, name string) (Key, error) {
	var f keyFile
	if err := json.Unmarshal(raw, &f); err != nil || f.Name != name {
		return nil, fault.Wrap("signer_data_unusable", fmt.Errorf("%s is no sealed key: %w", name, errors.Join(err)))
	}
	der, err := f.open(kek, f.bound())
	if err != nil {
		return nil, &fault.Error{Kind: fault.Forbidden, Key: "shares_wrong", Cause: err}
	}
	defer clear(der)
	key, err := smx509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fault.Wrap("signer_data_unusable", err)
	}
	private, ok := key.(*sm2.PrivateKey)
	if !ok {
		return nil, fault.Wrap("signer_data_unusable", fmt.Errorf("%s holds a %T", name, key))
	}
	return softwareKey{private}, nil
}

// stretch derives an SM4 key from a passphrase: PBKDF2-HMAC-SM3.
func stretch(passphrase, salt []byte, rounds int) ([]byte, error) {
	return pbkdf2.Key(sm3.New, string(passphrase), salt, rounds, sm4.BlockSize)
}
