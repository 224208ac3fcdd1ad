package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	stopPatience   = 20 * time.Second
	orphanPatience = 5 * time.Second // an orphan was told to end when its program died
	maxServerLog   = 10 << 20        // bytes; a longer log is begun anew at the next start
)

// command runs a program as the server's user, in the cluster's folder, with none of our environment: that holds keys.
func (p place) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // names come from findBinaries
	cmd.Dir = p.Base
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=" + p.Base}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C is for us; we then stop the server
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: p.user.uid, Gid: p.user.gid, Groups: []uint32{}}
	}
	return cmd
}

// initialise makes the cluster's data unless it is there. It appears under its name only when complete.
func initialise(ctx context.Context, bin binaries, p place, noFsync bool) error {
	if p.version() != 0 {
		return nil
	}
	unfinished := p.dataDir() + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	// Order by code point, the same on every machine; character classes know Chinese, which trigram search needs.
	args := []string{
		"-D", unfinished, "-U", RoleSuper, "--auth=peer", "--encoding=UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8",
		"--lc-messages=C", "--lc-monetary=C", "--lc-numeric=C", "--lc-time=C",
	}
	if noFsync {
		args = append(args, "--no-sync")
	} else {
		args = append(args, "--data-checksums")
	}
	out, err := p.command(ctx, bin.path("initdb"), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return os.Rename(unfinished, p.dataDir())
}

// server is a running postgres process, a child of this one.
type server struct {
	cmd      *exec.Cmd
	done     chan struct{}
	stopWith syscall.Signal
}

// startServer starts postgres and waits until it answers.
func startServer(ctx context.Context, bin binaries, p place, noFsync bool) (*server, error) {
	if err := p.writeAccess(); err != nil {
		return nil, err
	}
	for {
		s, err := launch(bin, p, noFsync)
		if err != nil {
			return nil, err
		}
		if err = s.ready(ctx, p); err == nil {
			return s, nil
		}
		s.stop()
		words := lastWords(p.log())
		// Backends of a killed server may outlive it for a moment.
		if !strings.Contains(words, "still in use") || sleep(ctx, 200*time.Millisecond) != nil {
			return nil, fmt.Errorf("%w; the server's last words: %s", err, words)
		}
	}
}

// launch starts postgres from a thread of its own: the kernel tells a child of its parent's death when the thread
// that started it ends, so that thread lives as long as the server.
func launch(bin binaries, p place, noFsync bool) (*server, error) {
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if info, err := os.Stat(p.log()); err == nil && info.Size() > maxServerLog {
		flags |= os.O_TRUNC
	}
	log, err := os.OpenFile(p.log(), flags, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()

	s := &server{done: make(chan struct{}), stopWith: syscall.SIGINT} // SIGINT: fast shutdown, nothing to recover
	if noFsync {
		s.stopWith = syscall.SIGQUIT // at once
	}
	// Not bound to a context: the server outlives the call that started it.
	s.cmd = p.command(context.Background(), bin.path("postgres"), p.settings(noFsync)...)
	s.cmd.SysProcAttr.Pdeathsig = s.stopWith
	s.cmd.Stdout, s.cmd.Stderr = log, log
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait()
			close(s.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return s, nil
}

// settings are the server's, beside its defaults. Statements and values stay out of its log: they hold personal data.
func (p place) settings(noFsync bool) []string {
	set := []string{
		"listen_addresses=", "port=" + socketPort, "unix_socket_directories=" + p.Socket, "unix_socket_permissions=0700",
		"hba_file=" + filepath.Join(p.Base, "hba.conf"), "ident_file=" + filepath.Join(p.Base, "ident.conf"),
		"timezone=UTC", "log_timezone=UTC", "log_min_error_statement=panic", "log_error_verbosity=terse",
		"log_min_messages=log",
	}
	if noFsync {
		set = append(set, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=400",
			"wal_level=minimal", "max_wal_senders=0", "jit=off")
	} else {
		set = append(set, "max_connections=200", "shared_buffers=256MB", "jit=off")
	}
	args := []string{"-D", p.dataDir()}
	for _, s := range set {
		args = append(args, "-c", s)
	}
	return args
}

// writeAccess lets root, this process's user and the server's user log in as any of our roles.
func (p place) writeAccess() error {
	names := []string{"root", p.user.name}
	if me, err := user.Current(); err == nil {
		names = append(names, me.Username)
	}
	slices.Sort(names)
	var ident strings.Builder
	for _, name := range slices.Compact(names) {
		for _, role := range []string{RoleSuper, RoleOwner, RoleApp, RoleRead} {
			fmt.Fprintf(&ident, "caconsole \"%s\" %s\n", name, role)
		}
	}
	//nolint:gosec // the server's user reads both; neither holds a secret
	return errors.Join(
		os.WriteFile(filepath.Join(p.Base, "hba.conf"), []byte("local all all peer map=caconsole\n"), 0o644),
		os.WriteFile(filepath.Join(p.Base, "ident.conf"), []byte(ident.String()), 0o644),
	)
}

// ready waits until the server takes a connection.
func (s *server) ready(ctx context.Context, p place) error {
	dsn := (&Cluster{place: p}).DatabaseDSN("postgres", RoleSuper)
	for {
		conn, err := pgx.Connect(ctx, dsn)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.done:
			return fmt.Errorf("postgres ended at once: %s", s.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server: fast, and if that takes too long, at once.
func (s *server) stop() {
	for _, sig := range []syscall.Signal{s.stopWith, syscall.SIGQUIT, syscall.SIGKILL} {
		_ = s.cmd.Process.Signal(sig) // fails only where it has ended
		select {
		case <-s.done:
			return
		case <-time.After(stopPatience):
		}
	}
}

// endOrphan waits for a server whose program was killed: the kernel has told it to end. If it does not, we do.
func endOrphan(ctx context.Context, p place, log *slog.Logger) error {
	pid := p.postmaster()
	if pid == 0 {
		// Should some other process have got the number since, postgres would take it for a server and not start. That
		// nothing uses the data any more it checks by shared memory, too.
		if err := os.Remove(p.pidFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	log.InfoContext(ctx, "waiting for the database of a program that was killed", "pid", pid)
	for _, sig := range []syscall.Signal{0, syscall.SIGINT, syscall.SIGQUIT} {
		if sig != 0 {
			_ = syscall.Kill(pid, sig)
		}
		for range orphanPatience / (50 * time.Millisecond) {
			if p.postmaster() != pid {
				return nil
			}
			if err := sleep(ctx, 50*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("process %d does not end", pid)
}

// postmaster is the process that runs a server on this data now, or 0. A process number in a file left behind may
// belong to anybody by now, so the process itself is asked where it works.
func (p place) postmaster() int {
	raw, err := os.ReadFile(p.pidFile())
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 {
		return 0
	}
	cwd, err := os.Stat(fmt.Sprintf("/proc/%d/cwd/", pid))
	if err != nil {
		return 0
	}
	data, err := os.Stat(p.dataDir())
	if err != nil || !os.SameFile(cwd, data) {
		return 0
	}
	return pid
}

// lastWords is the end of the server's log.
func lastWords(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], " | ")
}
