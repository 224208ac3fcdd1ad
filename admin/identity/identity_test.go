package identity_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
)

// noon is a Sunday at 12:00 in Beijing.
var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// booth is the store on a database of its own, where orders and projects are ids and nothing more.
type booth struct {
	*identity.Identities
	t       *testing.T
	db      *pg.DB
	now     time.Time
	order   uuid.UUID
	project uuid.UUID
}

func newBooth(t *testing.T) *booth {
	t.Helper()
	app, owner, read := pgtest.NewDSN(t)
	conn, err := pgx.Connect(t.Context(), owner)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `ALTER TABLE identity_attempt DROP CONSTRAINT identity_attempt_order_id_fkey, DROP CONSTRAINT identity_attempt_project_id_fkey;
		ALTER TABLE telecom_check DROP CONSTRAINT telecom_check_order_id_fkey`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	db, err := pg.Open(t.Context(), pg.Options{DSN: app, ReadDSN: read, MaxConns: 4, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	b := &booth{t: t, db: db, now: noon, order: uuid.Must(uuid.NewV7()), project: uuid.Must(uuid.NewV7())}
	clock := func() time.Time { return b.now }
	blobs, err := folder.Open(t.TempDir(), clock)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	b.Identities = identity.New(seal.Vault{Ring: ring, Blobs: blobs}, clock)
	return b
}

var agent = identity.Person{Name: "张敏", IDNumber: "11010519491231002X"}

func (b *booth) begin() (a identity.Attempt, err error) {
	b.t.Helper()
	err = b.db.InTx(b.t.Context(), func(ctx context.Context, tx pg.Tx) (err error) {
		a, err = b.Begin(ctx, tx, identity.Start{
			OrderID: b.order, ProjectID: b.project, Vendor: "tencent", Person: agent, Threshold: 8000, PerDay: 3, TTL: 30 * time.Minute,
		})
		return err
	})
	return a, err
}

// started begins a try and stores the vendor's session.
func (b *booth) started() identity.Attempt {
	b.t.Helper()
	a, err := b.begin()
	require.NoError(b.t, err)
	require.NoError(b.t, b.db.InTx(b.t.Context(), func(ctx context.Context, tx pg.Tx) error {
		a, err = b.Started(ctx, tx, a.ID, identity.Session{Token: "T-" + a.ID.String(), URL: "https://face.example/" + a.ID.String()})
		return err
	}))
	require.Equal(b.t, identity.Pending, a.State)
	return a
}

func (b *booth) finish(id uuid.UUID, r identity.Result) (a identity.Attempt) {
	b.t.Helper()
	kept, err := b.Keep(b.t.Context(), r)
	require.NoError(b.t, err)
	require.NoError(b.t, b.db.InTx(b.t.Context(), func(ctx context.Context, tx pg.Tx) error {
		a, err = b.Finish(ctx, tx, id, kept)
		return err
	}))
	return a
}

func pass() identity.Result {
	return identity.Result{
		Done: true, Person: agent, Live: true, Compared: true, Score: 9150, Library: "权威库", Code: "0", Warnings: []string{"-9107"},
		Pictures: map[identity.Picture][]byte{identity.BestFrame: []byte("frame"), identity.CardFront: []byte("front")}, Raw: []byte(`{"Sim":"91.50"}`),
	}
}

func TestTryThatPasses(t *testing.T) {
	t.Parallel()
	b := newBooth(t)
	a := b.started()
	again, err := b.begin()
	require.NoError(t, err)
	require.Equal(t, a.ID, again.ID, "an open try is taken up, not doubled")
	q := b.db.Read(t.Context())
	found, err := b.ByToken(t.Context(), q, "T-"+a.ID.String())
	require.NoError(t, err)
	require.Equal(t, a.ID, found.ID)
	_, err = b.ByToken(t.Context(), q, "made up")
	require.True(t, fault.HasKey(err, "identity_unknown"))

	done := b.finish(a.ID, pass())
	require.Equal(t, identity.Passed, done.State)
	require.Equal(t, 9150, done.Score)
	require.Equal(t, []string{"-9107"}, done.Warnings)
	again = b.finish(a.ID, identity.Result{Done: true, Code: "1001"})
	require.Equal(t, identity.Passed, again.State, "a result counts once")

	desk := actor.Actor{Kind: actor.Staff, Projects: []uuid.UUID{b.project}}
	picture, err := b.Image(t.Context(), q, desk, a.ID, identity.BestFrame)
	require.NoError(t, err)
	require.Equal(t, "frame", string(picture))
	for name, look := range map[string]func() error{
		"no such picture": func() error { _, err := b.Image(t.Context(), q, desk, a.ID, identity.CardBack); return err },
		"another project": func() error {
			_, err := b.Image(t.Context(), q, actor.Actor{Kind: actor.Staff}, a.ID, identity.BestFrame)
			return err
		},
	} {
		require.True(t, fault.HasKey(look(), "image_unknown"), name)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil  func(*identity.Result)
		state  identity.State
		reason string
	}{
		"width and case are folded": {func(r *identity.Result) {
			r.Person = identity.Person{Name: " 张 敏", IDNumber: "１1010519491231002x"}
		}, identity.Passed, ""},
		"at the threshold": {func(r *identity.Result) { r.Score = 8000 }, identity.Passed, ""},
		"below it":         {func(r *identity.Result) { r.Score = 7999 }, identity.Failed, identity.ReasonLowScore},
		"another name":     {func(r *identity.Result) { r.Person.Name = "张敬" }, identity.Failed, identity.ReasonOtherPerson},
		"another number":   {func(r *identity.Result) { r.Person.IDNumber = "110105194912310038" }, identity.Failed, identity.ReasonOtherPerson},
		"nobody named":     {func(r *identity.Result) { r.Person = identity.Person{} }, identity.Failed, identity.ReasonOtherPerson},
		"not alive":        {func(r *identity.Result) { r.Live = false }, identity.Failed, identity.ReasonLiveness},
		"not compared":     {func(r *identity.Result) { r.Compared = false }, identity.Failed, identity.ReasonLowScore},
		"vendor says no":   {func(r *identity.Result) { r.Code = "2016" }, identity.Failed, identity.ReasonVendor},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBooth(t)
			r := pass()
			tc.spoil(&r)
			done := b.finish(b.started().ID, r)
			require.Equal(t, tc.state, done.State)
			require.Equal(t, tc.reason, done.Reason)
		})
	}
}

