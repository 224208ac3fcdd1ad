package project_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/project"
)

var since = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func inTx(t *testing.T, db *pg.DB, fn func(ctx context.Context, tx pg.Tx) error) {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), fn))
}

func first(t *testing.T, db *pg.DB) project.Project {
	t.Helper()
	var p project.Project
	inTx(t, db, func(ctx context.Context, tx pg.Tx) (err error) {
		p, err = project.Projects{}.EnsureProject(ctx, tx, since)
		return err
	})
	return p
}

func TestEnsureProjectTwiceChangesNothing(t *testing.T) {
	db := pgtest.New(t)
	var projects project.Projects
	p := first(t, db)
	inTx(t, db, func(ctx context.Context, tx pg.Tx) error {
		return projects.Set(ctx, tx, p.ID, "unpaid_hours", 24, since.AddDate(0, 1, 0), since)
	})
	require.Equal(t, p, first(t, db))

	q := db.Read(t.Context())
	all, err := projects.List(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, []project.Project{p}, all)
	prices, err := projects.Prices(t.Context(), q, p.ID, project.OrganisationCertificate, since)
	require.NoError(t, err)
	require.Len(t, prices, project.MaxYears)
	s, err := projects.Settings(t.Context(), q, p.ID, since.AddDate(0, 2, 0))
	require.NoError(t, err)
	require.Equal(t, 24, s.UnpaidHours)
	agreements, err := projects.Agreements(t.Context(), q, since)
	require.NoError(t, err)
	require.Len(t, agreements, 4)
	require.True(t, agreements[3].Sensitive)
	for _, a := range agreements {
		require.NotEmpty(t, a.Body, a.Code)
	}
}

func TestValuesHoldFromTheirDateOn(t *testing.T) {
	db := pgtest.New(t)
	var projects project.Projects
	p := first(t, db)
	change := since.AddDate(0, 6, 0)
	inTx(t, db, func(ctx context.Context, tx pg.Tx) error {
		if err := projects.Set(ctx, tx, p.ID, "one_at_a_time", project.ScopeHolder, change, since); err != nil {
			return err
		}
		if err := projects.Set(ctx, tx, p.ID, "max_days_after_expiry", 365, change, since); err != nil {
			return err
		}
		return projects.Set(ctx, tx, p.ID, "login_code_minutes", 3, change, since)
	})
	q := db.Read(t.Context())
	before, err := projects.Settings(t.Context(), q, p.ID, change.Add(-time.Second))
	require.NoError(t, err)
	require.Equal(t, project.Defaults(), before)
	require.Nil(t, before.MaxDaysAfterExpiry)

	after, err := projects.Settings(t.Context(), q, p.ID, change)
	require.NoError(t, err)
	require.Equal(t, project.ScopeHolder, after.OneAtATime)
	require.Equal(t, 365, *after.MaxDaysAfterExpiry)
	require.Equal(t, "3888", after.MediumPrefix)
	ttl, err := projects.LoginCodeTTL(t.Context(), q, change)
	require.NoError(t, err)
	require.Equal(t, 3*time.Minute, ttl)
}

func TestSetRefusesWhatSettingsCannotHold(t *testing.T) {
	db := pgtest.New(t)
	p := first(t, db)
	for name, c := range map[string]struct {
		key   string
		value any
	}{
		"unknown key":           {"window_days", 90},
		"wrong type":            {"window_before_days", "90"},
		"unknown word":          {"one_at_a_time", "sometimes"},
		"zero minutes":          {"login_code_minutes", 0},
		"code too short to pay": {"code_minutes", 5}, "unknown way to pay": {"online_methods", []string{"wechat", "cash"}},
		"no prefix": {"medium_prefix", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
				return project.Projects{}.Set(ctx, tx, p.ID, c.key, c.value, since, since)
			})
			require.True(t, fault.HasKey(err, "setting_broken"), "%v", err)
		})
	}
}

func TestPrice(t *testing.T) {
	db := pgtest.New(t)
	p := first(t, db)
	q := db.Read(t.Context())
	fen, err := project.Projects{}.Price(t.Context(), q, p.ID, project.OrganisationCertificate, 1, since)
	require.NoError(t, err)
	require.Equal(t, money.Fen(260_00), fen)
	for _, years := range []int{0, -1, 6, 1 << 20} {
		_, err = project.Projects{}.Price(t.Context(), q, p.ID, project.OrganisationCertificate, years, since)
		require.True(t, fault.Is(err, fault.Invalid), "%d: %v", years, err)
	}
	_, err = project.Projects{}.Price(t.Context(), q, p.ID, project.OrganisationCertificate, 1, since.Add(-time.Second))
	require.Error(t, err, "no price before its date")
	_, err = project.Projects{}.ByID(t.Context(), q, uuid.New())
	require.True(t, fault.HasKey(err, "project_unknown"))
}
