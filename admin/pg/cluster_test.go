package pg_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

var quiet = slog.New(slog.DiscardHandler)

// openFolder is a data folder that every user may enter, as t.TempDir's is not.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "caconsole-cluster-") // in memory: a new cluster is 40 MB of small files
	if err != nil {
		dir, err = os.MkdirTemp("", "caconsole-cluster-")
	}
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func startCluster(t *testing.T, data string) *pg.Cluster {
	t.Helper()
	return startWith(t, pg.ClusterOptions{Data: data, Logger: quiet, NoFsync: true})
}

func startWith(t *testing.T, opt pg.ClusterOptions) *pg.Cluster {
	t.Helper()
	c, err := pg.StartCluster(t.Context(), opt)
	require.NoError(t, err)
	t.Cleanup(c.Stop)
	return c
}

func execOn(t *testing.T, c *pg.Cluster, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.DSN(pg.RoleSuper))
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

// alive tells a running process from one that has ended and was not yet buried by its parent.
func alive(pid int) bool {
	_, err := os.Stat("/proc/" + strconv.Itoa(pid) + "/cwd/")
	return err == nil
}

// TestProgram is not a test: it is the program that other tests start and kill. It runs the cluster of the folder in
// its environment, prints the server's process number and waits.
func TestProgram(t *testing.T) {
	data := os.Getenv("CLUSTER_OF")
	if data == "" {
		t.Skip("only as a child of other tests")
	}
	c, err := pg.StartCluster(context.Background(), pg.ClusterOptions{Data: data, Logger: quiet})
	require.NoError(t, err)
	_, _ = os.Stdout.WriteString("pid " + strconv.Itoa(c.PID()) + "\n")
	_, _ = io.Copy(io.Discard, os.Stdin) // until killed, or the parent ends
}

// program starts TestProgram and returns it with the server's process number once the server is up.
func program(t *testing.T, binary, data string, as *syscall.Credential) (*exec.Cmd, int) {
	t.Helper()
	cmd := exec.Command(binary, "-test.run=^TestProgram$")
	cmd.Env = append(os.Environ(), "CLUSTER_OF="+data)
	cmd.Dir = data
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if pid, ok := strings.CutPrefix(lines.Text(), "pid "); ok {
			n, err := strconv.Atoi(pid)
			require.NoError(t, err)
			return cmd, n
		}
	}
	t.Fatal("the program did not start its database")
	return nil, 0
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

func TestSecondStartFindsItsData(t *testing.T) {
	t.Parallel()
	data := openFolder(t)
	durable := pg.ClusterOptions{Data: data, Logger: quiet}
	c := startWith(t, durable)
	require.Equal(t, filepath.Join(data, "pg"), c.Folder())
	execOn(t, c, "CREATE TABLE kept AS SELECT 1 AS n")
	pid := c.PID()
	c.Stop()
	require.False(t, alive(pid))
	_, err := pg.FindCluster(t.Context(), data)
	require.True(t, fault.HasKey(err, "cluster_not_running"), "%v", err)

	c = startWith(t, durable)
	execOn(t, c, "INSERT INTO kept VALUES (2)")
}

// A program killed by SIGKILL leaves a server that is still shutting down and a process number on file.
func TestStartAfterKill(t *testing.T) {
	t.Parallel()
	data := openFolder(t)
	durable := pg.ClusterOptions{Data: data, Logger: quiet}
	prog, old := program(t, self(t), data, nil)
	c, err := pg.FindCluster(t.Context(), data)
	require.NoError(t, err)
	execOn(t, c, "CREATE TABLE kept AS SELECT 1 AS n")
	require.NoError(t, prog.Process.Kill())
	_ = prog.Wait()

	c = startWith(t, durable)
	require.False(t, alive(old))
	execOn(t, c, "INSERT INTO kept VALUES (2)")
	c.Stop()

	// The file of a dead server, its number long given to another process: this one.
	require.NoError(t, os.WriteFile(filepath.Join(c.Folder(), "data", "postmaster.pid"), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600))
	execOn(t, startWith(t, durable), "INSERT INTO kept VALUES (3)")
}

func TestTwoProgramsShareTheServer(t *testing.T) {
	t.Parallel()
	data := openFolder(t)
	prog, pid := program(t, self(t), data, nil)
	c := startCluster(t, data)
	require.Zero(t, c.PID())
	execOn(t, c, "CREATE TABLE made ()")
	c.Stop()
	require.True(t, alive(pid), "the server belongs to the other program")
	require.NoError(t, prog.Process.Kill())
	require.Eventually(t, func() bool { return !alive(pid) }, 10*time.Second, 10*time.Millisecond, "and ends with it")
}

