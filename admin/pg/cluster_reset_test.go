package pg_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"caconsole/admin/pg"
)

func TestResetThrowsTheDatabaseAway(t *testing.T) {
	c := startCluster(t, openFolder(t))
	execOn(t, c, "CREATE TABLE half_made (id int)")
	busy, err := pgx.Connect(t.Context(), c.DSN(pg.RoleSuper))
	require.NoError(t, err)
	t.Cleanup(func() { _ = busy.Close(t.Context()) })

	require.NoError(t, c.Reset(t.Context()))
	execOn(t, c, "CREATE TABLE half_made (id int)")
	require.Error(t, busy.Ping(t.Context()), "whoever was connected is cut off")
}