func TestThreeTriesADay(t *testing.T) {
	t.Parallel()
	b := newBooth(t)
	b.now = time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC) // 23:00 in Beijing
	for n := 1; n <= 3; n++ {
		a := b.started()
		require.Equal(t, n, a.Number)
		r := pass()
		r.Live = false
		b.finish(a.ID, r)
	}
	_, err := b.begin()
	require.True(t, fault.HasKey(err, "identity_tries_used"))
	require.True(t, fault.Is(err, fault.Limited))
	require.Equal(t, time.Hour, fault.Of(err).RetryAfter, "until midnight in Beijing")
	b.now = b.now.Add(time.Hour)
	require.Equal(t, 4, b.started().Number)

	list, err := b.List(t.Context(), b.db.Read(t.Context()), b.order)
	require.NoError(t, err)
	require.Len(t, list, 4)
	require.Equal(t, 4, list[0].Number)
}

func TestLinkRunsOut(t *testing.T) {
	t.Parallel()
	b := newBooth(t)
	first := b.started()
	b.now = b.now.Add(30 * time.Minute)
	second := b.started()
	require.Equal(t, 2, second.Number, "a link that has run out is not handed out again")
	open, err := b.Open(t.Context(), b.db.Read(t.Context()), b.now.Add(time.Second), 10)
	require.NoError(t, err)
	require.Len(t, open, 2)
	var ended identity.Attempt
	expire := func() {
		require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) (err error) {
			ended, err = b.Expire(ctx, tx, first.ID)
			return err
		}))
	}
	expire()
	require.Equal(t, identity.Expired, ended.State)
	require.Equal(t, identity.Expired, b.finish(first.ID, pass()).State, "too late")
	first = second
	require.Equal(t, identity.Passed, b.finish(second.ID, pass()).State)
	expire()
	require.Equal(t, identity.Passed, ended.State)
}

func TestSessionBeforeTheVendorAnswered(t *testing.T) {
	t.Parallel()
	b := newBooth(t)
	a, err := b.begin()
	require.NoError(t, err)
	_, err = b.Session(t.Context(), b.db.Read(t.Context()), a.ID)
	require.True(t, fault.HasKey(err, "identity_not_started"))
	started := b.started()
	require.Equal(t, a.ID, started.ID, "the same number goes to the vendor again")
	s, err := b.Session(t.Context(), b.db.Read(t.Context()), a.ID)
	require.NoError(t, err)
	require.Equal(t, identity.Session{Token: "T-" + a.ID.String(), URL: "https://face.example/" + a.ID.String()}, s)
}

func TestChecks(t *testing.T) {
	t.Parallel()
	b := newBooth(t)
	q := b.db.Read(t.Context())
	_, err := b.LatestCheck(t.Context(), q, b.order)
	require.True(t, fault.HasKey(err, "telecom_unchecked"))
	for _, c := range []identity.Check{{Outcome: identity.Unknown, Code: "-11"}, {Outcome: identity.Match, Code: "0", Carrier: "移动"}} {
		require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error { return b.AddCheck(ctx, tx, b.order, c) }))
		b.now = b.now.Add(time.Minute)
	}
	last, err := b.LatestCheck(t.Context(), q, b.order)
	require.NoError(t, err)
	require.Equal(t, identity.Match, last.Outcome)
	require.Equal(t, "移动", last.Carrier)
}

func TestNothingPersonalInClear(t *testing.T) {
	t.Parallel()
	b := newBooth(t)
	a := b.started()
	b.finish(a.ID, pass())
	var row string
	require.NoError(t, b.db.Read(t.Context()).Gorm().Raw("SELECT identity_attempt::text FROM identity_attempt").Scan(&row).Error)
	for _, secret := range []string{"张敏", "11010519491231002X", "T-" + a.ID.String(), "face.example", "91.50"} {
		require.NotContains(t, row, secret)
	}
}
