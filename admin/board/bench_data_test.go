package board_test

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"caconsole/admin/board/boardtest"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/migrations"
	"caconsole/ui/page/pagetest"
)

// filled returns the addresses, for the app and the read role, of a database with so many orders. It is made for this
// run, unless CACONSOLE_BENCH_DATA names a folder: there it is kept on disk, and found again by the next run.
func filled(b *testing.B, orders int) (app, read string) {
	b.Helper()
	var owner string
	if folder := os.Getenv("CACONSOLE_BENCH_DATA"); folder != "" {
		app, owner, read = kept(b, folder)
	} else {
		app, owner, read = pgtest.NewDSN(b)
	}
	conn, err := pgx.Connect(b.Context(), owner)
	require.NoError(b, err)
	var there bool
	require.NoError(b, conn.QueryRow(b.Context(), "SELECT EXISTS (SELECT FROM orders)").Scan(&there))
	require.NoError(b, conn.Close(b.Context()))
	if there {
		return app, read
	}
	start := time.Now()
	require.NoError(b, boardtest.Seed(b.Context(), owner, orders, pagetest.Now))
	b.Logf("%d orders made in %s", orders, time.Since(start).Round(time.Second))
	return app, read
}

func kept(b *testing.B, folder string) (app, owner, read string) {
	b.Helper()
	c, err := pg.StartCluster(b.Context(), pg.ClusterOptions{Data: folder, NoFsync: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	b.Cleanup(c.Stop)
	require.NoError(b, migrations.Bootstrap(b.Context(), c.DSN(pg.RoleSuper)))
	_, err = migrations.Migrate(b.Context(), c.DSN(pg.RoleOwner))
	require.NoError(b, err)
	return c.DSN(pg.RoleApp), c.DSN(pg.RoleOwner), c.DSN(pg.RoleRead)
}
