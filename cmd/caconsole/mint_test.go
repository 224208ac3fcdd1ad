package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
	"caconsole/admin/seal"
	"caconsole/cmd/caconsole/app"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/client"
	"caconsole/issuance/signer/signertest"
	"caconsole/migrations"
)

// mint is what issuing takes and no more: a database server of its own, casigner as a process, staff whose keys the test
// holds, and orders of approved renewals. The console is opened beside it, in this process or in another one.
type mint struct {
	t        testing.TB
	bin, dir string
	cluster  *pg.Cluster
	seal     string
	reviewer signertest.Person
	issuer   signertest.Person
	shares   []cert.Share
	earlier  cert.Authority
	signer   *exec.Cmd
	project  uuid.UUID
	console  *console
}

// console is every use case over a mint.
type console struct {
	*flow.Flow
	house *app.House
	jobs  *job.Client
}

// mintPlaces is what another process needs to open the same console.
type mintPlaces struct {
	Dir, App, Read, Seal, IssuerID string
	IssuerKey                      []byte // scalar
}

func newMint(t testing.TB) *mint {
	t.Helper()
	bin, err := binaries()
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "ca") // a short name: the path of a Unix socket has at most 107 bytes
	require.NoError(t, err)
	m := &mint{t: t, bin: bin, dir: dir, project: uuid.New(), earlier: certtest.Authority(t)}
	t.Cleanup(m.stop)
	// Nothing is lost of what a killed server has handed to the kernel; an fsync that waits for a disk is the signer's alone.
	m.cluster, err = pg.StartCluster(t.Context(), pg.ClusterOptions{Data: dir, NoFsync: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, migrations.Bootstrap(t.Context(), m.cluster.DSN(pg.RoleSuper)))
	_, err = migrations.Migrate(t.Context(), m.cluster.DSN(pg.RoleOwner))
	require.NoError(t, err)
	m.seal, err = seal.NewKeys()
	require.NoError(t, err)
	m.found()
	m.startSigner()
	m.console, err = openConsole(t.Context(), m.places())
	require.NoError(t, err)
	m.hire()
	return m
}

func (m *mint) stop() {
	if m.console != nil {
		_ = m.console.house.Close()
	}
	if m.signer != nil {
		_ = m.signer.Process.Kill()
		_ = m.signer.Wait()
	}
	if m.cluster != nil {
		m.cluster.Stop()
	}
	_ = os.RemoveAll(m.dir)
}

func (m *mint) places() mintPlaces {
	return mintPlaces{
		Dir: m.dir, App: m.cluster.DSN(pg.RoleApp), Read: m.cluster.DSN(pg.RoleRead), Seal: m.seal, IssuerID: m.issuer.StaffID,
		IssuerKey: m.issuer.Key.D.FillBytes(make([]byte, 32)),
	}
}

func (p mintPlaces) socket() string { return filepath.Join(p.Dir, "ca.sock") }

// found holds the key ceremony.
func (m *mint) found() {
	m.t.Helper()
	person := func(login, no, role string) signertest.Person {
		return signertest.NewPerson(m.t, uuid.NewString(), login, no, role)
	}
	m.reviewer, m.issuer = person("reviewer1", "0101", "reviewer"), person("issuer1", "0102", "issuer")
	officers := []signertest.Person{person("officer1", "0801", cert.RoleKeyOfficer), person("officer2", "0802", cert.RoleKeyOfficer)}
	opt := signertest.Options(m.t, officers, []signer.Approver{m.reviewer.Approver, m.issuer.Approver}, m.earlier, time.Now())
	opt.Dir, opt.SharesDir = filepath.Join(m.dir, "casigner"), filepath.Join(m.dir, "shares")
	_, err := signer.Init(opt)
	require.NoError(m.t, err)
	m.shares = signertest.OpenShares(m.t, opt)
}

// startSigner starts casigner and has its officers open it.
func (m *mint) startSigner() {
	m.t.Helper()
	admin := filepath.Join(m.dir, "ca-admin.sock")
	m.signer = exec.Command(filepath.Join(m.bin, "casigner"), "serve", "--data", filepath.Join(m.dir, "casigner"), "--socket", m.socket(), "--admin-socket", admin)
	var log bytes.Buffer
	m.signer.Stderr = &log
	require.NoError(m.t, m.signer.Start())
	officers := client.New(admin)
	require.Eventually(m.t, func() bool {
		for _, s := range m.shares {
			if _, err := officers.Unlock(m.t.Context(), s); err != nil && !fault.HasKey(err, "share_given") {
				return fault.HasKey(err, "signer_open")
			}
		}
		return true
	}, patience, 20*time.Millisecond, "the signer opens: %s", lazy(log.String))
}

