// Package signertest runs a signer inside a test, with staff whose keys the test holds and old pairs it may renew.
package signertest

import (
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
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

// Passphrase opens the CA key of every signer made here.
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
	Chain    cert.Chain
	Profile  cert.Profile
	Earlier  cert.Authority // issued the old pairs
	Reviewer Person
	Issuer   Person
	Now      time.Time
}

// The staff ids of the people of every bench.
const (
	ReviewerID = "0193a0a0-0000-7000-8000-00000000aaaa"
	IssuerID   = "0193a0a0-0000-7000-8000-00000000bbbb"
)

// made is one bench a process, so that all benches share their people and keys. Benches are copies of it.
var made struct {
	sync.Mutex
	bench Bench
	files map[string][]byte
}

// New gives a bench of its own data directory, made at now. All calls in one process must name the same now.
func New(t testing.TB, now time.Time) Bench {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	if made.files == nil {
		makeBench(t, now)
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

func makeBench(t testing.TB, now time.Time) {
	t.Helper()
	b := Bench{
		Dir: filepath.Join(t.TempDir(), "casigner"), Now: now, Earlier: certtest.Authority(t),
		Profile:  cert.OrganisationProfile("http://localhost:8080"),
		Reviewer: NewPerson(t, ReviewerID, "reviewer1", "0132", "reviewer"),
		Issuer:   NewPerson(t, IssuerID, "issuer1", "0207", "issuer"),
	}
	var err error
	b.Chain, err = signer.Init(options(b.Dir, b.Profile, b.Earlier, []signer.Approver{b.Reviewer.Approver, b.Issuer.Approver}, now))
	require.NoError(t, err)
	entries, err := os.ReadDir(b.Dir)
	require.NoError(t, err)
	files := map[string][]byte{}
	for _, e := range entries {
		files[e.Name()], err = os.ReadFile(filepath.Join(b.Dir, e.Name()))
		require.NoError(t, err)
	}
	made.bench, made.files = b, files
}

// options are those of every signer made here.
func options(dir string, profile cert.Profile, earlier cert.Authority, staff []signer.Approver, now time.Time) signer.InitOptions {
	return signer.InitOptions{
		Dir: dir, Staff: staff, Profile: profile,
		Root:      cert.Name{Country: "CN", Organisation: "测试电子认证有限公司", CommonName: "测试根"},
		CA:        cert.Name{Country: "CN", Organisation: "测试电子认证有限公司", CommonName: "测试CA"},
		RootYears: 20, CAYears: 12, OldIssuers: []*smx509.Certificate{earlier.CA.Cert},
		SoftwareKeys: true, Passphrase: []byte(Passphrase), KeyRounds: KeyRounds, Now: func() time.Time { return now },
	}
}

// ForStaff starts a signer of its own for people whose keys lie elsewhere, which may renew the earlier CA's pairs.
func ForStaff(t testing.TB, earlier cert.Authority, staff []signer.Approver, now func() time.Time) *signer.Engine {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "casigner")
	_, err := signer.Init(options(dir, cert.OrganisationProfile("http://localhost:8080"), earlier, staff, now()))
	require.NoError(t, err)
	key, err := signer.LoadKey(dir, []byte(Passphrase))
	require.NoError(t, err)
	e, err := signer.Open(signer.Options{Dir: dir, Key: key, Now: now, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Shutdown() })
	return e
}

// key is opened once a process: every bench has the same.
var key = sync.OnceValues(func() (any, error) {
	dir, err := os.MkdirTemp("", "casigner-key-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary copy
	if err := os.WriteFile(filepath.Join(dir, "ca.key.pem"), made.files["ca.key.pem"], 0o600); err != nil {
		return nil, err
	}
	return signer.LoadKey(dir, []byte(Passphrase))
})

// Open starts the signer on the bench's directory, with a clock of the caller's.
func (b Bench) Open(t testing.TB, now func() time.Time) *signer.Engine {
	t.Helper()
	e, err := b.TryOpen(now)
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Shutdown() })
	return e
}

// TryOpen is Open for a start that may fail; the caller shuts the engine down.
func (b Bench) TryOpen(now func() time.Time) (*signer.Engine, error) {
	k, err := key()
	if err != nil {
		return nil, err
	}
	return signer.Open(signer.Options{Dir: b.Dir, Key: k.(*sm2.PrivateKey), Now: now, Logger: slog.New(slog.DiscardHandler)})
}

// Holder issues an old pair that this signer may renew.
func (b Bench) Holder(t testing.TB, organisation string, notAfter time.Time) certtest.Holder {
	t.Helper()
	return certtest.NewHolder(t, b.Earlier.CA, organisation, notAfter)
}
