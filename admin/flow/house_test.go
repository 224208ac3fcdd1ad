package flow_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/document"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/inbox"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/project"
	"caconsole/admin/review"
	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
	"caconsole/admin/staff"
	"caconsole/admin/throttle"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/manual"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
	"caconsole/issuance/staffkey"
	"caconsole/rbac"
	"caconsole/reconcile"
)

// monday lies after the machine's own date, so that the queue takes every job for a later time as one.
var monday = time.Date(2030, 11, 25, 2, 0, 0, 0, time.UTC)

// house is every use case on a real database, a real signer and a real queue; vendors are played by the test, which
// also runs the jobs (work) and moves the clock.
type house struct {
	*flow.Flow
	t       *testing.T
	clock   *clock
	jobs    *queue
	face    *face
	carrier *carriers
	sms     *post
	mail    *post
	printer *printer
	signer  *wire
	centre  *keyCentre
	project uuid.UUID
	oldCA   cert.Issuer // of the pairs that applicants bring
	renewed int         // orders made so far
	people  []signertest.Person

	reviewer, reviewer2, issuer, issuer2, finance, finance2, hotline actor.Actor
}

// clock is a clock that tests move.
type clock struct {
	sync.Mutex
	at    time.Time
	ahead time.Duration // of the signer's own clock
}

// signers is the signer's clock.
func (c *clock) signers() time.Time {
	c.Lock()
	defer c.Unlock()
	return c.at.Add(c.ahead)
}

func (c *clock) now() time.Time {
	c.Lock()
	defer c.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.at = c.at.Add(d)
}

// earlier is the CA of all old pairs.
var earlier struct {
	sync.Once
	cert.Authority
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{
		t: t, clock: &clock{at: monday}, face: &face{}, carrier: &carriers{outcome: identity.Match}, sms: newPost(), mail: newPost(),
		printer: newPrinter(),
	}
	db, now := pgtest.New(t), h.clock.now
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	checkpoints, err := ring.CheckpointKey()
	require.NoError(t, err)
	blobs, err := folder.Open(t.TempDir(), now)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	vault := seal.Vault{Ring: ring, Blobs: blobs}
	h.jobs = newQueue(t, db, now)
	log, limits := audit.New(db, checkpoints, now), throttle.New(db, now)
	h.Flow = &flow.Flow{
		DB: db, Now: now, Log: slog.New(slog.DiscardHandler), Jobs: h.jobs, Audit: log, Inbox: inbox.New(db, ring, now), Throttle: limits,
		Board: board.New(db, now), Applicants: applicant.NewApplicants(ring), Documents: document.New(db, vault, now),
		Identities: identity.New(vault, now), Invoices: invoice.New(db, vault, h.printer, now),
		Ledger: reconcile.New(db, vault, now, order.ValidNo), Orders: order.NewOrders(ring, now, eightHours), Payments: payment.New(now),
		Projects: &project.Projects{}, Reviews: review.NewReviews(now), Keys: staffkey.New(now), Manual: manual.New(ring, now),
		Messages: notify.New(notify.Options{
			DB: db, Ring: ring, Jobs: h.jobs, Now: now, Senders: map[notify.Channel]notify.Sender{notify.SMS: h.sms, notify.Mail: h.mail},
		}),
		Staff: staff.New(staff.Options{
			DB: db, Ring: ring, Limiter: limits, Audit: log, Now: now, Exclusive: rbac.CheckRoles,
			Cost: &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		}),
		PublicURL: "http://hall.example", FaceVendor: h.face, TelecomVendor: h.carrier,
	}
	h.found()
	h.hire()
	h.openSigner()
	h.jobs.serve(h.Flow)
	return h
}

func eightHours(_ context.Context, _ pg.Q, _ uuid.UUID, from time.Time) (time.Time, error) {
	return from.Add(8 * time.Hour), nil
}

// found makes the project and the account transfers go to.
func (h *house) found() {
	h.t.Helper()
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		p, err := h.Projects.EnsureProject(ctx, tx, monday.AddDate(-1, 0, 0))
		if err != nil {
			return err
		}
		h.project = p.ID
		_, err = h.Ledger.AddAccount(ctx, tx, reconcile.Account{
			ProjectID: p.ID, Bank: "CMB", Branch: "招商银行深圳科技园支行", No: "755900000000019", OwnName: "样例电子认证",
		})
		return err
	})
}

