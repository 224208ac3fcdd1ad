package signer

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// InitOptions say what is fixed for the life of a data directory.
type InitOptions struct {
	Dir        string // must not exist, or be empty
	Staff      []Approver
	Profile    cert.Profile
	Root, CA   cert.Name
	RootYears  int                   // life of the root, in years
	CAYears    int                   // life of the issuing CA, in years
	OldIssuers []*smx509.Certificate // issuers, besides the new CA, whose pairs may be renewed
	// SoftwareKeys allows approval keys that lie in software. For demonstrations only.
	SoftwareKeys bool
	Passphrase   []byte
	// KeyRounds of PBKDF2 stand between the passphrase and the keys; 0 means the 310 000 that the command always
	// uses. Tests set fewer.
	KeyRounds int
	Now       func() time.Time
}

// initBody is the journal's first record: the digests (SM3, hex) of the files nobody may change afterwards.
type initBody struct {
	Files        map[string]string `json:"files"`
	SoftwareKeys bool              `json:"software_keys"`
}

// Names of the files that the first record pins.
const (
	fileRoot    = "root.pem"
	fileCA      = "ca.pem"
	fileOld     = "old.pem"
	fileProfile = "profile.json"
	fileStaff   = "staff.jsonl"
	fileJournal = "journal.jsonl"
)

var pinnedFiles = []string{fileRoot, fileCA, fileOld, fileProfile, fileStaff}

// Init makes the data directory of a new signer: root, issuing CA, their sealed keys, staff list, profile and journal.
// All of it appears at once or not at all. Fails with Conflict "signer_exists" where the directory is in use, and
// with the faults of the staff list, the profile and the passphrase.
func Init(opt InitOptions) (cert.Chain, error) {
	if entries, err := os.ReadDir(opt.Dir); err == nil && len(entries) > 0 {
		return cert.Chain{}, fault.New(fault.Conflict, "signer_exists", fault.Args{"dir": opt.Dir})
	}
	if _, err := newStaff(opt.Staff, opt.SoftwareKeys); err != nil {
		return cert.Chain{}, err
	}
	if err := opt.Profile.Check(); err != nil {
		return cert.Chain{}, &fault.Error{Kind: fault.Invalid, Key: "profile_malformed", Cause: err}
	}
	authority, err := cert.NewAuthority(rand.Reader, cert.AuthorityOptions{
		Root: opt.Root, CA: opt.CA, NotBefore: opt.Now(), RootYears: opt.RootYears, CAYears: opt.CAYears,
	})
	if err != nil {
		return cert.Chain{}, err
	}
	files, err := initFiles(opt, authority)
	if err != nil {
		return cert.Chain{}, err
	}
	if err := place(opt, files); err != nil {
		return cert.Chain{}, fault.Wrap("signer_init_failed", err)
	}
	return cert.Chain{
		CA: authority.CA.Cert.Raw, Root: authority.Root.Cert.Raw,
		Profile: opt.Profile.Canonical(), SoftwareKeys: opt.SoftwareKeys,
	}, nil
}

// initFiles makes the content of every file but the journal.
func initFiles(opt InitOptions, a cert.Authority) (map[string][]byte, error) {
	files := map[string][]byte{
		fileRoot: certPEM(a.Root.Cert), fileCA: certPEM(a.CA.Cert), fileOld: certPEM(opt.OldIssuers...),
		fileProfile: opt.Profile.Canonical(),
	}
	var list bytes.Buffer
	for _, s := range opt.Staff {
		line, err := json.Marshal(s)
		if err != nil {
			return nil, fault.Wrap("signer_init_failed", err)
		}
		list.Write(append(line, '\n'))
	}
	files[fileStaff] = list.Bytes()
	var err error
	if files["root.key.pem"], err = sealKey(a.Root.Key, opt); err != nil {
		return nil, fault.Wrap("signer_init_failed", err)
	}
	if files["ca.key.pem"], err = sealKey(a.CA.Key, opt); err != nil {
		return nil, fault.Wrap("signer_init_failed", err)
	}
	return files, nil
}

// place writes the files and the first record beside the target and renames the whole, so that a directory with half
// a CA in it never exists.
func place(opt InitOptions, files map[string][]byte) (err error) {
	parent := filepath.Dir(filepath.Clean(opt.Dir))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, ".casigner-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(tmp) // the error that led here is the one to report
		}
	}()
	for name, content := range files {
		if err := writeSynced(filepath.Join(tmp, name), content); err != nil {
			return err
		}
	}
	body := initBody{Files: map[string]string{}, SoftwareKeys: opt.SoftwareKeys}
	for _, name := range pinnedFiles {
		body.Files[name] = cert.SM3(files[name]).Hex()
	}
	j, err := createJournal(filepath.Join(tmp, fileJournal), opt.Now)
	if err != nil {
		return err
	}
	_, _, err = j.append(kindInit, body)
	if closing := j.close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	if err := syncDir(tmp); err != nil {
		return err
	}
	// os.Rename takes no existing directory as its target; Remove takes an empty one away and nothing else.
	if err := os.Remove(opt.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(tmp, opt.Dir); err != nil {
		return err
	}
	return syncDir(parent)
}

func writeSynced(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closing := d.Close(); err == nil {
		err = closing
	}
	return err
}

func certPEM(certs ...*smx509.Certificate) []byte {
	blocks := make([][]byte, 0, len(certs))
	for _, c := range certs {
		blocks = append(blocks, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return slices.Concat(blocks...)
}

// ParseCertificates reads every certificate of a PEM file; none is fine. Fails with Invalid "certificates_malformed".
func ParseCertificates(raw []byte) ([]*smx509.Certificate, error) {
	var out []*smx509.Certificate
	for {
		var block *pem.Block
		if block, raw = pem.Decode(raw); block == nil {
			return out, nil
		}
		c, err := smx509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, &fault.Error{Kind: fault.Invalid, Key: "certificates_malformed", Cause: err}
		}
		out = append(out, c)
	}
}
