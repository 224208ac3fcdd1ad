package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
)

const passphraseVariable = "CASIGNER_PASSPHRASE"

type initCommand struct {
	Data              string `required:"" env:"CASIGNER_DATA" type:"path" placeholder:"DIR" help:"Data directory to make; must not exist or be empty."`
	Staff             string `required:"" type:"existingfile" placeholder:"FILE" help:"Staff whose signatures count: JSON lines of {staff_id, login, no, roles, public_key (SubjectPublicKeyInfo, base64), storage (\"ukey\" or \"software\", the default)}. Fixed from then on."`
	AllowSoftwareKeys bool   `help:"Accept approval keys that lie in software. For demonstrations only; fixed from then on and shown by the console."`
	Trust             string `type:"existingfile" placeholder:"FILE" help:"Certificates (PEM) of earlier issuing CAs whose pairs may be renewed, besides those of the new CA."`
	PublicURL         string `default:"http://localhost:8080" placeholder:"URL" help:"Address under which the console serves /crl and /ca; goes into every certificate. Default: ${default}."`
	Organisation      string `default:"示例电子认证服务有限公司" help:"Organisation in the names of root and issuing CA. Default: ${default}."`
	RootName          string `default:"示例根 CA" help:"Common name of the root. Default: ${default}."`
	CAName            string `default:"示例签发 CA" name:"ca-name" help:"Common name of the issuing CA. Default: ${default}."`
	RootYears         int    `default:"30" help:"Life of the root in years. Default: ${default}."`
	CAYears           int    `default:"20" name:"ca-years" help:"Life of the issuing CA in years. Default: ${default}."`
	passphraseFlag
}

// passphraseFlag says where the passphrase of the CA key comes from; never from the command line, which others see.
type passphraseFlag struct {
	PassphraseFile string `type:"existingfile" placeholder:"FILE" help:"File with the passphrase of the CA key, without its last line feed. Without this flag the passphrase is taken from CASIGNER_PASSPHRASE."`
}

// Help is shown under the flags.
func (initCommand) Help() string {
	return `Makes an SM2 root and an issuing CA, seals both keys under the passphrase (PKCS#8, SM4-GCM, PBKDF2-HMAC-SM3) and
prints the SM3 digests of both certificates. root.key.pem is not needed in daily work: move it off the machine.
Either everything is made or nothing.`
}

// Run makes the CA.
func (c *initCommand) Run(env environment) error {
	passphrase, err := c.passphrase(env)
	if err != nil {
		return err
	}
	if c.CAYears < 1 || c.CAYears > c.RootYears {
		return errors.New("the issuing CA must live for at least a year and not longer than the root")
	}
	list, err := os.ReadFile(c.Staff)
	if err != nil {
		return err
	}
	staff, err := signer.ReadStaff(bytes.NewReader(list))
	if err != nil {
		return err
	}
	old, err := c.oldIssuers()
	if err != nil {
		return err
	}
	chain, err := signer.Init(signer.InitOptions{
		Dir: c.Data, Staff: staff, Profile: cert.OrganisationProfile(c.PublicURL), OldIssuers: old,
		Root:      cert.Name{Country: "CN", Organisation: c.Organisation, CommonName: c.RootName},
		CA:        cert.Name{Country: "CN", Organisation: c.Organisation, CommonName: c.CAName},
		RootYears: c.RootYears, CAYears: c.CAYears, SoftwareKeys: c.AllowSoftwareKeys,
		Passphrase: passphrase, Now: env.now,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.stdout, "root SM3 %s\nissuing CA SM3 %s\nstaff keys %d\n", cert.SM3(chain.Root).Hex(), cert.SM3(chain.CA).Hex(), len(staff))
	return err
}

func (c *initCommand) oldIssuers() ([]*smx509.Certificate, error) {
	if c.Trust == "" {
		return []*smx509.Certificate{}, nil
	}
	raw, err := os.ReadFile(c.Trust)
	if err != nil {
		return nil, err
	}
	return signer.ParseCertificates(raw)
}

func (f passphraseFlag) passphrase(env environment) ([]byte, error) {
	if f.PassphraseFile != "" {
		raw, err := os.ReadFile(f.PassphraseFile)
		return bytes.TrimRight(raw, "\r\n"), err
	}
	if v, ok := env.lookup(passphraseVariable); ok && v != "" {
		return []byte(v), nil
	}
	return nil, errors.New("no passphrase: set " + passphraseVariable + " or pass --passphrase-file")
}