// hire makes the staff, each with an approval key of their own.
func (h *house) hire() {
	h.t.Helper()
	for no, p := range []struct {
		as   *actor.Actor
		role string
	}{
		{&h.reviewer, rbac.Reviewer},
		{&h.reviewer2, rbac.Reviewer},
		{&h.issuer, rbac.Issuer},
		{&h.issuer2, rbac.Issuer},
		{&h.finance, rbac.Finance},
		{&h.finance2, rbac.Finance},
		{&h.hotline, rbac.Hotline},
	} {
		number := string(rune('1' + no))
		m, _, err := h.Staff.Create(h.t.Context(), actor.Job("test"), staff.NewMember{
			Login: p.role + number, Name: "员工" + number, No: "010" + number, Roles: []string{p.role},
			Password: "correct horse", AllProjects: true,
		})
		require.NoError(h.t, err)
		*p.as = actor.Actor{Kind: actor.Staff, ID: m.ID, Name: m.Login, AllProjects: true}
		h.people = append(h.people, signertest.NewPerson(h.t, m.ID.String(), m.Login, m.No, p.role))
	}
}

// openSigner makes a signer that knows the staff and starts it.
func (h *house) openSigner() {
	h.t.Helper()
	earlier.Do(func() { earlier.Authority = certtest.Authority(h.t) })
	h.oldCA = earlier.CA
	approvers := make([]signer.Approver, 0, len(h.people))
	for _, p := range h.people {
		approvers = append(approvers, p.Approver)
	}
	h.centre = &keyCentre{Centre: certtest.NewCentre(h.t), t: h.t}
	h.signer = &wire{Engine: signertest.ForStaff(h.t, earlier.Authority, approvers, h.clock.signers, func(o *signer.InitOptions) {
		o.Centres, o.Profile.EncKey = []*smx509.Certificate{h.centre.Cert}, cert.EncKeyKMC
	})}
	h.Issuance, h.Registrar, h.Profiler = issuance.New(h.signer, h.clock.now), h.signer, h.signer
	h.Issuance.UseRevoker(h.signer)
	h.Issuance.UseKeyCentre(h.centre)
	require.NoError(h.t, h.KeepAuthority(h.t.Context()))
}

// approve is 通过 as a person with a key gives it.
func (h *house) approve(a actor.Actor, no string, op flow.Opinion) error {
	t, err := h.ApproveToSign(h.t.Context(), a, no, op)
	if err != nil { // whoever asks nobody refuses by itself too
		return h.Approve(h.t.Context(), a, no, op, issuance.Signature{})
	}
	return h.Approve(h.t.Context(), a, no, op, h.touch(a, t))
}

// confirm is an issuer's confirmation likewise.
func (h *house) confirm(a actor.Actor, nos []string) error {
	t, err := h.ConfirmToSign(h.t.Context(), a, nos)
	if err != nil {
		return h.ConfirmIssue(h.t.Context(), a, nos, issuance.Signature{})
	}
	return h.ConfirmIssue(h.t.Context(), a, nos, h.touch(a, t))
}

// touch is what a person's Ukey makes of what they are asked to sign.
func (h *house) touch(a actor.Actor, t issuance.ToSign) issuance.Signature {
	h.t.Helper()
	sig, err := h.personOf(a).Key.Sign(rand.Reader, t.Message, sm2.DefaultSM2SignerOpts)
	require.NoError(h.t, err)
	return issuance.Signature{At: t.At, Kind: cert.KindSM2, Signature: sig}
}

// personOf is a member of staff with the key.
func (h *house) personOf(a actor.Actor) signertest.Person {
	h.t.Helper()
	i := slices.IndexFunc(h.people, func(p signertest.Person) bool { return p.StaffID == a.ID.String() })
	require.GreaterOrEqual(h.t, i, 0, a.Name)
	return h.people[i]
}

func (h *house) tx(fn func(ctx context.Context, tx pg.Tx) error) {
	h.t.Helper()
	require.NoError(h.t, h.DB.InTx(h.t.Context(), fn))
}

// read takes one value with plain SQL that no use case tells.
func read[T any](h *house, query string, args ...any) T {
	h.t.Helper()
	var out T
	require.NoError(h.t, h.DB.Read(h.t.Context()).Gorm().Raw(query, args...).Row().Scan(&out))
	return out
}
