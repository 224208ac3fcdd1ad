package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/client"
	"caconsole/issuance/signer/signertest"
)

const runVariable = "CASIGNER_TEST_RUN"

// TestMain lets the test binary stand in for the command, as a process that can be killed.
func TestMain(m *testing.M) {
	if os.Getenv(runVariable) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// house is a signer with the people around it.
type house struct {
	data, socket     string
	reviewer, issuer signertest.Person
	earlier          cert.Authority
}

func newHouse(t *testing.T) house {
	t.Helper()
	dir := t.TempDir()
	h := house{
		data: filepath.Join(dir, "data"), socket: filepath.Join(dir, "s"), earlier: certtest.Authority(t),
		reviewer: signertest.NewPerson(t, uuid.NewString(), "reviewer1", "0132", "reviewer"),
		issuer:   signertest.NewPerson(t, uuid.NewString(), "issuer1", "0207", "issuer"),
	}
	_, err := signer.Init(signer.InitOptions{
		Dir: h.data, Staff: []signer.Approver{h.reviewer.Approver, h.issuer.Approver}, SoftwareKeys: true,
		Profile: cert.OrganisationProfile("http://localhost:8080"), OldIssuers: []*smx509.Certificate{h.earlier.CA.Cert},
		Root: cert.Name{Country: "CN", CommonName: "测试根"}, CA: cert.Name{Country: "CN", CommonName: "测试CA"}, RootYears: 20, CAYears: 10,
		Passphrase: []byte(signertest.Passphrase), KeyRounds: signertest.KeyRounds, Now: time.Now,
	})
	require.NoError(t, err)
	return h
}

// call runs a command in this process.
func call(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, environment{
		stdout: &out, stderr: &out, now: time.Now,
		lookup: func(name string) (string, bool) { return signertest.Passphrase, name == passphraseVariable },
	})
	return out.String(), err
}

// serve starts the signer as a process of its own and waits until it answers.
func (h house) serve(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "serve", "--data", h.data, "--socket", h.socket)
	cmd.Env = append(os.Environ(), runVariable+"=1", passphraseVariable+"="+signertest.Passphrase)
	var log bytes.Buffer
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	c := client.New(h.socket)
	require.Eventually(t, func() bool { _, err := c.Status(t.Context()); return err == nil }, 20*time.Second, 20*time.Millisecond, "%s", &log)
	return cmd
}

func (h house) instruction(t *testing.T, chain cert.Chain) cert.Instruction {
	t.Helper()
	now := time.Now()
	ca, err := smx509.ParseCertificate(chain.CA)
	require.NoError(t, err)
	profile, err := cert.ParseProfile(chain.Profile)
	require.NoError(t, err)
	holder := certtest.NewHolder(t, h.earlier.CA, "中测试核电有限公司", now.AddDate(0, -1, 0))
	a, err := cert.NewAuthorisation(holder.Old, cert.Grant{
		ID: uuid.NewString(), Order: "R261122000019", Origin: cert.OriginReviewed, Content: cert.SM3(nil), Profile: profile.Ref(), Years: 1,
		Keys: cert.KeepKeys, Now: now, Expires: now.Add(time.Hour),
	})
	require.NoError(t, err)
	r, err := cert.NewRequest(rand.Reader, uuid.NewString(), a, holder.Old, ca.NotAfter, now)
	require.NoError(t, err)
	return cert.Instruction{
		Request: r.Canonical(), Authorisation: a.Canonical(), Old: holder.Pair,
		Approvals: []cert.Approval{h.reviewer.Approve(t, cert.DutyReview, now, a.Digest()), h.issuer.Approve(t, cert.DutyIssue, now, a.Digest())},
	}
}

