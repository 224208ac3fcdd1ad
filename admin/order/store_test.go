package order_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
)

// night is still the evening before in UTC: order numbers carry the date of Beijing.
var night = time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)

var system = actor.Job("test")

// shop is the store on a database of its own, with two projects and two members of staff.
type shop struct {
	*order.Orders
	t            *testing.T
	db           *pg.DB
	now          time.Time
	large, small uuid.UUID
	ann, bob     actor.Actor
}

func newShop(t *testing.T) *shop {
	t.Helper()
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	s := &shop{t: t, db: pgtest.New(t), now: night, large: uuid.New(), small: uuid.New()}
	due := func(_ context.Context, _ pg.Q, _ uuid.UUID, from time.Time) (time.Time, error) {
		return from.Add(8 * time.Hour), nil
	}
	s.Orders = order.NewOrders(ring, func() time.Time { return s.now }, due)
	s.ann, s.bob = actor.Actor{Kind: actor.Staff, ID: uuid.New(), Name: "ann", AllProjects: true}, actor.Actor{Kind: actor.Staff, ID: uuid.New(), Name: "bob", Projects: []uuid.UUID{s.small}}
	s.tx(func(_ context.Context, tx pg.Tx) error {
		for code, id := range map[string]uuid.UUID{"large": s.large, "small": s.small} {
			if err := tx.Gorm().Exec("INSERT INTO project (id, code, name, created_at) VALUES (?, ?, ?, ?)", id, code, code, night).Error; err != nil {
				return err
			}
		}
		for _, a := range []actor.Actor{s.ann, s.bob} {
			err := tx.Gorm().Exec(`INSERT INTO staff (id, login, name, no, state, on_duty, all_projects, created_at, updated_at)
				VALUES (?, ?, ?, ?, 'active', true, true, ?, ?)`, a.ID, a.Name, a.Name, strings.ToUpper(a.Name), night, night).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

func (s *shop) tx(fn func(ctx context.Context, tx pg.Tx) error) {
	s.t.Helper()
	require.NoError(s.t, s.try(fn))
}

func (s *shop) try(fn func(ctx context.Context, tx pg.Tx) error) error {
	s.t.Helper()
	return s.db.InTx(s.t.Context(), fn)
}

func (s *shop) q() pg.Q { return s.db.Read(s.t.Context()) }

func renewal(project uuid.UUID) order.New {
	return order.New{
		ProjectID: project, Kind: order.Renewal, Path: order.Reviewed, ApplicantID: uuid.New(), OldPairID: uuid.New(), Serial: "1a", MediumNo: "3888000000000001",
		CertType: "organisation", Years: 2, AmountFen: 50000, Holder: "阳江市海陵湾检修服务有限公司", OrgIDKind: "credit_code", OrgIDNumber: "91441700MA4WB1111R",
		Agent: order.Person{Name: "张敏", IDNumber: "11010519491231002X", Phone: "13800138001", Email: "min@example.cn"},
		Legal: order.Person{Name: "李建国"},
	}
}

func (s *shop) create(in order.New) order.Order {
	s.t.Helper()
	var o order.Order
	s.tx(func(ctx context.Context, tx pg.Tx) (err error) {
		o, err = s.Create(ctx, tx, system, in)
		return err
	})
	return o
}

func (s *shop) change(no string, set func(*order.Gates)) order.Order {
	s.t.Helper()
	var o order.Order
	s.tx(func(ctx context.Context, tx pg.Tx) (err error) {
		o, err = s.Change(ctx, tx, system, no, "test.change", func(g *order.Gates) error { set(g); return nil })
		return err
	})
	return o
}

// queued brings an order into the review queue.
func (s *shop) queued(project uuid.UUID) order.Order {
	s.t.Helper()
	o := s.create(renewal(project))
	s.change(o.No, func(g *order.Gates) { g.Documents, g.Identity, g.Telecom = order.Uploaded, order.Pending, order.Match })
	s.change(o.No, func(g *order.Gates) { g.Identity, g.Payment, g.Method = order.Passed, order.Awaiting, order.Transfer })
	return s.change(o.No, func(g *order.Gates) { g.Payment = order.Settled })
}

func TestOrderIsCreated(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o := s.create(renewal(s.large))
	require.Regexp(t, `^R26112300001\d$`, o.No, "the day is Beijing's")
	require.True(t, order.ValidNo(o.No))
	require.Equal(t, order.StagePapers, o.Stage)
	require.Equal(t, order.Masked{Name: "张**", IDNumber: "110***********002X", Phone: "138****8001", Email: "m***@example.cn"}, o.Agent)
	require.Equal(t, "李**", o.Legal.Name)

	raw, err := s.db.Pool().Query(t.Context(), "SELECT orders::text FROM orders")
	require.NoError(t, err)
	require.True(t, raw.Next())
	var row string
	require.NoError(t, raw.Scan(&row))
	raw.Close()
	for _, plain := range []string{"张敏", "11010519491231002X", "13800138001", "min@example.cn", "李建国"} {
		require.NotContains(t, row, plain)
	}

	agent, legal, err := s.Persons(t.Context(), s.q(), o.ID)
	require.NoError(t, err)
	require.Equal(t, renewal(s.large).Agent, agent)
	require.Equal(t, renewal(s.large).Legal, legal)
	phone, err := s.Reveal(t.Context(), s.q(), o.ID, order.FieldAgentPhone)
	require.NoError(t, err)
	require.Equal(t, "13800138001", phone.Reveal())
	_, err = s.Reveal(t.Context(), s.q(), o.ID, order.FieldLegalID)
	require.True(t, fault.HasKey(err, "field_empty"), "%v", err)
	_, err = s.Reveal(t.Context(), s.q(), o.ID, "no")
	require.True(t, fault.HasKey(err, "field_empty"), "%v", err)
}

func TestOneOpenOrderOfAPair(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	in := renewal(s.large)
	first := s.create(in)
	err := s.try(func(ctx context.Context, tx pg.Tx) error { _, err := s.Create(ctx, tx, system, in); return err })
	require.True(t, fault.HasKey(err, "renewal_open"), "%v", err)
	open, err := s.OpenOf(t.Context(), s.q(), in.OldPairID)
	require.NoError(t, err)
	require.Equal(t, first.No, open.No)

	closed := s.change(first.No, func(g *order.Gates) { require.NoError(t, g.Close(order.ClosedUnpaid)) })
	require.Equal(t, []any{order.StageClosed, night}, []any{closed.Stage, closed.ClosedAt})
	_, err = s.OpenOf(t.Context(), s.q(), in.OldPairID)
	require.True(t, fault.HasKey(err, "order_unknown"), "%v", err)
	s.now = night.Add(time.Minute)
	second := s.create(in)
	open, err = s.OpenOf(t.Context(), s.q(), in.OldPairID)
	require.NoError(t, err)
	require.Equal(t, second.No, open.No)
}

func TestScope(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	in := renewal(s.large)
	o := s.create(in)
	applicant := actor.Actor{Kind: actor.Applicant, ID: in.ApplicantID}
	for name, c := range map[string]struct {
		who  actor.Actor
		sees bool
	}{
		"all projects":         {s.ann, true},
		"another project":      {s.bob, false},
		"its project":          {actor.Actor{Kind: actor.Staff, Projects: []uuid.UUID{s.small, s.large}}, true},
		"nobody":               {actor.Actor{}, false},
		"the applicant":        {applicant, true},
		"another applicant":    {actor.Actor{Kind: actor.Applicant, ID: uuid.New()}, false},
		"an applicant of none": {actor.Actor{Kind: actor.Applicant}, false},
	} {
		for act, err := range map[string]error{
			"get":   func() error { _, err := s.Get(t.Context(), s.q(), c.who, o.No); return err }(),
			"by id": func() error { _, err := s.ByID(t.Context(), s.q(), c.who, o.ID); return err }(),
			"lock":  s.try(func(ctx context.Context, tx pg.Tx) error { _, err := s.Lock(ctx, tx, c.who, o.No); return err }),
			"change": s.try(func(ctx context.Context, tx pg.Tx) error {
				_, err := s.Change(ctx, tx, c.who, o.No, "test", func(*order.Gates) error { return nil })
				return err
			}),
		} {
			require.Equal(t, c.sees, err == nil, "%s, %s: %v", name, act, err)
			if !c.sees {
				require.True(t, fault.HasKey(err, "order_unknown"), "%s, %s: %v", name, act, err)
			}
		}
	}
	mine, err := s.OfApplicant(t.Context(), s.q(), in.ApplicantID)
	require.NoError(t, err)
	require.Len(t, mine, 1)
}

// What Change saves: gates, stage, course and audit entry; nothing where nothing changed, nothing where it is refused.
func TestChangeIsOnRecord(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o := s.create(renewal(s.large))
	s.now = night.Add(time.Hour)
	o = s.change(o.No, func(g *order.Gates) { g.Documents = order.Uploaded })
	require.Equal(t, []any{order.StageIdentity, s.now}, []any{o.Stage, o.StageSince})
	s.now = night.Add(2 * time.Hour)
	s.change(o.No, func(*order.Gates) {})
	err := s.try(func(ctx context.Context, tx pg.Tx) error {
		_, err := s.Change(ctx, tx, system, o.No, "test.change", func(g *order.Gates) error { g.Issuance = order.Reserved; return nil })
		return err
	})
	require.True(t, fault.HasKey(err, "not_ready_for_issue"), "%v", err)
	got, err := s.Get(t.Context(), s.q(), system, o.No)
	require.NoError(t, err)
	require.Equal(t, o, got)
	events, err := s.Events(t.Context(), s.q(), o.ID)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, order.Move{Gate: order.GateDocuments, From: order.Missing, To: order.Uploaded}, events[0].Move)
	require.Equal(t, "test.change", events[0].Act)
	var entries int64
	require.NoError(t, s.q().Gorm().Table("audit_entry").Where("object = ?", "order:"+o.No).Count(&entries).Error)
	require.EqualValues(t, 2, entries, "created, and changed once")
}

func TestQueueOrder(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	first := s.queued(s.large)
	require.Equal(t, night.Add(8*time.Hour), first.ReviewDueAt)
	s.now = night.Add(time.Minute)
	second := s.queued(s.small)
	next := func(a actor.Actor) (no string, err error) {
		err = s.try(func(ctx context.Context, tx pg.Tx) error {
			o, err := s.NextQueued(ctx, tx, a)
			no = o.No
			return err
		})
		return no, err
	}
	no, err := next(s.ann)
	require.NoError(t, err)
	require.Equal(t, first.No, no, "what must be decided first")
	no, err = next(s.bob)
	require.NoError(t, err)
	require.Equal(t, second.No, no, "of their projects")
	s.tx(func(ctx context.Context, tx pg.Tx) error {
		return s.TakeDuty(ctx, tx, first.ID, s.ann.ID, order.DutyMatch)
	})
	no, err = next(s.ann)
	require.NoError(t, err)
	require.Equal(t, second.No, no, "nothing they had another duty in")
	s.change(second.No, func(g *order.Gates) { g.Review = order.Claimed })
	_, err = next(s.bob)
	require.True(t, fault.HasKey(err, "queue_empty"), "%v", err)
}

func TestDuties(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	one, other := s.create(renewal(s.large)), s.create(renewal(s.large))
	take := func(o order.Order, a actor.Actor, d order.Duty) error {
		return s.try(func(ctx context.Context, tx pg.Tx) error { return s.TakeDuty(ctx, tx, o.ID, a.ID, d) })
	}
	require.NoError(t, take(one, s.ann, order.DutyReview))
	require.NoError(t, take(one, s.ann, order.DutyReview), "the resubmission comes back to its reviewer")
	for _, d := range []order.Duty{order.DutyMatch, order.DutySecondReview, order.DutyIssue, order.DutyIssueCheck} {
		err := take(one, s.ann, d)
		require.True(t, fault.HasKey(err, "four_eyes"), "%v", err)
		require.Equal(t, string(order.DutyReview), fault.Of(err).Args["duty"])
		require.Error(t, s.MayTake(t.Context(), s.q(), one.ID, s.ann.ID, d))
	}
	require.NoError(t, take(one, s.bob, order.DutyIssue))
	require.NoError(t, take(other, s.ann, order.DutyIssue), "another order is another matter")
	require.Error(t, take(one, s.ann, "cleaning"), "no such duty")
}

// The database itself refuses a pair for an order that is not paid or not authorised.
func TestDatabaseGuardsIssuing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o := s.queued(s.large)
	err := s.try(func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("UPDATE orders SET issuance = 'recorded' WHERE id = ?", o.ID).Error
	})
	require.ErrorContains(t, err, "orders_issue_needs_gates")
	err = s.try(func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("UPDATE orders SET closed_reason = 'unpaid' WHERE id = ?", o.ID).Error
	})
	require.ErrorContains(t, err, "orders_closed")
	for _, table := range []string{"order_event", "order_duty"} {
		err := s.try(func(_ context.Context, tx pg.Tx) error { return tx.Gorm().Exec("DELETE FROM " + table).Error })
		require.ErrorContains(t, err, "permission denied", table)
	}
}
