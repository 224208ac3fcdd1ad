package demo

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/pg"
	"caconsole/admin/staff"
	"caconsole/cmd/caconsole/app"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
)

const (
	passphraseFile = "casigner.passphrase"
	caOwner        = "示例电子认证服务有限公司"
)

// earlierAuthority makes the CA that issued what is renewed here. Its keys are gone when the making of the data ends:
// what it issued can be renewed, and nothing more is issued by it.
func (d *demo) earlierAuthority() (cert.Authority, error) {
	a, err := cert.NewAuthority(rand.Reader, cert.AuthorityOptions{
		Root:      cert.Name{Country: "CN", Organisation: caOwner, CommonName: "示例根 CA（旧）"},
		CA:        cert.Name{Country: "CN", Organisation: caOwner, CommonName: "示例签发 CA（旧）"},
		NotBefore: d.Now().AddDate(-10, 0, 0), RootYears: 30, CAYears: 20,
	})
	if err != nil {
		return a, err
	}
	chain := slices.Concat(certificatePEM(a.CA.Cert.Raw), certificatePEM(a.Root.Cert.Raw))
	return a, os.WriteFile(d.file("earlier-ca.pem"), chain, 0o600)
}

// foundAuthority makes the signer's data, as `casigner init` does, with the approval keys that the console keeps for
// this demo's staff. The passphrase is left for the process that serves.
func (d *demo) foundAuthority(ctx context.Context, q pg.Q, accounts *staff.Accounts, earlier cert.Authority, now func() time.Time) ([]byte, error) {
	keys, err := accounts.ApprovalKeys(ctx, q)
	if err != nil {
		return nil, err
	}
	list := make([]signer.Approver, 0, len(keys))
	for _, k := range keys {
		list = append(list, signer.Approver{
			StaffID: k.StaffID.String(), Login: k.Login, No: k.No, Roles: k.Roles, PublicKey: k.PublicKey, Storage: signer.SoftwareKey,
		})
	}
	passphrase := []byte(rand.Text())
	if err := os.WriteFile(d.file(passphraseFile), append(slices.Clone(passphrase), '\n'), 0o600); err != nil {
		return nil, err
	}
	_, err = signer.Init(signer.InitOptions{
		Dir: d.path("ca"), Staff: list, SoftwareKeys: true, Profile: cert.OrganisationProfile(app.LocalURL(d.Listen)),
		Root:      cert.Name{Country: "CN", Organisation: caOwner, CommonName: "示例根 CA"},
		CA:        cert.Name{Country: "CN", Organisation: caOwner, CommonName: "示例签发 CA"},
		RootYears: 30, CAYears: 20, OldIssuers: []*smx509.Certificate{earlier.CA.Cert}, Passphrase: passphrase, KeyRounds: d.keyRounds, Now: now,
	})
	if err != nil {
		return nil, fmt.Errorf("make the CA: %w", err)
	}
	return passphrase, nil
}

// openSigner opens the signer's data within this process, on the clock of the past. The process that serves takes over
// when it is shut down.
func (d *demo) openSigner(passphrase []byte, now func() time.Time) (*signer.Engine, error) {
	key, err := signer.LoadKey(d.path("ca"), passphrase)
	if err != nil {
		return nil, err
	}
	return signer.Open(signer.Options{Dir: d.path("ca"), Key: key, Now: now, Logger: d.log})
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
