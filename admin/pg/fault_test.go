package pg_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

func TestFault(t *testing.T) {
	t.Parallel()
	pg.Constraint("thing_taken", fault.Conflict, "taken")
	plain := errors.New("plain")
	own := fault.New(fault.Forbidden, "mine", nil)
	for _, c := range []struct {
		name string
		err  error
		kind fault.Kind
		key  string
	}{
		{"no row, gorm", fmt.Errorf("store: %w", gorm.ErrRecordNotFound), fault.NotFound, "not_found"},
		{"no row, pgx", pgx.ErrNoRows, fault.NotFound, "not_found"},
		{"registered constraint", &pgconn.PgError{Code: "23505", ConstraintName: "thing_taken"}, fault.Conflict, "taken"},
		{"unregistered constraint", &pgconn.PgError{Code: "23505", ConstraintName: "other"}, fault.Internal, "internal"},
		{"statement timeout", &pgconn.PgError{Code: "57014"}, fault.Unavailable, "database_busy"},
		{"lock timeout", &pgconn.PgError{Code: "55P03"}, fault.Unavailable, "database_busy"},
		{"deadline", fmt.Errorf("x: %w", context.DeadlineExceeded), fault.Unavailable, "database_busy"},
		{"NUL in a text", &pgconn.PgError{Code: "22021"}, fault.Invalid, "text_unreadable"},
		{"server going down", &pgconn.PgError{Code: "57P01"}, fault.Unavailable, "database_down"},
		{"a fault passes", fmt.Errorf("x: %w", own), fault.Forbidden, "mine"},
		{"anything else passes", plain, fault.Internal, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := pg.Fault(c.err)
			require.ErrorIs(t, got, c.err)
			require.Equal(t, c.kind, fault.Of(got).Kind)
			require.Equal(t, c.key, fault.Of(got).Key)
		})
	}
	require.NoError(t, pg.Fault(nil))
	require.Panics(t, func() { pg.Constraint("thing_taken", fault.Conflict, "again") })
}

func TestOpenSaysThatNobodyIsThere(t *testing.T) {
	t.Parallel()
	_, err := pg.Open(t.Context(), pg.Options{DSN: "host=" + t.TempDir() + " user=nobody dbname=x"})
	require.True(t, fault.HasKey(err, "database_down"), "%v", err)
	_, err = pg.Open(t.Context(), pg.Options{DSN: "host=a port=none"})
	require.ErrorContains(t, err, "database address")
}
