package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
	"caconsole/cmd/caconsole/app"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/client"
	"caconsole/rbac"
)

const (
	sharesFolder     = "shares" // of the key officers, each with its passphrase beside it
	passphraseEnding = ".passphrase"
	passkeyHost      = "localhost" // browsers make passkeys for a host without TLS only if it is this one
	caOwner          = "示例电子认证服务有限公司"
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

// foundAuthority holds the signer's key ceremony, as `casigner init` does, with the keys of this demo's staff; the key
// officers share the CA key.
func (d *demo) foundAuthority(believed []signer.Approver, earlier cert.Authority, now func() time.Time) error {
	profile := cert.OrganisationProfile(app.LocalURL(d.Listen))
	profile.EncKey = cert.EncKeyKMC // where a project re-keys, both keys are new
	centre, err := d.appointKeyCentre(now)
	if err != nil {
		return err
	}
	opt := signer.InitOptions{
		Dir: d.path("ca"), SharesDir: d.file(sharesFolder), SoftwareKeys: true, Profile: profile, Centres: []*smx509.Certificate{centre},
		Root:      cert.Name{Country: "CN", Organisation: caOwner, CommonName: "示例根 CA"},
		CA:        cert.Name{Country: "CN", Organisation: caOwner, CommonName: "示例签发 CA"},
		RootYears: 30, CAYears: 20, OldIssuers: []*smx509.Certificate{earlier.CA.Cert}, KeyRounds: d.keyRounds, Now: now, Staff: believed,
	}
	if url := app.LocalURL(d.Listen); strings.HasPrefix(url, "http://"+passkeyHost+":") {
		opt.Party = cert.RelyingParty{ID: passkeyHost, Origins: []string{url}}
	}
	if err := d.appointOfficers(&opt); err != nil {
		return err
	}
	if _, err := signer.Init(opt); err != nil {
		return fmt.Errorf("make the CA: %w", err)
	}
	return nil
}

// appointOfficers gives the key officers a passphrase for their share, in a file: in a demo they are always at hand.
func (d *demo) appointOfficers(opt *signer.InitOptions) error {
	if err := os.MkdirAll(d.file(sharesFolder), 0o700); err != nil {
		return err
	}
	for _, who := range opt.Staff {
		if !slices.Contains(who.Roles, rbac.KeyOfficer) {
			continue
		}
		passphrase := rand.Text()
		if err := os.WriteFile(d.file(sharesFolder, who.Login+passphraseEnding), []byte(passphrase+"\n"), 0o600); err != nil {
			return err
		}
		opt.Officers = append(opt.Officers, signer.Officer{Login: who.Login, Passphrase: []byte(passphrase)})
	}
	opt.Needed = len(opt.Officers)
	return nil
}

// shares opens what the ceremony handed to the officers.
func (d *demo) shares() ([]cert.Share, error) {
	files, err := filepath.Glob(d.file(sharesFolder, signer.ShareFile("*")))
	if err != nil {
		return nil, err
	}
	var out []cert.Share
	for _, file := range files {
		login := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "share-"), ".json")
		passphrase, err := os.ReadFile(d.file(sharesFolder, login+passphraseEnding))
		if err != nil {
			return nil, err
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		share, err := signer.OpenShare(raw, bytes.TrimSpace(passphrase))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, share)
	}
	return out, nil
}

// openSigner opens the signer's data within this process, on the clock of the past. The process that serves takes over
// when it is shut down.
func (d *demo) openSigner(ctx context.Context, now func() time.Time) (*signer.Engine, error) {
	shares, err := d.shares()
	if err != nil {
		return nil, err
	}
	e, err := signer.Open(signer.Options{Dir: d.path("ca"), Now: now, Logger: d.log})
	if err != nil {
		return nil, err
	}
	for _, s := range shares {
		if _, err := e.GiveShare(ctx, s); err != nil {
			return nil, errors.Join(err, e.Shutdown())
		}
	}
	return e, nil
}

// How often the demo looks whether its signer waits for the officers.
const officersLook = 300 * time.Millisecond

// keepOpen plays the key officers: whenever the signer has started again they come and give their shares.
func (d *demo) keepOpen(ctx context.Context, admin string) {
	signer := client.New(admin)
	tick := time.NewTicker(officersLook)
	defer tick.Stop()
	for {
		if st, err := signer.Status(ctx); err == nil && st.Locked {
			if err := d.giveShares(ctx, signer); err != nil {
				d.log.ErrorContext(ctx, "the officers could not open the CA key", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *demo) giveShares(ctx context.Context, to *client.Client) error {
	shares, err := d.shares()
	if err != nil {
		return err
	}
	for _, s := range shares {
		st, err := to.Unlock(ctx, s)
		if err != nil && !fault.HasKey(err, "share_given") {
			return err
		}
		d.log.InfoContext(ctx, "key officer gave the share", "login", s.Login, "locked", st.Locked)
	}
	return nil
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
