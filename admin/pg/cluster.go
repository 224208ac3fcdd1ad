package pg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"caconsole/admin/fault"
)

const (
	database      = "caconsole"
	socketPort    = "5432"          // only a part of the socket's file name: the cluster listens on no network
	startPatience = 2 * time.Minute // crash recovery included
)

// ClusterOptions say where the private cluster lives.
type ClusterOptions struct {
	Data   string       // the program's data folder; made if it is not there
	Logger *slog.Logger // nil: slog.Default()
	// NoFsync makes a throw-away cluster for tests: fast, and lost when it ends.
	NoFsync bool
}

// Cluster is a private PostgreSQL server on a Unix socket, run as an unprivileged user. Login needs no password: the
// server asks the kernel who is at the other end of the socket.
type Cluster struct {
	place place
	lock  *os.File // held as long as this program runs the server

	mu      sync.Mutex
	server  *server // nil where another program runs the server and this one only uses it
	stopped bool
}

// StartCluster starts the private cluster of a data folder, making it the first time, and returns once it answers.
// Where another living program runs it already, that server is shared; one left behind by a killed program is waited
// for and replaced. The server ends with this program, however that ends.
//
// Errors, all Unavailable: postgres_missing, postgres_wrong_version, cluster_folder_unusable, cluster_socket_too_long,
// cluster_in_use, cluster_not_starting.
func StartCluster(ctx context.Context, opt ClusterOptions) (*Cluster, error) {
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	pl, err := findPlace(ctx, opt)
	if err != nil {
		return nil, err
	}
	for {
		lock, free, err := tryLock(pl.lockFile())
		if err != nil {
			return nil, clusterFault("cluster_folder_unusable", pl, err)
		}
		if free {
			c, err := own(ctx, pl, opt, lock)
			if err != nil {
				_ = lock.Close()
			}
			return c, err
		}
		// Another program holds the lock: its server is up, coming up, or, should that program die now, soon ours.
		c, err := share(ctx, pl)
		if err == nil {
			opt.Logger.InfoContext(ctx, "private database shared with the program that runs it", "folder", pl.Base)
			return c, nil
		}
		if sleep(ctx, 100*time.Millisecond) != nil {
			return nil, clusterFault("cluster_in_use", pl, err)
		}
	}
}

// FindCluster returns the running cluster of a data folder, started by another program. Error: NotFound
// cluster_not_running.
func FindCluster(ctx context.Context, data string) (*Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	pl, err := recall(data)
	if err == nil {
		var c *Cluster
		if c, err = share(ctx, pl); err == nil {
			return c, nil
		}
	}
	return nil, &fault.Error{Kind: fault.NotFound, Key: "cluster_not_running", Args: fault.Args{"folder": data}, Cause: err}
}

// own starts the server in a place whose lock is held.
func own(ctx context.Context, pl place, opt ClusterOptions, lock *os.File) (*Cluster, error) {
	bin, err := findBinaries(binaryFolders(), pl.version())
	if err != nil {
		return nil, err
	}
	if err := endOrphan(ctx, pl, opt.Logger); err != nil {
		return nil, clusterFault("cluster_in_use", pl, err)
	}
	if err := pl.prepare(); err != nil {
		return nil, clusterFault("cluster_folder_unusable", pl, err)
	}
	if err := initialise(ctx, bin, pl, opt.NoFsync); err != nil {
		return nil, clusterFault("cluster_not_starting", pl, err)
	}
	srv, err := startServer(ctx, bin, pl, opt.NoFsync)
	if err != nil {
		return nil, clusterFault("cluster_not_starting", pl, err)
	}
	c := &Cluster{place: pl, server: srv, lock: lock}
	if err := c.makeDatabase(ctx); err != nil {
		srv.stop()
		return nil, clusterFault("cluster_not_starting", pl, err)
	}
	//nolint:gosec // G118: the server outlives the call that started it
	go c.watch(srv, opt, func() (*server, error) { return launch(bin, pl, opt.NoFsync) })
	opt.Logger.InfoContext(ctx, "private database started",
		"folder", pl.Base, "socket", pl.Socket, "user", pl.user.name, "version", bin.major)
	return c, nil
}

// share connects to a server that another program runs.
func share(ctx context.Context, pl place) (*Cluster, error) {
	c := &Cluster{place: pl}
	conn, err := pgx.Connect(ctx, c.DSN(RoleSuper))
	if err != nil {
		return nil, err
	}
	return c, conn.Close(ctx)
}

// makeDatabase makes the program's database unless it is there.
func (c *Cluster) makeDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.DatabaseDSN("postgres", RoleSuper))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var there bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+database)
	return err
}

// DSN returns the address of the program's database for one of the Role constants.
func (c *Cluster) DSN(role string) string { return c.DatabaseDSN(database, role) }

// DatabaseDSN returns the address of any database of the cluster.
func (c *Cluster) DatabaseDSN(name, role string) string {
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	return fmt.Sprintf("host='%s' port=%s user=%s dbname=%s", quote.Replace(c.place.Socket), socketPort, role, name)
}

// Folder is where the cluster's files lie; not under the data folder where the server's user could not enter that.
func (c *Cluster) Folder() string { return c.place.Base }

// Checkpoint writes everything committed so far to disk, also what was committed without waiting for that.
func (c *Cluster) Checkpoint(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.DSN(RoleSuper))
	if err != nil {
		return Fault(err)
	}
	_, err = conn.Exec(ctx, "CHECKPOINT")
	return errors.Join(Fault(err), conn.Close(ctx))
}

// PID is the server's process, or 0 of a shared server.
func (c *Cluster) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return 0
	}
	return c.server.cmd.Process.Pid
}

// Stop ends the server and returns when it has ended; a shared server runs on. Calling it again does nothing.
func (c *Cluster) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil || c.stopped {
		return
	}
	c.stopped = true
	c.server.stop()
	c.place.removeSocket()
	_ = c.lock.Close()
}

// clusterFault carries a key for a page and, as its cause, words for a terminal. A fault passes unchanged.
func clusterFault(key string, pl place, cause error) error {
	var known *fault.Error
	if errors.As(cause, &known) {
		return cause
	}
	return &fault.Error{Kind: fault.Unavailable, Key: key, Args: fault.Args{"folder": pl.Base}, Cause: cause}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
