package renew

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// orgNumberOID is the certificate extension with the organisation's number (企业组织机构代码; today the 18 characters of
// the credit code), a PrintableString.
var orgNumberOID = asn1.ObjectIdentifier{1, 2, 156, 10260, 4, 1, 4}

// ukey is the medium in the applicant's hand: two key pairs and their certificates.
type ukey struct {
	signKey    *sm2.PrivateKey
	signKeyPEM []byte // signKey as its file has it
	encKey     *sm2.PrivateKey
	sign, enc  *smx509.Certificate
	holder     string // organisation in the subject
	orgNumber  string
}

// readUkey reads sign.key.pem, sign.pem, enc.key.pem and enc.pem of a folder.
func readUkey(dir string) (*ukey, error) {
	k := &ukey{}
	var err error
	if k.signKey, err = readKey(filepath.Join(dir, "sign.key.pem")); err != nil {
		return nil, err
	}
	if k.signKeyPEM, err = os.ReadFile(filepath.Join(dir, "sign.key.pem")); err != nil {
		return nil, fmt.Errorf("read Ukey: %w", err)
	}
	if k.encKey, err = readKey(filepath.Join(dir, "enc.key.pem")); err != nil {
		return nil, err
	}
	if k.sign, err = readCertificate(filepath.Join(dir, "sign.pem")); err != nil {
		return nil, err
	}
	if k.enc, err = readCertificate(filepath.Join(dir, "enc.pem")); err != nil {
		return nil, err
	}
	if len(k.sign.Subject.Organization) > 0 {
		k.holder = k.sign.Subject.Organization[0]
	} else {
		k.holder = k.sign.Subject.CommonName
	}
	for _, e := range k.sign.Extensions {
		if e.Id.Equal(orgNumberOID) {
			if _, err := asn1.Unmarshal(e.Value, &k.orgNumber); err != nil {
				return nil, fmt.Errorf("read organisation number of the certificate: %w", err)
			}
		}
	}
	return k, nil
}

func readBlock(path string) (*pem.Block, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read Ukey: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("read Ukey: %s is no PEM file", path)
	}
	return block, nil
}

func readKey(path string) (*sm2.PrivateKey, error) {
	block, err := readBlock(path)
	if err != nil {
		return nil, err
	}
	if block.Type == "EC PRIVATE KEY" || block.Type == "SM2 PRIVATE KEY" {
		key, err := smx509.ParseSM2PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read Ukey: %s: %w", path, err)
		}
		return key, nil
	}
	parsed, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read Ukey: %s: %w", path, err)
	}
	key, ok := parsed.(*sm2.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read Ukey: %s holds a %T, not an SM2 key", path, parsed)
	}
	return key, nil
}

func readCertificate(path string) (*smx509.Certificate, error) {
	block, err := readBlock(path)
	if err != nil {
		return nil, err
	}
	cert, err := smx509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read Ukey: %s: %w", path, err)
	}
	return cert, nil
}

// Prefixes of what a driver lets its Ukey sign. Anything else would make the Ukey sign whatever a server likes.
const (
	renewPrefix   = "caconsole/renew/1\n"
	collectPrefix = "caconsole/collect/1\n"
)

// prove signs to_sign with the Ukey's sign key: SM2 over SM3 with the default ID, DER. It refuses a text of another
// domain, and one that binds another CSR than the one it made, or any where it keeps its keys.
func (k *ukey) prove(toSign string, next *rekey) ([]byte, error) {
	if !strings.HasPrefix(toSign, renewPrefix) && !strings.HasPrefix(toSign, collectPrefix) {
		return nil, refuse("the Ukey does not sign what is no renewal")
	}
	if !strings.HasSuffix(toSign, next.binds()) {
		return nil, refuse("the Ukey does not sign for a CSR it did not make")
	}
	sig, err := k.signKey.Sign(rand.Reader, []byte(toSign), sm2.DefaultSM2SignerOpts)
	if err != nil {
		return nil, fmt.Errorf("sign with the Ukey: %w", err)
	}
	return sig, nil
}

// same reports whether a certificate is for this key.
func same(key *sm2.PrivateKey, cert *smx509.Certificate) bool {
	pub, ok := cert.PublicKey.(*ecdsa.PublicKey)
	return ok && key.PublicKey.Equal(pub)
}

func serialOf(c *smx509.Certificate) string { return hex.EncodeToString(c.SerialNumber.Bytes()) }
