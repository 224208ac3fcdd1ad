package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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
	data, socket, shares string
	officers             []string // logins
	reviewer, issuer     signertest.Person
	earlier              cert.Authority
}

func newHouse(t *testing.T) house {
	t.Helper()
	dir := t.TempDir()
	h := house{
		data: filepath.Join(dir, "data"), socket: filepath.Join(dir, "s"), shares: filepath.Join(dir, "shares"), earlier: certtest.Authority(t),
		reviewer: signertest.NewPerson(t, uuid.NewString(), "reviewer1", "0132", "reviewer"),
		issuer:   signertest.NewPerson(t, uuid.NewString(), "issuer1", "0207", "issuer"),
	}
	opt := signertest.Options(t, officers(t), []signer.Approver{h.reviewer.Approver, h.issuer.Approver}, h.earlier, time.Now())
	opt.Dir, opt.SharesDir, opt.Now = h.data, h.shares, time.Now
	for _, o := range opt.Officers {
		h.officers = append(h.officers, o.Login)
	}
	_, err := signer.Init(opt)
	require.NoError(t, err)
	return h
}

func officers(t *testing.T) []signertest.Person {
	t.Helper()
	var out []signertest.Person
	for _, n := range []string{"1", "2", "3"} {
		out = append(out, signertest.NewPerson(t, uuid.NewString(), "officer"+n, "080"+n, cert.RoleKeyOfficer))
	}
	return out
}

// call runs a command in this process.
func call(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, environment{
		stdout: &out, stderr: &out, now: time.Now,
		lookup: func(name string) (string, bool) {
			return signertest.Passphrase, strings.HasPrefix(name, passphraseVariable)
		},
	})
	return out.String(), err
}

// start starts the signer as a process of its own and waits until it answers.
func (h house) start(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "serve", "--data", h.data, "--socket", h.socket)
	cmd.Env = append(os.Environ(), runVariable+"=1")
	var log bytes.Buffer
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	c := client.New(h.socket)
	require.Eventually(t, func() bool { _, err := c.Status(t.Context()); return err == nil }, 20*time.Second, 5*time.Millisecond, "%s", &log)
	return cmd
}

// serve starts the signer and gives it its shares.
func (h house) serve(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := h.start(t)
	for _, login := range h.officers[:signertest.Needed] {
		_, err := call(t, "unlock", "--data", h.data, "--share", filepath.Join(h.shares, signer.ShareFile(login)))
		require.NoError(t, err)
	}
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

// done is a request with the answer that it got, or will get.
type done struct {
	in     cert.Instruction
	answer cert.Issued
}

// Twenty kills of the signer while four callers keep it busy: whatever was answered stays so, whatever was not is
// there once, when it is asked again.
func TestSignerSurvivesKill(t *testing.T) {
	t.Parallel()
	const kills, callers = 20, 4
	h := newHouse(t)
	c := client.New(h.socket)
	process := h.serve(t)
	chain, err := c.Chain(t.Context())
	require.NoError(t, err)
	var all []done
	for round := range kills {
		fresh := make([]done, callers)
		for i := range fresh {
			fresh[i].in = h.instruction(t, chain)
		}
		var calls sync.WaitGroup
		for i := range fresh {
			calls.Go(func() { fresh[i].answer, _ = c.Issue(t.Context(), fresh[i].in) }) // answered or not, both are right
		}
		time.Sleep(time.Duration(round%7) * 2 * time.Millisecond) // dies at another point each time
		require.NoError(t, process.Process.Kill())
		_ = process.Wait() // killed
		calls.Wait()
		process = h.serve(t)
		for i := range fresh {
			again, err := c.Issue(t.Context(), fresh[i].in)
			require.NoError(t, err)
			if fresh[i].answer.RequestID != "" {
				require.Equal(t, fresh[i].answer, again)
			}
			fresh[i].answer = again
		}
		all = append(all, fresh...)
	}
	serials := map[string]bool{}
	for _, d := range all {
		again, err := c.Issue(t.Context(), d.in)
		require.NoError(t, err)
		require.Equal(t, d.answer, again)
		made, err := cert.ParseOld(again.Pair)
		require.NoError(t, err)
		serials[made.Sign.SerialNumber.String()], serials[made.Enc.SerialNumber.String()] = true, true
	}
	require.Len(t, serials, 2*kills*callers)
	require.NoError(t, process.Process.Signal(syscall.SIGTERM))
	require.NoError(t, process.Wait(), "ends cleanly")
	out, err := call(t, "journal", "verify", "--data", h.data)
	require.NoError(t, err)
	require.Contains(t, out, fmt.Sprintf("issued %d\n", kills*callers))
	out, err = call(t, "journal", "print", "--data", h.data, "--kind", "issued")
	require.NoError(t, err)
	require.Equal(t, kills*callers, strings.Count(out, "\n"))
}

func TestOfficersOpenTheSigner(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	process := h.start(t)
	c := client.New(h.socket)
	st, err := c.Status(t.Context())
	require.NoError(t, err)
	require.True(t, st.Locked)
	chain, err := c.Chain(t.Context())
	require.NoError(t, err)
	in := h.instruction(t, chain)
	_, err = c.Issue(t.Context(), in)
	require.True(t, fault.HasKey(err, "signer_locked") && fault.Is(err, fault.Unavailable), "%v", err)

	unlock := func(login string, more ...string) (string, error) {
		return call(t, append([]string{"unlock", "--data", h.data, "--share", filepath.Join(h.shares, signer.ShareFile(login))}, more...)...)
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	require.NoError(t, os.WriteFile(wrong, []byte("not the passphrase\n"), 0o600))
	_, err = unlock("officer1", "--passphrase-file", wrong)
	require.True(t, fault.HasKey(err, "passphrase_wrong"), "%v", err)
	_, err = unlock("officer1", "--admin-socket", h.socket)
	require.Error(t, err, "the console's socket takes no share")
	out, err := unlock("officer1")
	require.NoError(t, err)
	require.Equal(t, "1 of 2 shares given: officer1\n", out)
	_, err = unlock("officer1")
	require.True(t, fault.HasKey(err, "share_given"), "%v", err)
	require.Contains(t, message(err), "another officer")
	out, err = unlock("officer3")
	require.NoError(t, err)
	require.Equal(t, "the CA key is open\n", out)
	_, err = unlock("officer2")
	require.True(t, fault.HasKey(err, "signer_open"), "%v", err)
	_, err = c.Issue(t.Context(), in)
	require.NoError(t, err)
	require.NoError(t, process.Process.Signal(syscall.SIGTERM))
	require.NoError(t, process.Wait())
	out, err = call(t, "journal", "print", "--data", h.data, "--kind", "unlock")
	require.NoError(t, err)
	require.Contains(t, out, `"officers":["officer1","officer3"]`)
	_, err = call(t, "journal", "print", "--data", h.data, "--kind", "other")
	require.ErrorContains(t, err, "no kind of record")
}

func TestJournalVerifyNoticesAChange(t *testing.T) {
	h := newHouse(t)
	path := filepath.Join(h.data, "journal.jsonl")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Replace(raw, []byte(`"needed":2`), []byte(`"needed":1`), 1), 0o600))
	_, err = call(t, "journal", "verify", "--data", h.data)
	require.True(t, fault.HasKey(err, "journal_broken"), "%v", err)
	require.Contains(t, message(err), "(seq 1)")
}

func TestInitByCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var list bytes.Buffer
	people := append(officers(t)[:2], signertest.NewPerson(t, uuid.NewString(), "reviewer1", "0132", "reviewer"))
	for _, p := range people {
		require.NoError(t, json.NewEncoder(&list).Encode(p.Approver))
	}
	staff, trust := filepath.Join(dir, "staff.jsonl"), filepath.Join(dir, "old.pem")
	require.NoError(t, os.WriteFile(staff, list.Bytes(), 0o600))
	old := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certtest.Authority(t).CA.Cert.Raw})
	require.NoError(t, os.WriteFile(trust, old, 0o600))
	shares := filepath.Join(dir, "shares")
	args := []string{"init", "--data", filepath.Join(dir, "data"), "--shares", shares, "--staff", staff, "--trust", trust}

	_, err := call(t, args...)
	require.True(t, fault.HasKey(err, "software_keys_forbidden"), "%v", err)
	out, err := call(t, append(args, "--allow-software-keys")...)
	require.NoError(t, err)
	require.Contains(t, out, "staff keys 3")
	require.Contains(t, out, "shares 2 in "+shares+", 2 needed")
	raw, err := os.ReadFile(filepath.Join(shares, "share-officer2.json"))
	require.NoError(t, err)
	require.Contains(t, string(raw), `"rounds": 310000`, "not the tests' few")
	_, err = call(t, append(args, "--allow-software-keys")...)
	require.True(t, fault.HasKey(err, "signer_exists"), "%v", err)
	out, err = call(t, "journal", "verify", "--data", filepath.Join(dir, "data"))
	require.NoError(t, err)
	require.Contains(t, out, "records 1\nissued 0\nrevoked 0\ncrl 0\nregistry 1\n")
}

func TestEveryCommandHasHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"init"}, {"serve"}, {"unlock"}, {"journal"}, {"journal", "verify"}, {"journal", "print"}} {
		out, err := call(t, append(args, "--help")...)
		require.NoError(t, err)
		require.Contains(t, out, "Usage: casigner")
	}
}

func TestInitNeedsAPassphrase(t *testing.T) {
	staff := filepath.Join(t.TempDir(), "staff.jsonl")
	var list bytes.Buffer
	require.NoError(t, json.NewEncoder(&list).Encode(officers(t)[0].Approver))
	require.NoError(t, os.WriteFile(staff, list.Bytes(), 0o600))
	var out bytes.Buffer
	err := run(t.Context(), []string{"init", "--data", filepath.Join(t.TempDir(), "d"), "--shares", t.TempDir(), "--staff", staff}, environment{
		stdout: &out, stderr: &out, now: time.Now,
		lookup: func(name string) (string, bool) { return "one for all officers", name == passphraseVariable },
	})
	require.ErrorContains(t, err, passphraseVariable+"_OFFICER1")
}
