// Package signertest runs a signer inside a test, with staff whose keys the test holds and old pairs it may renew.
package signertest

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
)

// Passphrase opens every officer's share of every signer made here.
const Passphrase = "correct horse battery staple"

// KeyRounds keep the derivation of keys short: a race-instrumented SM3 takes seconds for the rounds of a real CA.
const KeyRounds = 1000

// Person is a member of staff with an approval key.
type Person struct {
	signer.Approver
	Key *sm2.PrivateKey
}

// NewPerson makes a member of staff.
func NewPerson(t testing.TB, id, login, no string, roles ...string) Person {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	pub, err := cert.EncodeKey(&key.PublicKey)
	require.NoError(t, err)
	return Person{Approver: signer.Approver{StaffID: id, Login: login, No: no, Roles: roles, PublicKey: pub}, Key: key}
}

// Approve signs a list of authorisations.
func (p Person) Approve(t testing.TB, duty string, at time.Time, digests ...cert.Digest) cert.Approval {
	t.Helper()
	a := cert.Approval{Kind: cert.KindSM2, Duty: duty, StaffID: p.StaffID, At: at}
	for _, d := range digests {
		a.Digests = append(a.Digests, d.Hex())
	}
	var err error
	a.Signature, err = p.Key.Sign(rand.Reader, cert.ApprovalMessage(duty, at, a.Digests), sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	return a
}

// Bench is a signer's data directory with everything around it.
type Bench struct {
	Dir      string
	Shares   []cert.Share // of the officers; Needed of them open the key
	Chain    cert.Chain
	Profile  cert.Profile
	Earlier  cert.Authority // issued the old pairs
	Centre   certtest.Centre
	Reviewer Person
	Issuer   Person
	Second   Person // another issuer
	Officers []Person
	Now      time.Time
}

// Needed is how many officers open the key and change the registry, of every signer made here.
const Needed = 2

// Party is for whom passkeys sign.
var Party = cert.RelyingParty{ID: "localhost", Origins: []string{"http://localhost:8080"}}

// The staff ids of the people of every bench.
const (
	ReviewerID = "0193a0a0-0000-7000-8000-00000000aaaa"
	IssuerID   = "0193a0a0-0000-7000-8000-00000000bbbb"
	SecondID   = "0193a0a0-0000-7000-8000-00000000cccc"
)

// made is one bench a process, so that all benches share their people and keys. Benches are copies of it.
var made struct {
	sync.Mutex
	bench Bench
	files map[string][]byte
}

// New gives a bench of its own data directory, made at now. change, where given, alters how it is made. All calls in one
// process must name the same now and the same changes.
func New(t testing.TB, now time.Time, change ...func(*signer.InitOptions)) Bench {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	if made.files == nil {
		makeBench(t, now, change)
	}
	require.Equal(t, made.bench.Now, now, "one now for all benches of a test binary")
	b := made.bench
	b.Dir = filepath.Join(t.TempDir(), "casigner")
	require.NoError(t, os.Mkdir(b.Dir, 0o700))
	for name, content := range made.files {
		require.NoError(t, os.WriteFile(filepath.Join(b.Dir, name), content, 0o600))
	}
	return b
}

func makeBench(t testing.TB, now time.Time, change []func(*signer.InitOptions)) {
	t.Helper()
	b := Bench{
		Now: now, Earlier: certtest.Authority(t), Centre: certtest.NewCentre(t),
		Profile:  cert.OrganisationProfile("http://localhost:8080"),
		Reviewer: NewPerson(t, ReviewerID, "reviewer1", "0132", "reviewer"),
		Issuer:   NewPerson(t, IssuerID, "issuer1", "0207", "issuer"),
		Second:   NewPerson(t, SecondID, "issuer2", "0208", "issuer"),
		Officers: newOfficers(t),
	}
	opt := Options(t, b.Officers, []signer.Approver{b.Reviewer.Approver, b.Issuer.Approver, b.Second.Approver}, b.Earlier, now)
	opt.Profile, opt.Centres = b.Profile, []*smx509.Certificate{b.Centre.Cert}
	for _, c := range change {
		c(&opt)
	}
	b.Profile = opt.Profile
	var err error
	b.Chain, err = signer.Init(opt)
	require.NoError(t, err)
	b.Shares = OpenShares(t, opt)
	entries, err := os.ReadDir(opt.Dir)
	require.NoError(t, err)
	files := map[string][]byte{}
	for _, e := range entries {
		files[e.Name()], err = os.ReadFile(filepath.Join(opt.Dir, e.Name()))
		require.NoError(t, err)
	}
	made.bench, made.files = b, files
}

func newOfficers(t testing.TB) []Person {
	t.Helper()
	var out []Person
	for i := range 3 {
		n := strconv.Itoa(i + 1)
		out = append(out, NewPerson(t, "0193a0a0-0000-7000-8000-0000000000f"+n, "officer"+n, "080"+n, cert.RoleKeyOfficer))
	}
	return out
}

// Options are those of every signer made here, in directories of their own: people, and officers who share its key.
func Options(t testing.TB, officers []Person, staff []signer.Approver, earlier cert.Authority, now time.Time) signer.InitOptions {
	t.Helper()
	dir := t.TempDir()
	opt := signer.InitOptions{
		Dir: filepath.Join(dir, "casigner"), SharesDir: filepath.Join(dir, "shares"), Needed: Needed,
		Profile:   cert.OrganisationProfile("http://localhost:8080"),
		Root:      cert.Name{Country: "CN", Organisation: "测试电子认证有限公司", CommonName: "测试根"},
		CA:        cert.Name{Country: "CN", Organisation: "测试电子认证有限公司", CommonName: "测试CA"},
		RootYears: 20, CAYears: 12, OldIssuers: []*smx509.Certificate{earlier.CA.Cert}, Party: Party,
		SoftwareKeys: true, KeyRounds: KeyRounds, Now: func() time.Time { return now },
	}
	opt.Staff = append(opt.Staff, staff...)
	for _, o := range officers {
		opt.Staff = append(opt.Staff, o.Approver)
		opt.Officers = append(opt.Officers, signer.Officer{Login: o.Login, Passphrase: []byte(Passphrase)})
	}
	return opt
}

// OpenShares opens the files that a ceremony handed to its officers.
func OpenShares(t testing.TB, opt signer.InitOptions) []cert.Share {
	t.Helper()
	var out []cert.Share
	for _, o := range opt.Officers {
		raw, err := os.ReadFile(filepath.Join(opt.SharesDir, signer.ShareFile(o.Login)))
		require.NoError(t, err)
		share, err := signer.OpenShare(raw, o.Passphrase)
		require.NoError(t, err)
		out = append(out, share)
	}
	return out
}

// ForStaff starts a signer of its own for people whose keys lie elsewhere, which may renew the earlier CA's pairs. change,
// where given, alters how it is made.
func ForStaff(t testing.TB, earlier cert.Authority, staff []signer.Approver, now func() time.Time, change ...func(*signer.InitOptions)) *signer.Engine {
	t.Helper()
	opt := Options(t, newOfficers(t), staff, earlier, now())
	for _, c := range change {
		c(&opt)
	}
	_, err := signer.Init(opt)
	require.NoError(t, err)
	e, err := open(opt.Dir, OpenShares(t, opt), now)
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Shutdown() })
	return e
}

