package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
)

type initCommand struct {
	Data              string            `required:"" env:"CASIGNER_DATA" type:"path" placeholder:"DIR" help:"Data directory to make; must not exist or be empty."`
	Shares            string            `required:"" type:"path" placeholder:"DIR" help:"Where the officers' shares go, a file share-LOGIN.json for each. Hand them over and keep none of them beside the data."`
	Staff             string            `required:"" type:"existingfile" placeholder:"FILE" help:"Staff whose signatures count: JSON lines of {staff_id, login, no, roles, kind (\"sm2\", the default, or \"webauthn\"), public_key (SubjectPublicKeyInfo, base64), credential_id (of a passkey, base64), storage (\"ukey\", \"device\" or \"software\", the default)}. From then on only key officers change the list."`
	Needed            int               `default:"2" help:"How many key officers open the key together, and sign a change of the staff list; at least 2. Default: ${default}."`
	Passphrase        map[string]string `name:"passphrase-file" placeholder:"LOGIN=FILE" mapsep:"," help:"File with the passphrase of an officer's share, without its last line feed. An officer without one is asked on the terminal, unless CASIGNER_PASSPHRASE_LOGIN is set."`
	AllowSoftwareKeys bool              `help:"Accept approval keys that lie in software. For demonstrations only; fixed from then on and shown by the console."`
	SM2Only           bool              `name:"sm2-only" help:"Accept SM2 signatures of Ukeys only: no passkeys, no delegation. Fixed from then on."`
	Host              string            `placeholder:"HOST" help:"Host name for which passkeys sign (the relying party). Fixed from then on; without it there are no passkeys."`
	Origin            []string          `placeholder:"URL" help:"Address under which staff open the console on that host, as https://host[:port]. May be repeated. Fixed from then on."`
	Trust             string            `type:"existingfile" placeholder:"FILE" help:"Certificates (PEM) of earlier issuing CAs whose pairs may be renewed, besides those of the new CA."`
	KMC               string            `name:"kmc" type:"existingfile" placeholder:"FILE" help:"Certificates (PEM) of the key management centres whose encryption keys may be certified."`
	CRLHours          int               `name:"crl-hours" default:"168" help:"How long a revocation list holds, in hours. Default: ${default}."`
	PublicURL         string            `default:"http://localhost:8080" placeholder:"URL" help:"Address under which the console serves /crl and /ca; goes into every certificate. Default: ${default}."`
	Organisation      string            `default:"示例电子认证服务有限公司" help:"Organisation in the names of root and issuing CA. Default: ${default}."`
	RootName          string            `default:"示例根 CA" help:"Common name of the root. Default: ${default}."`
	CAName            string            `default:"示例签发 CA" name:"ca-name" help:"Common name of the issuing CA. Default: ${default}."`
	RootYears         int               `default:"30" help:"Life of the root in years. Default: ${default}."`
	CAYears           int               `default:"20" name:"ca-years" help:"Life of the issuing CA in years. Default: ${default}."`
	userFlag
}

// Help is shown under the flags.
func (initCommand) Help() string {
	return `The key ceremony. Makes an SM2 root and an issuing CA and seals both keys (PKCS#8, SM4-GCM) under a random key that is
split among all key officers of the staff list (Shamir): --needed of them open it, fewer learn nothing. Each share is
sealed under its officer's passphrase (PBKDF2-HMAC-SM3, SM4-GCM). Prints the SM3 digests of both certificates.
root.key.json is not needed in daily work: move it off the machine. Either everything is made or nothing.`
}

// Run makes the CA.
func (c *initCommand) Run(env environment) error {
	if c.CAYears < 1 || c.CAYears > c.RootYears {
		return errors.New("the issuing CA must live for at least a year and not longer than the root")
	}
	opt, err := c.options(env)
	if err != nil {
		return err
	}
	chain, err := signer.Init(opt)
	for _, o := range opt.Officers {
		clear(o.Passphrase)
	}
	if err != nil {
		return err
	}
	if err := c.giveTo(c.Data); err != nil {
		return err
	}
	_, err = fmt.Fprintf(
		env.stdout, "root SM3 %s\nissuing CA SM3 %s\nstaff keys %d\nshares %d in %s, %d needed\n",
		cert.SM3(chain.Root).Hex(), cert.SM3(chain.CA).Hex(), len(opt.Staff), len(opt.Officers), c.Shares, c.Needed,
	)
	return err
}

// options reads everything a ceremony is made from; the officers come last.
func (c *initCommand) options(env environment) (signer.InitOptions, error) {
	opt := signer.InitOptions{
		Dir: c.Data, SharesDir: c.Shares, Needed: c.Needed, Profile: cert.OrganisationProfile(c.PublicURL),
		Root:      cert.Name{Country: "CN", Organisation: c.Organisation, CommonName: c.RootName},
		CA:        cert.Name{Country: "CN", Organisation: c.Organisation, CommonName: c.CAName},
		RootYears: c.RootYears, CAYears: c.CAYears, SoftwareKeys: c.AllowSoftwareKeys, SM2Only: c.SM2Only,
		Party: cert.RelyingParty{ID: c.Host, Origins: c.Origin}, CRLHours: c.CRLHours, Now: env.now,
	}
	list, err := os.ReadFile(c.Staff)
	if err != nil {
		return opt, err
	}
	if opt.Staff, err = signer.ReadStaff(bytes.NewReader(list)); err != nil {
		return opt, err
	}
	if opt.OldIssuers, err = certificatesIn(c.Trust); err != nil {
		return opt, err
	}
	if opt.Centres, err = certificatesIn(c.KMC); err != nil {
		return opt, err
	}
	opt.Officers, err = c.officers(env, opt.Staff)
	return opt, err
}

// officers are the key officers of the staff list, each once.
func (c *initCommand) officers(env environment, staff []signer.Approver) ([]signer.Officer, error) {
	var out []signer.Officer
	for _, a := range staff {
		known := slices.ContainsFunc(out, func(o signer.Officer) bool { return o.Login == a.Login })
		if known || !slices.Contains(a.Roles, cert.RoleKeyOfficer) {
			continue
		}
		passphrase, err := passphraseOf(env, a.Login, c.Passphrase[a.Login], true)
		if err != nil {
			return nil, err
		}
		out = append(out, signer.Officer{Login: a.Login, Passphrase: passphrase})
	}
	return out, nil
}

func certificatesIn(path string) ([]*smx509.Certificate, error) {
	if path == "" {
		return []*smx509.Certificate{}, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return signer.ParseCertificates(raw)
}
