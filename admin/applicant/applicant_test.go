package applicant_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/project"
	"caconsole/admin/seal"
)

const (
	phone = "13800138000"
	ttl   = 5 * time.Minute
)

var now = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

type desk struct {
	*applicant.Applicants
	t  *testing.T
	db *pg.DB
}

func newDesk(t *testing.T) desk {
	t.Helper()
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	return desk{applicant.NewApplicants(ring), t, pgtest.New(t)}
}

func (d desk) inTx(fn func(ctx context.Context, tx pg.Tx) error) {
	d.t.Helper()
	require.NoError(d.t, d.db.InTx(d.t.Context(), fn))
}

func (d desk) code(at time.Time) (code string) {
	d.t.Helper()
	d.inTx(func(ctx context.Context, tx pg.Tx) (err error) {
		code, err = d.IssueCode(ctx, tx, phone, at, ttl)
		return err
	})
	require.Regexp(d.t, `^\d{6}$`, code)
	return code
}

func (d desk) take(phone, code string, at time.Time) (ok bool) {
	d.t.Helper()
	d.inTx(func(ctx context.Context, tx pg.Tx) (err error) {
		ok, err = d.TakeCode(ctx, tx, phone, code, at)
		return err
	})
	return ok
}

func (d desk) signIn(at time.Time) (s applicant.Session) {
	d.t.Helper()
	d.inTx(func(ctx context.Context, tx pg.Tx) (err error) {
		s, err = d.SignIn(ctx, tx, phone, at)
		return err
	})
	return s
}

// other returns a code that is not the given one.
func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestCodeWorksOnceAndInTime(t *testing.T) {
	d := newDesk(t)
	code := d.code(now)
	require.False(t, d.take("13900139000", code, now), "another phone")
	require.True(t, d.take(phone, code, now.Add(ttl-time.Second)))
	require.False(t, d.take(phone, code, now.Add(ttl-time.Second)), "used")

	code = d.code(now)
	require.False(t, d.take(phone, code, now.Add(ttl)), "too old")

	first := d.code(now)
	second := d.code(now)
	if first != second {
		require.False(t, d.take(phone, first, now), "replaced")
	}
	require.True(t, d.take(phone, second, now))
}

func TestFiveWrongTriesKillACode(t *testing.T) {
	d := newDesk(t)
	code := d.code(now)
	for range 4 {
		require.False(t, d.take(phone, other(code), now))
	}
	require.True(t, d.take(phone, code, now), "the fifth try may be right")

	code = d.code(now)
	for range 5 {
		require.False(t, d.take(phone, other(code), now))
	}
	require.False(t, d.take(phone, code, now), "dead after five")
}

func TestParallelGuessesShareTheTries(t *testing.T) {
	d := newDesk(t)
	code := d.code(now)
	var wg sync.WaitGroup
	var right atomic.Int32
	for range 12 {
		wg.Go(func() {
			_ = d.db.InTx(d.t.Context(), func(ctx context.Context, tx pg.Tx) error {
				ok, err := d.TakeCode(ctx, tx, phone, other(code), now)
				if ok {
					right.Add(1)
				}
				return err
			})
		})
	}
	wg.Wait()
	require.Zero(t, right.Load())
	require.False(t, d.take(phone, code, now), "twelve guesses used up five tries")
}

func TestSessionOfOneAccountAPhone(t *testing.T) {
	d := newDesk(t)
	s := d.signIn(now)
	require.Equal(t, "138****8000", s.PhoneMask)
	again := d.signIn(now.Add(time.Hour))
	require.Equal(t, s.ApplicantID, again.ApplicantID)
	require.NotEqual(t, s.Token, again.Token)

	q := d.db.Read(t.Context())
	a, err := d.Resume(t.Context(), q, s.Token, s.ExpiresAt.Add(-time.Second))
	require.NoError(t, err)
	require.Equal(t, actor.Actor{Kind: actor.Applicant, ID: s.ApplicantID, Name: "applicant", AllProjects: true}, a)
	for name, token := range map[string]string{"none": "", "made up": s.Token + "A"} {
		_, err = d.Resume(t.Context(), q, token, now)
		require.True(t, fault.HasKey(err, "login_required"), name)
	}
	_, err = d.Resume(t.Context(), q, s.Token, s.ExpiresAt)
	require.True(t, fault.HasKey(err, "login_required"), "over")

	d.inTx(func(ctx context.Context, tx pg.Tx) error { return d.Sweep(ctx, tx, again.ExpiresAt) })
	_, err = d.Resume(t.Context(), q, again.Token, now)
	require.True(t, fault.HasKey(err, "login_required"), "swept")
}

func TestConsents(t *testing.T) {
	d := newDesk(t)
	d.inTx(func(ctx context.Context, tx pg.Tx) error {
		_, err := project.Projects{}.EnsureProject(ctx, tx, now)
		return err
	})
	id := d.signIn(now).ApplicantID
	service, face := applicant.Agreed{Code: "service", Version: 1}, applicant.Agreed{Code: "sensitive_data", Version: 1}
	give := func(at time.Time, agreed ...applicant.Agreed) {
		d.inTx(func(ctx context.Context, tx pg.Tx) error {
			_, err := d.GiveConsents(ctx, tx, id, agreed, "192.0.2.1", at)
			return err
		})
	}
	given := func() []applicant.Consent {
		c, err := d.ConsentsOf(t.Context(), d.db.Read(t.Context()), id)
		require.NoError(t, err)
		return c
	}
	give(now, service, face)
	give(now.Add(time.Hour), service) // standing already: keeps its first time
	require.Equal(t, []applicant.Consent{{Agreed: face, GivenAt: now}, {Agreed: service, GivenAt: now}}, given())

	d.inTx(func(ctx context.Context, tx pg.Tx) error {
		n, err := d.WithdrawConsents(ctx, tx, id, []string{"sensitive_data"}, now.Add(time.Hour))
		require.EqualValues(t, 1, n)
		return err
	})
	require.Equal(t, []applicant.Agreed{face}, applicant.Missing([]applicant.Agreed{service, face}, given()))
	give(now.Add(2*time.Hour), face)
	require.Empty(t, applicant.Missing([]applicant.Agreed{service, face}, given()))
	require.NotEmpty(t, applicant.Missing([]applicant.Agreed{{Code: "service", Version: 2}}, given()), "another version")

	err := d.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		_, err := d.GiveConsents(ctx, tx, id, []applicant.Agreed{{Code: "service", Version: 9}}, "192.0.2.1", now)
		return err
	})
	require.True(t, fault.HasKey(err, "agreement_unknown"), "%v", err)
}