// Open starts the signer on the bench's directory, with a clock of the caller's, and gives it its shares.
func (b Bench) Open(t testing.TB, now func() time.Time) *signer.Engine {
	t.Helper()
	e, err := b.TryOpen(now)
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Shutdown() })
	return e
}

// TryOpen is Open for a start that may fail; the caller shuts the engine down.
func (b Bench) TryOpen(now func() time.Time) (*signer.Engine, error) {
	return open(b.Dir, b.Shares, now)
}

// Locked is Open without the shares.
func (b Bench) Locked(t testing.TB, now func() time.Time) *signer.Engine {
	t.Helper()
	e, err := open(b.Dir, nil, now)
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Shutdown() })
	return e
}

func open(dir string, shares []cert.Share, now func() time.Time) (*signer.Engine, error) {
	e, err := signer.Open(signer.Options{Dir: dir, Now: now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	for _, s := range shares[:min(len(shares), Needed)] {
		if _, err := e.GiveShare(context.Background(), s); err != nil {
			return nil, errors.Join(err, e.Shutdown())
		}
	}
	return e, nil
}

// Holder issues an old pair that this signer may renew.
func (b Bench) Holder(t testing.TB, organisation string, notAfter time.Time) certtest.Holder {
	t.Helper()
	return certtest.NewHolder(t, b.Earlier.CA, organisation, notAfter)
}
