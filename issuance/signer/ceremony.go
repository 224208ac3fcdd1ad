package signer

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// ceremony is what a key ceremony makes besides the CA itself.
type ceremony struct {
	settings Settings
	registry cert.Registry
	kek      []byte // key-encryption key, forgotten when the ceremony ends
	shares   []cert.Share
}

// newCeremony checks what the ceremony is to be made from, and makes the key-encryption key and its shares.
func newCeremony(opt InitOptions) (ceremony, error) {
	c := ceremony{settings: Settings{
		V: 1, SoftwareKeys: opt.SoftwareKeys, SM2Only: opt.SM2Only, Party: opt.Party, CRLHours: opt.CRLHours,
		Ceremony: rand.Text(), Needed: opt.Needed,
	}}
	if c.settings.CRLHours == 0 {
		c.settings.CRLHours = weekHours
	}
	var err error
	if c.registry, err = firstRegistry(opt.Staff, opt.Needed, opt.Now()); err != nil {
		return ceremony{}, err
	}
	if _, err := cert.NewTrust(c.settings.rules(), c.registry); err != nil {
		return ceremony{}, err
	}
	if err := opt.Profile.Check(); err != nil {
		return ceremony{}, &fault.Error{Kind: fault.Invalid, Key: "profile_malformed", Cause: err}
	}
	if err := errors.Join(c.settings.check(), checkOfficers(opt)); err != nil {
		return ceremony{}, &fault.Error{Kind: fault.Invalid, Key: "ceremony_malformed", Cause: err}
	}
	for _, o := range opt.Officers {
		if len(o.Passphrase) < MinPassphrase {
			return ceremony{}, fault.New(fault.Invalid, "passphrase_short", fault.Args{"min": MinPassphrase, "login": o.Login})
		}
	}
	return c, fault.Wrap("signer_init_failed", c.divide(opt))
}

// checkOfficers: each a key officer of the staff list, once; two at least must come together, unless there is one only.
func checkOfficers(opt InitOptions) error {
	var seen []string
	for _, o := range opt.Officers {
		known := slices.ContainsFunc(opt.Staff, func(a Approver) bool {
			return a.Login == o.Login && slices.Contains(a.Roles, cert.RoleKeyOfficer)
		})
		if name := ShareFile(o.Login); filepath.Base(name) != name {
			return fmt.Errorf("%q cannot be part of a file's name", o.Login)
		}
		if !known || slices.Contains(seen, o.Login) {
			return fmt.Errorf("%q is no key officer of the staff list, or is named twice", o.Login)
		}
		seen = append(seen, o.Login)
	}
	if opt.Needed < 2 || opt.Needed > len(opt.Officers) || len(opt.Officers) > cert.MaxApprovals {
		return fmt.Errorf("%d of %d shares: at least two must be needed, of at most %d", opt.Needed, len(opt.Officers), cert.MaxApprovals)
	}
	return nil
}

// divide makes the key-encryption key and its shares.
func (c *ceremony) divide(opt InitOptions) error {
	c.kek = make([]byte, kekOctets)
	if _, err := rand.Read(c.kek); err != nil {
		return err
	}
	values, err := split(rand.Reader, c.kek, opt.Needed, len(opt.Officers))
	if err != nil {
		return err
	}
	for i, o := range opt.Officers {
		s := cert.Share{Ceremony: c.settings.Ceremony, Login: o.Login, Index: i + 1, Value: values[i]}
		c.shares = append(c.shares, s)
		c.settings.Shares = append(c.settings.Shares, shareRef{Login: s.Login, Index: s.Index, Digest: shareDigest(s).Hex()})
	}
	return nil
}

// files makes the content of every file but the journal.
func (c ceremony) files(opt InitOptions, a cert.Authority) (map[string][]byte, error) {
	files := map[string][]byte{
		fileRoot: certPEM(a.Root.Cert), fileCA: certPEM(a.CA.Cert), fileOld: certPEM(opt.OldIssuers...), fileCentres: certPEM(opt.Centres...),
		fileProfile: opt.Profile.Canonical(), fileRegistry: c.registry.Canonical(),
	}
	var err error
	if files[fileSettings], err = json.Marshal(c.settings); err != nil {
		return nil, err
	}
	if files[fileRootKey], err = sealKey(c.kek, c.settings.Ceremony, fileRootKey, a.Root.Key); err != nil {
		return nil, err
	}
	files[fileCAKey], err = sealKey(c.kek, c.settings.Ceremony, fileCAKey, a.CA.Key)
	return files, err
}

// begin writes the journal's first record.
func (c ceremony) begin(path string, opt InitOptions, files map[string][]byte) error {
	body := initBody{Files: map[string]string{}, Needed: opt.Needed}
	for _, name := range pinnedFiles {
		body.Files[name] = cert.SM3(files[name]).Hex()
	}
	for _, o := range opt.Officers {
		body.Officers = append(body.Officers, o.Login)
	}
	j, err := createJournal(path, opt.Now)
	if err != nil {
		return err
	}
	_, err = j.note(kindInit, body)
	return errors.Join(err, j.close())
}

// ShareFile is the name of an officer's file.
func ShareFile(login string) string { return "share-" + login + ".json" }

// handOver writes the officers' files, and tells which it has written, also when it fails.
func (c ceremony) handOver(opt InitOptions) (written []string, err error) {
	rounds := opt.KeyRounds
	if rounds == 0 {
		rounds = shareRounds
	}
	if err := os.MkdirAll(opt.SharesDir, 0o700); err != nil {
		return nil, err
	}
	for i, s := range c.shares {
		raw, err := sealShare(s, opt.Needed, len(c.shares), opt.Officers[i].Passphrase, rounds)
		if err != nil {
			return written, err
		}
		path := filepath.Join(opt.SharesDir, ShareFile(s.Login))
		if err := writeSynced(path, raw); err != nil {
			return written, err
		}
		written = append(written, path)
	}
	return written, syncDir(opt.SharesDir)
}