// Both start at the same moment on an empty folder: one makes the cluster, both can use it.
func TestTwoProgramsStartAtOnce(t *testing.T) {
	t.Parallel()
	data := openFolder(t)
	got := make(chan *pg.Cluster)
	for range 2 {
		go func() {
			c, err := pg.StartCluster(context.Background(), pg.ClusterOptions{Data: data, Logger: quiet, NoFsync: true})
			if err != nil {
				t.Error(err)
			}
			got <- c
		}()
	}
	one, two := <-got, <-got
	t.Cleanup(one.Stop)
	t.Cleanup(two.Stop)
	require.True(t, (one.PID() == 0) != (two.PID() == 0))
	execOn(t, one, "CREATE TABLE one ()")
	execOn(t, two, "DROP TABLE one")
}

// Where the server's user cannot enter the data folder, the cluster lies elsewhere, and is found again.
func TestDataFolderClosedToTheServersUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("an ordinary user's server runs as that user")
	}
	data := filepath.Join(t.TempDir(), "var") // below a folder that only root may enter
	var log bytes.Buffer
	c, err := pg.StartCluster(t.Context(), pg.ClusterOptions{
		Data: data, NoFsync: true, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err)
	elsewhere := c.Folder()
	t.Cleanup(func() {
		_ = os.RemoveAll(elsewhere)
		_ = os.RemoveAll(elsewhere + ".old")
		_ = os.Remove(filepath.Dir(elsewhere)) // only if empty
	})
	t.Cleanup(c.Stop)
	require.False(t, strings.HasPrefix(elsewhere, data))
	require.Contains(t, log.String(), "the database lies elsewhere")
	require.Contains(t, log.String(), elsewhere)
	execOn(t, c, "CREATE TABLE kept ()")

	found, err := pg.FindCluster(t.Context(), data)
	require.NoError(t, err)
	execOn(t, found, "DROP TABLE kept")

	// The data folder is removed under the running server: nobody else takes the database away.
	require.NoError(t, os.RemoveAll(data))
	_, err = pg.StartCluster(t.Context(), pg.ClusterOptions{Data: data, Logger: quiet})
	require.True(t, fault.HasKey(err, "cluster_in_use"), "%v", err)
	execOn(t, c, "CREATE TABLE kept ()")
	c.Stop()

	// A new data folder gets a new database; the old one is set aside.
	c = startCluster(t, data)
	require.Equal(t, elsewhere, c.Folder())
	execOn(t, c, "CREATE TABLE kept ()")
	require.DirExists(t, elsewhere+".old")
}

// A data folder too long for a socket gets its socket elsewhere.
func TestLongDataFolder(t *testing.T) {
	t.Parallel()
	data := filepath.Join(openFolder(t), strings.Repeat("很长的文件夹", 8))
	c := startCluster(t, data)
	execOn(t, c, "CREATE TABLE kept ()")
	require.Equal(t, filepath.Join(data, "pg"), c.Folder())
}

// As an ordinary user the server runs as that user.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("all the other tests run as one")
	}
	nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
	data := openFolder(t)
	require.NoError(t, os.Chown(data, int(nobody.Uid), int(nobody.Gid)))
	binary := filepath.Join(data, "program") // the original lies where only root may go
	raw, err := os.ReadFile(self(t))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, raw, 0o755))

	prog, pid := program(t, binary, data, nobody)
	info, err := os.Stat("/proc/" + strconv.Itoa(pid))
	require.NoError(t, err)
	require.Equal(t, nobody.Uid, info.Sys().(*syscall.Stat_t).Uid)

	// Root comes later to the same folder: the server still runs as its owner.
	require.NoError(t, prog.Process.Kill())
	_ = prog.Wait()
	c := startCluster(t, data)
	info, err = os.Stat("/proc/" + strconv.Itoa(c.PID()))
	require.NoError(t, err)
	require.Equal(t, nobody.Uid, info.Sys().(*syscall.Stat_t).Uid)
}

// Whatever ends the server, a full memory or a hand, the program that owns it starts it again with its data.
func TestServerThatEndsIsStartedAgain(t *testing.T) {
	t.Parallel()
	c := startWith(t, pg.ClusterOptions{Data: openFolder(t), Logger: quiet})
	execOn(t, c, "CREATE TABLE kept AS SELECT 1 AS n")
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		pid := c.PID()
		require.NoError(t, syscall.Kill(pid, sig))
		require.Eventually(t, func() bool {
			conn, err := pgx.Connect(t.Context(), c.DSN(pg.RoleSuper))
			if err != nil {
				return false
			}
			defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
			_, err = conn.Exec(t.Context(), "INSERT INTO kept VALUES (2)")
			return err == nil && c.PID() != pid
		}, 20*time.Second, 50*time.Millisecond)
	}
	last := c.PID()
	c.Stop()
	time.Sleep(1500 * time.Millisecond) // longer than the pause between two starts
	require.False(t, alive(last))
	require.Equal(t, last, c.PID(), "a stopped cluster stays stopped")
}
