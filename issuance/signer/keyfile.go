package signer

import (
	"crypto"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs8"

	"caconsole/admin/fault"
)

const (
	keyPEM = "ENCRYPTED PRIVATE KEY"
	// keyRounds of PBKDF2-HMAC-SM3 take about 0.15 s of one core, twice at init and once at each start.
	keyRounds = 310_000
	keySalt   = 16 // octets
)

// minPassphrase is the shortest passphrase init takes, in bytes.
const minPassphrase = 12

// sealKey writes a private key as PKCS#8, encrypted with SM4-GCM under a key derived from the passphrase.
func sealKey(key any, opt InitOptions) ([]byte, error) {
	if len(opt.Passphrase) < minPassphrase {
		return nil, fault.New(fault.Invalid, "passphrase_short", fault.Args{"min": minPassphrase})
	}
	rounds := opt.KeyRounds
	if rounds == 0 {
		rounds = keyRounds
	}
	encrypter := pkcs.NewPBESEncrypter(pkcs.SM4GCM, pkcs.NewPBKDF2Opts(pkcs.SM3, keySalt, rounds))
	der, err := pkcs8.MarshalPrivateKey(key, opt.Passphrase, encrypter)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyPEM, Bytes: der}), nil
}

// LoadKey opens the CA key of a data directory. Fails with Forbidden "passphrase_wrong".
// A key in a device takes the place of this one wherever a crypto.Signer is asked for.
func LoadKey(dir string, passphrase []byte) (crypto.Signer, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "ca.key.pem"))
	if err != nil {
		return nil, fault.Wrap("signer_data_unusable", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != keyPEM {
		return nil, fault.Wrap("signer_data_unusable", errors.New("ca.key.pem holds no encrypted key"))
	}
	if len(passphrase) == 0 {
		// pkcs8 would take this for an unencrypted key and complain about its form.
		return nil, fault.New(fault.Forbidden, "passphrase_wrong", nil)
	}
	key, err := pkcs8.ParsePKCS8PrivateKeySM2(block.Bytes, passphrase)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Forbidden, Key: "passphrase_wrong", Cause: err}
	}
	return key, nil
}