func (m *mint) socket() string { return m.places().socket() }

// hire makes the staff and the project, and has the console hear of the signer.
func (m *mint) hire() {
	m.t.Helper()
	m.tx(func(ctx context.Context, tx pg.Tx) error {
		p, err := m.console.Projects.EnsureProject(ctx, tx, time.Now().AddDate(-1, 0, 0))
		m.project = p.ID
		for _, p := range []signertest.Person{m.reviewer, m.issuer} {
			if err == nil {
				err = tx.Gorm().Exec("INSERT INTO staff (id, login, name, no, state, on_duty, all_projects, created_at, updated_at) VALUES (?, ?, '测试', ?, 'active', true, true, now(), now())",
					p.StaffID, p.Login, p.No).Error
			}
		}
		return err
	})
	require.NoError(m.t, m.console.KeepAuthority(m.t.Context()))
}

func (m *mint) tx(fn func(ctx context.Context, tx pg.Tx) error) {
	m.t.Helper()
	require.NoError(m.t, m.console.DB.InTx(m.t.Context(), fn))
}

// approved makes orders of renewals that a reviewer has signed, hidden from the issuer until show.
func (m *mint) approved(n int) []string {
	m.t.Helper()
	var nos []string
	for range n {
		h := certtest.NewHolder(m.t, m.earlier.CA, "中测试核电有限公司", time.Now().AddDate(0, -1, 0))
		m.tx(func(ctx context.Context, tx pg.Tx) error {
			no, err := m.approve(ctx, tx, h)
			nos = append(nos, no)
			return err
		})
	}
	return nos
}

func (m *mint) approve(ctx context.Context, tx pg.Tx, h certtest.Holder) (string, error) {
	c := m.console
	p, err := c.Issuance.Import(ctx, tx, issuance.Import{
		ProjectID: m.project, MediumNo: "38" + h.Old.Sign.SerialNumber.String()[:14], Holder: "中测试核电有限公司", OrgIDKind: "uscc",
		OrgIDNumber: certtest.OrganisationCode, Certs: h.Pair,
	})
	if err != nil {
		return "", err
	}
	o, err := c.Orders.Create(ctx, tx, actor.Job("test"), order.New{
		ProjectID: m.project, Kind: order.Renewal, Path: order.Reviewed, OldPairID: p.ID, Serial: string(p.Sign.Serial), OldNotAfter: p.NotAfter(),
		MediumNo: p.MediumNo, CertType: "organisation", Years: 2, AmountFen: 40000, Holder: p.Holder, OrgIDKind: "uscc", OrgIDNumber: certtest.OrganisationCode,
		Agent: order.Person{Name: "张三", IDNumber: "440300199001011234", Phone: "13800000000", Email: "a@example.com"},
	})
	if err != nil {
		return "", err
	}
	content, err := review.Content{
		Order: o.No, Version: o.Gates.ContentVersion, Holder: o.Holder, OrgKind: o.OrgIDKind, OrgNumber: o.OrgIDNumber, OldPair: p.ID.String(),
		Serial: o.Serial, Years: o.Years, Telecom: string(o.Gates.Telecom), Papers: []review.Paper{}, Consents: []review.Consent{},
		Identity: review.Identity{State: string(identity.Begun)},
	}.Digest()
	if err != nil {
		return "", err
	}
	auth, err := c.Issuance.Authorise(ctx, tx, issuance.Grant{
		OrderID: o.ID, OrderNo: o.No, OldPair: p.ID, Origin: cert.OriginReviewed, Content: cert.Digest(content), Years: o.Years, Expires: time.Now().Add(72 * time.Hour),
	})
	if err != nil {
		return "", err
	}
	by := actor.Actor{Kind: actor.Staff, ID: uuid.MustParse(m.reviewer.StaffID), AllProjects: true}
	sig, err := touch(m.reviewer.Key, c.Issuance.ToSign(cert.DutyReview, auth.Digest))
	if err != nil {
		return "", err
	}
	signed, err := c.Issuance.Approval(ctx, tx, by, cert.DutyReview, []cert.Digest{auth.Digest}, sig)
	if err != nil {
		return "", err
	}
	if err := c.Issuance.AddApproval(ctx, tx, auth.ID, signed); err != nil {
		return "", err
	}
	return o.No, tx.Gorm().Exec("UPDATE orders SET documents = 'accepted', identity = 'passed', payment = 'settled', payment_method = 'transfer', review = 'approved' WHERE id = ?", o.ID).Error
}

// show puts orders before the issuer.
func (m *mint) show(ctx context.Context, nos []string) error {
	return m.console.DB.InTx(ctx, func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("UPDATE orders SET stage = 'to_issue' WHERE no IN ? AND issuance = 'none'", nos).Error
	})
}

