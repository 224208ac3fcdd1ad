package renew

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// Files of a new sign key, in the folder of results.
const (
	fileSignKey = "sign.key.pem"
	fileCSR     = "sign.csr.pem"
)

// rekey is a sign key that the Ukey made for its next certificate, with the request for it.
type rekey struct {
	key    *sm2.PrivateKey
	keyPEM []byte
	csr    []byte // PKCS#10, DER
}

// newRekey makes a key and its CSR: the old subject, SM2 with SM3 and the default ID (GM/T 0092).
func newRekey(k *ukey) (*rekey, error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	csr, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{
		RawSubject: k.sign.RawSubject, SignatureAlgorithm: smx509.SM2WithSM3,
	}, key)
	if err != nil {
		return nil, fmt.Errorf("make a CSR: %w", err)
	}
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return &rekey{key: key, keyPEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), csr: csr}, nil
}

// keepRekey takes up the key of an earlier run in the folder of results, or makes one and puts it there before it is used:
// a Ukey that was pulled out half-way still has its key.
func (r *robot) keepRekey() error {
	if r.rekey != nil {
		return nil
	}
	var err error
	if r.rekey, err = r.earlierRekey(); err != nil || r.rekey != nil {
		return err
	}
	if r.rekey, err = newRekey(r.ukey); err != nil {
		return err
	}
	if err := r.save(fileSignKey, r.rekey.keyPEM); err != nil {
		return err
	}
	return r.save(fileCSR, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: r.rekey.csr}))
}

// earlierRekey is nil where there is no CSR from before.
func (r *robot) earlierRekey() (*rekey, error) {
	if r.opt.Out == "" {
		return nil, nil //nolint:nilnil // keeps nothing, so there is nothing
	}
	raw, err := os.ReadFile(filepath.Join(r.opt.Out, fileCSR))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // the first run
	}
	if err != nil {
		return nil, fmt.Errorf("take up the CSR: %w", err)
	}
	block, _ := pem.Decode(raw)
	key, err := readKey(filepath.Join(r.opt.Out, fileSignKey))
	if err != nil || block == nil {
		return nil, fmt.Errorf("take up the CSR: no key or no PEM: %w", err)
	}
	keyPEM, err := os.ReadFile(filepath.Join(r.opt.Out, fileSignKey))
	return &rekey{key: key, keyPEM: keyPEM, csr: block.Bytes}, err
}

// binds is how a text to sign must end: the digest of the CSR that was sent, "-" without one.
func (k *rekey) binds() string {
	if k == nil {
		return "\n-"
	}
	sum := sm3.Sum(k.csr)
	return "\n" + hex.EncodeToString(sum[:])
}
