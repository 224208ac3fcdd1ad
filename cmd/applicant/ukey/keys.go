package ukey

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// readKeys reads <login>.pem of a folder: SM2 private keys, PKCS#8. A folder without any is an error, for nobody could
// sign; so is a file that holds something else.
func readKeys(folder string) (map[string]*sm2.PrivateKey, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.pem"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no <login>.pem in %s", folder)
	}
	out := map[string]*sm2.PrivateKey{}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		block, _ := pem.Decode(raw)
		if block == nil {
			return nil, fmt.Errorf("%s holds no PEM block", path)
		}
		parsed, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		key, ok := parsed.(*sm2.PrivateKey)
		if !ok {
			return nil, fmt.Errorf("%s holds no SM2 key", path)
		}
		out[strings.TrimSuffix(filepath.Base(path), ".pem")] = key
	}
	return out, nil
}

// publicKey is the SubjectPublicKeyInfo of a key, DER in base64.
func publicKey(key *sm2.PrivateKey) (string, error) {
	der, err := smx509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", fmt.Errorf("public key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(der), nil
}
