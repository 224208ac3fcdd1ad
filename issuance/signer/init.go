package signer

import (
	"crypto/rand"
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

// InitOptions say what is fixed for the life of a data directory, and who shares its key.
type InitOptions struct {
	Dir        string // must not exist, or be empty
	SharesDir  string // where the officers' files go; must not hold files of the same names
	Staff      []Approver
	Officers   []Officer // who get a share: key officers of Staff
	Needed     int       // how many of them open the key, and change the registry
	Profile    cert.Profile
	Root, CA   cert.Name
	RootYears  int                   // life of the root, in years
	CAYears    int                   // life of the issuing CA, in years
	OldIssuers []*smx509.Certificate // issuers, besides the new CA, whose pairs may be renewed
	Centres    []*smx509.Certificate // key management centres whose keys may be certified
	// SoftwareKeys allows approval keys that lie in software. For demonstrations only.
	SoftwareKeys bool
	SM2Only      bool              // refuses passkeys and delegations
	Party        cert.RelyingParty // for whom passkeys sign; empty where there are none
	CRLHours     int               // life of a revocation list, in hours; 0 means a week
	// KeyRounds of PBKDF2 stand between a passphrase and a share; 0 means the 310 000 that the command always uses.
	// Tests set fewer.
	KeyRounds int
	Now       func() time.Time
}

// Officer is who gets a share.
type Officer struct {
	Login      string
	Passphrase []byte // at least MinPassphrase bytes
}

// initBody is the journal's first record: the digests (SM3, hex) of the files nobody may change afterwards, and the
// ceremony.
type initBody struct {
	Files    map[string]string `json:"files"`
	Officers []string          `json:"officers"` // logins of those who got a share
	Needed   int               `json:"needed"`
}

// Names of the files of a data directory.
const (
	fileRoot     = "root.pem"
	fileCA       = "ca.pem"
	fileOld      = "old.pem"
	fileCentres  = "kmc.pem"
	fileProfile  = "profile.json"
	fileRegistry = "registry.json"
	fileSettings = "settings.json"
	fileCAKey    = "ca.key.json"
	fileRootKey  = "root.key.json"
	fileJournal  = "journal.jsonl"
	fileCRL      = "issuing.crl"
)

// pinnedFiles are those whose digests the first record holds.
var pinnedFiles = []string{fileRoot, fileCA, fileOld, fileCentres, fileProfile, fileRegistry, fileSettings}

const weekHours = 7 * 24

// Init is the key ceremony: it makes root, issuing CA, the keys' seal, the officers' shares, registry, profile and
// journal. All of it appears at once or not at all. Fails with Conflict "signer_exists" where the directory is in use,
// with Invalid "ceremony_malformed" where shares and officers do not fit, and with the faults of the staff list, the
// profile and the passphrases.
func Init(opt InitOptions) (cert.Chain, error) {
	if entries, err := os.ReadDir(opt.Dir); err == nil && len(entries) > 0 {
		return cert.Chain{}, fault.New(fault.Conflict, "signer_exists", fault.Args{"dir": opt.Dir})
	}
	c, err := newCeremony(opt)
	if err != nil {
		return cert.Chain{}, err
	}
	defer clear(c.kek)
	authority, err := cert.NewAuthority(rand.Reader, cert.AuthorityOptions{
		Root: opt.Root, CA: opt.CA, NotBefore: opt.Now(), RootYears: opt.RootYears, CAYears: opt.CAYears,
	})
	if err != nil {
		return cert.Chain{}, err
	}
	files, err := c.files(opt, authority)
	if err != nil {
		return cert.Chain{}, fault.Wrap("signer_init_failed", err)
	}
	if err := c.place(opt, files); err != nil {
		return cert.Chain{}, fault.Wrap("signer_init_failed", err)
	}
	return cert.Chain{
		CA: authority.CA.Cert.Raw, Root: authority.Root.Cert.Raw,
		Profile: opt.Profile.Canonical(), Profiles: [][]byte{opt.Profile.Canonical()},
		SoftwareKeys: opt.SoftwareKeys, SM2Only: opt.SM2Only, Party: opt.Party,
	}, nil
}

// place writes shares, files and the first record beside the target and renames the whole, so that a directory with
// half a CA in it never exists.
func (c ceremony) place(opt InitOptions, files map[string][]byte) (err error) {
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
	if err := c.begin(filepath.Join(tmp, fileJournal), opt, files); err != nil {
		return err
	}
	if err := syncDir(tmp); err != nil {
		return err
	}
	placed := false
	written, err := c.handOver(opt)
	defer func() {
		if err != nil && !placed { // a CA that is there needs its shares
			for _, path := range written {
				_ = os.Remove(path) // as above
			}
		}
	}()
	if err != nil {
		return err
	}
	// os.Rename takes no existing directory as its target; Remove takes an empty one away and nothing else.
	if err := os.Remove(opt.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(tmp, opt.Dir); err != nil {
		return err
	}
	placed = true
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