func TestSignerSurvivesKill(t *testing.T) {
	h := newHouse(t)
	c := client.New(h.socket)
	type done struct {
		in     cert.Instruction
		answer cert.Issued
	}
	var all []done
	for round := range 5 {
		process := h.serve(t)
		chain, err := c.Chain(t.Context())
		require.NoError(t, err)
		for _, d := range all {
			again, err := c.Issue(t.Context(), d.in)
			require.NoError(t, err)
			require.Equal(t, d.answer, again)
		}
		d := done{in: h.instruction(t, chain)}
		d.answer, err = c.Issue(t.Context(), d.in)
		require.NoError(t, err)
		all = append(all, d)

		// One more is on its way when the process dies; it must be there whole or not at all, and then once.
		late := done{in: h.instruction(t, chain)}
		asked := make(chan struct{})
		go func() { _, _ = c.Issue(t.Context(), late.in); close(asked) }()
		time.Sleep(time.Duration(round) * time.Millisecond)
		require.NoError(t, process.Process.Kill())
		_ = process.Wait() // killed
		<-asked            // answered or not, both are right
		process = h.serve(t)
		late.answer, err = c.Issue(t.Context(), late.in)
		require.NoError(t, err)
		all = append(all, late)
		require.NoError(t, process.Process.Signal(syscall.SIGTERM))
		require.NoError(t, process.Wait(), "ends cleanly")
	}
	out, err := call(t, "journal", "verify", "--data", h.data)
	require.NoError(t, err)
	require.Contains(t, out, "issued 10\n")
	out, err = call(t, "journal", "print", "--data", h.data, "--kind", "issued")
	require.NoError(t, err)
	require.Equal(t, 10, strings.Count(out, "\n"))
}

func TestJournalVerifyNoticesAChange(t *testing.T) {
	h := newHouse(t)
	path := filepath.Join(h.data, "journal.jsonl")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Replace(raw, []byte(`"software_keys":true`), []byte(`"software_keys":TRUE`), 1), 0o600))
	_, err = call(t, "journal", "verify", "--data", h.data)
	require.True(t, fault.HasKey(err, "journal_broken"), "%v", err)
	require.Contains(t, message(err), "(seq 1)")
}

func TestInitByCommand(t *testing.T) {
	dir := t.TempDir()
	var list bytes.Buffer
	person := signertest.NewPerson(t, uuid.NewString(), "reviewer1", "0132", "reviewer")
	require.NoError(t, json.NewEncoder(&list).Encode(person.Approver))
	staff, trust := filepath.Join(dir, "staff.jsonl"), filepath.Join(dir, "old.pem")
	require.NoError(t, os.WriteFile(staff, list.Bytes(), 0o600))
	old := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certtest.Authority(t).CA.Cert.Raw})
	require.NoError(t, os.WriteFile(trust, old, 0o600))
	args := []string{"init", "--data", filepath.Join(dir, "data"), "--staff", staff, "--trust", trust}

	_, err := call(t, args...)
	require.True(t, fault.HasKey(err, "software_keys_forbidden"), "%v", err)
	out, err := call(t, append(args, "--allow-software-keys")...)
	require.NoError(t, err)
	require.Contains(t, out, "staff keys 1")
	key, err := os.ReadFile(filepath.Join(dir, "data", "ca.key.pem"))
	require.NoError(t, err)
	block, _ := pem.Decode(key)
	require.True(t, bytes.Contains(block.Bytes, []byte{0x02, 0x03, 0x04, 0xba, 0xf0}), "310 000 rounds, as a DER integer: not the tests' few")
	_, err = call(t, append(args, "--allow-software-keys")...)
	require.True(t, fault.HasKey(err, "signer_exists"), "%v", err)
	out, err = call(t, "journal", "verify", "--data", filepath.Join(dir, "data"))
	require.NoError(t, err)
	require.Contains(t, out, "records 1\nissued 0\n")
}

func TestEveryCommandHasHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"init"}, {"serve"}, {"journal"}, {"journal", "verify"}, {"journal", "print"}} {
		out, err := call(t, append(args, "--help")...)
		require.NoError(t, err)
		require.Contains(t, out, "Usage: casigner")
	}
}

func TestInitNeedsAPassphrase(t *testing.T) {
	staff := filepath.Join(t.TempDir(), "staff.jsonl")
	require.NoError(t, os.WriteFile(staff, nil, 0o600))
	var out bytes.Buffer
	err := run(t.Context(), []string{"init", "--data", filepath.Join(t.TempDir(), "d"), "--staff", staff}, environment{
		stdout: &out, stderr: &out, now: time.Now, lookup: func(string) (string, bool) { return "", false },
	})
	require.ErrorContains(t, err, passphraseVariable)
}