// touch is what a person's Ukey makes of what they are asked to sign.
func touch(key *sm2.PrivateKey, s issuance.ToSign) (issuance.Signature, error) {
	sig, err := key.Sign(rand.Reader, s.Message, sm2.DefaultSM2SignerOpts)
	return issuance.Signature{At: s.At, Kind: cert.KindSM2, Signature: sig}, err
}

// nobody receives messages.
type nobody struct{}

func (nobody) Send(context.Context, notify.Outgoing) (string, error) { return uuid.NewString(), nil }

func (nobody) Find(context.Context, notify.Outgoing) (notify.Report, error) {
	return notify.Report{}, fault.Down("message_unreported", time.Second, nil)
}

// late gives the flow its queue, which can only be made once its workers are known.
type late struct{ *job.Client }

// openConsole opens the console of a mint; the queue is not started.
func openConsole(ctx context.Context, p mintPlaces) (*console, error) {
	log := slog.New(slog.DiscardHandler)
	h, err := app.Store{Data: p.Dir, DatabaseURL: p.App, ReadURL: p.Read, SealKeys: seal.Secret(p.Seal)}.Open(ctx, time.Now, log)
	if err != nil {
		return nil, err
	}
	jobs := &late{}
	f, err := app.NewFlow(h, app.Outside{
		Signer: client.New(p.socket()), Senders: map[notify.Channel]notify.Sender{notify.SMS: nobody{}, notify.Mail: nobody{}},
	}, jobs, "http://localhost")
	if err != nil {
		return nil, err
	}
	if jobs.Client, err = app.NewJobs(h, f); err != nil {
		return nil, err
	}
	return &console{f, h, jobs.Client}, nil
}

// confirm is an issuer's confirmation of a batch.
func (c *console) confirm(ctx context.Context, issuer actor.Actor, key *sm2.PrivateKey, nos []string) error {
	s, err := c.ConfirmToSign(ctx, issuer, nos)
	if err != nil {
		return err
	}
	sig, err := touch(key, s)
	if err != nil {
		return err
	}
	return c.ConfirmIssue(ctx, issuer, nos, sig)
}

// waiting are orders before the issuer.
func (c *console) waiting(ctx context.Context, limit int) (nos []string, err error) {
	err = c.DB.Read(ctx).Gorm().Raw("SELECT no FROM orders WHERE stage = 'to_issue' ORDER BY random() LIMIT ?", limit).Scan(&nos).Error
	return nos, err
}

// consoleToKill is a console in a process of its own: it works the queue and confirms what waits until it is killed.
const consoleToKill = "CACONSOLE_TEST_CONSOLE"

func issueUntilKilled(places string) error {
	var p mintPlaces
	if err := json.Unmarshal([]byte(places), &p); err != nil {
		return err
	}
	ctx := context.Background()
	var c *console
	for c == nil {
		var err error
		if c, err = openConsole(ctx, p); err == nil {
			err = c.jobs.Start(ctx)
		}
		if err != nil { // the database may be down
			c = nil
			time.Sleep(50 * time.Millisecond)
		}
	}
	key, err := sm2.NewPrivateKey(p.IssuerKey)
	if err != nil {
		return err
	}
	issuer := actor.Actor{Kind: actor.Staff, ID: uuid.MustParse(p.IssuerID), AllProjects: true}
	for {
		nos, err := c.waiting(ctx, 5)
		if err == nil && len(nos) > 0 {
			err = c.confirm(ctx, issuer, key, nos)
		}
		if err != nil || len(nos) == 0 {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// startConsole starts such a process.
func (m *mint) startConsole() *exec.Cmd {
	m.t.Helper()
	places, err := json.Marshal(m.places())
	require.NoError(m.t, err)
	self, err := os.Executable()
	require.NoError(m.t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), consoleToKill+"="+string(places))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(m.t, cmd.Start())
	return cmd
}

// count is a number the database knows.
func (m *mint) count(sql string) (int, error) {
	var n int
	err := m.console.DB.Read(m.t.Context()).Gorm().Raw(sql).Scan(&n).Error
	return n, err
}

// verify runs caconsole issuance verify and returns what it printed.
func (m *mint) verify() (string, error) {
	p := m.places()
	cmd := exec.Command(filepath.Join(m.bin, "caconsole"), "issuance", "verify", "--data", m.dir, "--signer-socket", p.socket())
	cmd.Env = append(os.Environ(), "DATABASE_URL="+p.App, "CACONSOLE_READ_URL="+p.Read, "CACONSOLE_SEAL_KEYS="+p.Seal)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func killed(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}
