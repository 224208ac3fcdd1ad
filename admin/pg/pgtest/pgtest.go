// Package pgtest gives every test a migrated database of its own on a real PostgreSQL.
//
// A test binary starts one private cluster, in memory where the machine has room there, migrates a template once and
// clones it for each test. Nothing has to be set up or torn down by the tests, and tests may run in parallel.
package pgtest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"caconsole/admin/pg"
	"caconsole/migrations"
)

const (
	template  = "caconsole" // the cluster's own database, migrated
	startTime = 90 * time.Second
	needed    = 1 << 30 // bytes free in memory, else the cluster goes to disk
)

// cluster is the test binary's.
type cluster struct {
	*pg.Cluster
	admin *pgxpool.Pool
	alive io.Closer // open as long as this process lives, see leaveNothing
}

var (
	shared = sync.OnceValues(start)
	count  atomic.Int64
)

// New returns a fresh migrated database, opened as the app role and removed when the test ends.
func New(tb testing.TB) *pg.DB {
	tb.Helper()
	app, _, read := NewDSN(tb)
	db, err := pg.Open(tb.Context(), pg.Options{DSN: app, ReadDSN: read, MaxConns: 10, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(tb, err)
	tb.Cleanup(db.Close)
	return db
}

// NewDSN makes a fresh migrated database, removed when the test ends, and returns its addresses for the app, the owner
// and the read role.
func NewDSN(tb testing.TB) (app, owner, read string) {
	tb.Helper()
	c, err := shared()
	require.NoError(tb, err, "a PostgreSQL for tests")
	name := "t" + strconv.FormatInt(count.Add(1), 10)
	_, err = c.admin.Exec(tb.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY file_copy OWNER "+pg.RoleOwner)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		_, err := c.admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(tb, err)
	})
	// A clone does not take these along.
	_, err = c.admin.Exec(tb.Context(), fmt.Sprintf("REVOKE ALL ON DATABASE %[1]s FROM PUBLIC; GRANT CONNECT ON DATABASE %[1]s TO %[2]s, %[3]s",
		name, pg.RoleApp, pg.RoleRead))
	require.NoError(tb, err)
	return c.DatabaseDSN(name, pg.RoleApp), c.DatabaseDSN(name, pg.RoleOwner), c.DatabaseDSN(name, pg.RoleRead)
}

func start() (cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	dir, err := os.MkdirTemp(folder(), "caconsole-test-")
	if err != nil {
		return cluster{}, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // as root, the server's user walks through it
		return cluster{}, err
	}
	c, err := pg.StartCluster(ctx, pg.ClusterOptions{Data: dir, NoFsync: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return cluster{}, err
	}
	alive, err := leaveNothing(c.PID(), dir, c.Folder())
	if err != nil {
		return cluster{}, err
	}
	if err := migrations.Bootstrap(ctx, c.DSN(pg.RoleSuper)); err != nil {
		return cluster{}, err
	}
	if _, err := migrations.Migrate(ctx, c.DSN(pg.RoleOwner)); err != nil {
		return cluster{}, err
	}
	admin, err := adminPool(ctx, c)
	return cluster{c, admin, alive}, err
}

func adminPool(ctx context.Context, c *pg.Cluster) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(c.DatabaseDSN("postgres", pg.RoleSuper))
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = 4
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // several statements in one text
	return pgxpool.NewWithConfig(ctx, cfg)
}

// folder is in memory where there is room for a cluster.
func folder() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err == nil && fs.Bavail*uint64(fs.Bsize) > needed {
		return "/dev/shm"
	}
	return os.TempDir()
}

// leaveNothing removes the cluster's folders once this test binary has ended, however it ended: a test binary has no
// last act of its own. A shell waits for the end of a pipe that only this process holds; the pipe must be kept, for the
// garbage collector closes it. The server is ended by the kernel, too; the shell waits for it.
func leaveNothing(pid int, folders ...string) (io.Closer, error) {
	const script = `pid=$1; shift; read -r _; kill -QUIT "$pid" 2>/dev/null
while [ -e "/proc/$pid/cwd" ]; do sleep 0.05; done; rm -rf "$@"`
	cmd := exec.Command("/bin/sh", append([]string{"-c", script, "sh", strconv.Itoa(pid)}, folders...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return alive, cmd.Start()
}
