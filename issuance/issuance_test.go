package issuance_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
)

var now = time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC)

// bench is a database, a signer and the people, with one clock for all.
type bench struct {
	signertest.Bench
	*issuance.Service
	db      *pg.DB
	engine  *signer.Engine
	project uuid.UUID
	clock   *time.Time
}

// flaky is a signer that may lose its answers.
type flaky struct {
	*signer.Engine
	lose bool
}

func (f *flaky) Issue(ctx context.Context, in cert.Instruction) (cert.Issued, error) {
	out, err := f.Engine.Issue(ctx, in)
	if f.lose {
		return cert.Issued{}, fault.Down("signer_unavailable", time.Second, err)
	}
	return out, err
}

func setup(t *testing.T) bench {
	t.Helper()
	b := bench{Bench: signertest.New(t, now), db: pgtest.New(t), project: uuid.New()}
	at := now
	b.clock = &at
	clock := func() time.Time { return at }
	b.engine = b.Open(t, clock)
	b.Service = issuance.New(b.engine, clock)
	b.tx(t, func(tx pg.Tx) error {
		g := tx.Gorm()
		if err := g.Exec("INSERT INTO project (id, code, name, created_at) VALUES (?, 'cgn', '中广核', ?)", b.project, now).Error; err != nil {
			return err
		}
		for _, p := range []signertest.Person{b.Reviewer, b.Issuer, b.Second} {
			err := tx.Gorm().Exec("INSERT INTO staff (id, login, name, no, state, on_duty, all_projects, created_at, updated_at) VALUES (?, ?, '测试', ?, 'active', true, true, ?, ?)",
				p.StaffID, p.Login, p.No, now, now).Error
			if err != nil {
				return err
			}
		}
		chain, err := b.engine.Chain(t.Context())
		if err != nil {
			return err
		}
		if err := b.KeepAuthority(t.Context(), tx, chain); err != nil {
			return err
		}
		registry, err := b.engine.Registry(t.Context())
		if err != nil {
			return err
		}
		return b.KeepRegistry(t.Context(), tx, registry)
	})
	return b
}

func (b bench) tx(t *testing.T, fn func(tx pg.Tx) error) {
	t.Helper()
	require.NoError(t, b.try(t, fn))
}

func (b bench) try(t *testing.T, fn func(tx pg.Tx) error) error {
	t.Helper()
	return b.db.InTx(t.Context(), func(_ context.Context, tx pg.Tx) error { return fn(tx) })
}

func (b bench) q(t *testing.T) pg.Q { t.Helper(); return b.db.Read(t.Context()) }

// renewal is an imported expired pair with an order for it.
type renewal struct {
	holder  certtest.Holder
	old     issuance.Pair
	orderID uuid.UUID
	no      string
}

func (b bench) imported(t *testing.T, organisation string) (certtest.Holder, issuance.Pair) {
	t.Helper()
	h := b.Holder(t, organisation, now.AddDate(0, -1, 0))
	var p issuance.Pair
	b.tx(t, func(tx pg.Tx) (err error) {
		p, err = b.Import(t.Context(), tx, issuance.Import{
			ProjectID: b.project, MediumNo: "3888" + h.Old.Sign.SerialNumber.String()[:8], Holder: organisation,
			OrgIDKind: "uscc", OrgIDNumber: certtest.OrganisationCode, Certs: h.Pair,
		})
		return err
	})
	return h, p
}

func (b bench) renewal(t *testing.T, organisation string) renewal {
	t.Helper()
	r := renewal{}
	r.holder, r.old = b.imported(t, organisation)
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	orders := order.NewOrders(ring, func() time.Time { return now }, nil)
	b.tx(t, func(tx pg.Tx) error {
		o, err := orders.Create(t.Context(), tx, actor.Job("test"), order.New{
			ProjectID: b.project, Kind: order.Renewal, Path: order.Reviewed, OldPairID: r.old.ID, Serial: string(r.old.Sign.Serial),
			MediumNo: r.old.MediumNo, CertType: "organisation", Years: 2, AmountFen: 40000, Holder: organisation,
			OrgIDKind: "uscc", OrgIDNumber: certtest.OrganisationCode,
			Agent: order.Person{Name: "张三", IDNumber: "440300199001011234", Phone: "13800000000", Email: "a@example.com"},
		})
		r.orderID, r.no = o.ID, o.No
		return err
	})
	return r
}

func (b bench) grant(r renewal) issuance.Grant {
	return issuance.Grant{OrderID: r.orderID, OrderNo: r.no, OldPair: r.old.ID, Origin: cert.OriginReviewed, Content: cert.SM3([]byte(r.no)), Years: 2, Expires: now.Add(72 * time.Hour)}
}

func (b bench) authorised(t *testing.T, r renewal) issuance.Authorisation {
	t.Helper()
	var a issuance.Authorisation
	b.tx(t, func(tx pg.Tx) (err error) { a, err = b.Authorise(t.Context(), tx, b.grant(r)); return err })
	return a
}

// signature is what a person's Ukey makes of what they are asked to sign.
func (b bench) signature(t *testing.T, p signertest.Person, duty string, digests ...cert.Digest) issuance.Signature {
	t.Helper()
	m := b.ToSign(duty, digests...)
	return issuance.Signature{At: m.At, Kind: cert.KindSM2, Signature: sign(t, p.Key, string(m.Message))}
}

func (b bench) approval(t *testing.T, p signertest.Person, duty string, digests ...cert.Digest) issuance.Approval {
	t.Helper()
	out, err := b.Approval(t.Context(), b.q(t), actor.Actor{ID: uuid.MustParse(p.StaffID)}, duty, digests, b.signature(t, p, duty, digests...))
	require.NoError(t, err)
	return out
}

func (b bench) approve(t *testing.T, a issuance.Authorisation, in issuance.Approval) error {
	t.Helper()
	return b.try(t, func(tx pg.Tx) error { return b.AddApproval(t.Context(), tx, a.ID, in) })
}

// reserved brings an order to a committed request.
func (b bench) reserved(t *testing.T, r renewal) uuid.UUID {
	t.Helper()
	a := b.authorised(t, r)
	require.NoError(t, b.approve(t, a, b.approval(t, b.Reviewer, cert.DutyReview, a.Digest)))
	require.NoError(t, b.approve(t, a, b.approval(t, b.Issuer, cert.DutyIssue, a.Digest)))
	var id uuid.UUID
	b.tx(t, func(tx pg.Tx) (err error) { id, err = b.Reserve(t.Context(), tx, r.orderID); return err })
	return id
}

func (b bench) recorded(t *testing.T, r renewal) issuance.Pair {
	t.Helper()
	id := b.reserved(t, r)
	issued, err := b.Execute(t.Context(), b.q(t), id)
	require.NoError(t, err)
	return b.record(t, id, issued)
}

func (b bench) record(t *testing.T, id uuid.UUID, issued cert.Issued) issuance.Pair {
	t.Helper()
	var p issuance.Pair
	b.tx(t, func(tx pg.Tx) (err error) { p, err = b.Record(t.Context(), tx, id, issued); return err })
	return p
}

func sign(t *testing.T, key *sm2.PrivateKey, msg string) []byte {
	t.Helper()
	sig, err := key.Sign(rand.Reader, []byte(msg), sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	return sig
}
