package app

import (
	"encoding/pem"
	"fmt"
	"os"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/issuance"
	"caconsole/issuance/kmc"
)

// KMC is the key management centre (密钥管理中心). Without a URL no pair can get a new encryption key: what needs one waits.
type KMC struct {
	URL    string `name:"url" placeholder:"URL" help:"Key management centre. Without it no new encryption key can be issued."`
	Key    string `name:"key" placeholder:"FILE" help:"Our private key (SM2, PEM) that signs requests. Default: requests are not signed."`
	Centre string `name:"centre" placeholder:"FILE" help:"Certificates (PEM) the centre may sign with, the same that casigner init was given."`
}

// dialKMC makes the client of the key centre; nil where there is none.
func (c Config) dialKMC() (issuance.KeyCentre, error) {
	k := c.KMC
	if k.URL == "" {
		return nil, nil //nolint:nilnil // no centre is no mistake: nothing may ever re-key here
	}
	out := kmc.Config{URL: k.URL}
	var err error
	if out.Centres, err = sm2Certificates(k.Centre); err != nil {
		return nil, fmt.Errorf("%w: key centre: %w", ErrConfig, err)
	}
	if k.Key == "" {
		return kmc.New(out), nil
	}
	if out.Key, err = sm2PrivateKey(k.Key); err != nil {
		return nil, fmt.Errorf("%w: key centre: %w", ErrConfig, err)
	}
	return kmc.New(out), nil
}

// sm2PrivateKey reads an SM2 key, PKCS #8.
func sm2PrivateKey(file string) (*sm2.PrivateKey, error) {
	block, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	parsed, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key, ok := parsed.(*sm2.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: no SM2 key", file)
	}
	return key, nil
}

// sm2Certificates reads the certificates of a file, at least one.
func sm2Certificates(file string) ([]*smx509.Certificate, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	var out []*smx509.Certificate
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		c, err := smx509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no certificate in PEM", file)
	}
	return out, nil
}
