package migrations_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/migrations"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// empty makes the database of a test as it is before the first migration.
func empty(t *testing.T) (super, owner string) {
	t.Helper()
	_, owner, _ = pgtest.NewDSN(t)
	super = strings.Replace(owner, "user="+pg.RoleOwner, "user="+pg.RoleSuper, 1)
	_, err := connect(t, super).Exec(t.Context(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	require.NoError(t, err)
	return super, owner
}

// Programs that start at once on a new database migrate it once, and none of them fails.
func TestProgramsMigrateAtOnce(t *testing.T) {
	t.Parallel()
	super, owner := empty(t)
	applied, workers := make(chan []string, 3), sync.WaitGroup{}
	for range 3 {
		workers.Go(func() {
			if err := migrations.Bootstrap(t.Context(), super); err != nil {
				t.Error(err)
			}
			names, err := migrations.Migrate(t.Context(), owner)
			if err != nil {
				t.Error(err)
			}
			applied <- names
		})
	}
	workers.Wait()
	close(applied)
	runs := 0
	for names := range applied {
		if len(names) > 0 {
			runs++
			require.Equal(t, "0001_platform.sql", names[0])
		}
	}
	require.Equal(t, 1, runs)
	names, err := migrations.Migrate(t.Context(), owner)
	require.NoError(t, err)
	require.Empty(t, names)
}

// What the program may do to a table is decided by the database. Append-only means that not even a broken or stolen
// app role can rewrite what happened; the boards' role sees nothing that opens a door.
func TestGrants(t *testing.T) {
	t.Parallel()
	app, owner, read := pgtest.NewDSN(t)
	conn := connect(t, owner)
	may := func(role, table, privilege string) (yes bool) {
		require.NoError(t, conn.QueryRow(t.Context(),
			"SELECT has_any_column_privilege($1, $2, $3)", role, table, privilege).Scan(&yes), table)
		return yes
	}
	for _, table := range []string{"certificate", "audit_entry", "allocation", "order_event"} {
		require.True(t, may(pg.RoleApp, table, "INSERT"), table)
		require.False(t, may(pg.RoleApp, table, "UPDATE"), table)
		denied(t, app, "DELETE FROM "+table)
		denied(t, app, "TRUNCATE "+table)
	}
	for _, table := range []string{
		"idem_key", "inbox_callback", "throttle_bucket", "river_job", "staff_session", "staff_credential",
		"login_code", "applicant_token", "update_session",
	} {
		require.False(t, may(pg.RoleRead, table, "SELECT"), table)
	}
	denied(t, app, "CREATE TABLE mine ()")
	denied(t, app, "CREATE TEMPORARY TABLE mine ()")
	denied(t, read, "DELETE FROM orders")
}

func denied(t *testing.T, dsn, sql string) {
	t.Helper()
	_, err := connect(t, dsn).Exec(t.Context(), sql)
	var p *pgconn.PgError
	require.ErrorAs(t, err, &p, sql)
	require.Contains(t, []string{"42501", "25006"}, p.Code, "%s: %v", sql, err) // no privilege; read-only
}
