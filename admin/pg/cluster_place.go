package pg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"caconsole/admin/fault"
)

const (
	recordFile = "cluster.json" // in <data>/pg: where the cluster is
	socketFile = ".s.PGSQL." + socketPort
	// maxSocketPath is what the kernel's sockaddr_un holds without its final zero byte.
	maxSocketPath = 107
)

// place is where a cluster lives and who runs it. What is exported stands in the record in the data folder.
type place struct {
	Base   string `json:"folder"` // cluster files: <data>/pg, unless the server's user cannot use that
	Socket string `json:"socket"` // folder of the Unix socket
	home   string // <data>/pg
	user   systemUser
}

// systemUser is the operating system's user the server runs as.
type systemUser struct {
	name     string
	uid, gid uint32
}

func (p place) dataDir() string  { return filepath.Join(p.Base, "data") }
func (p place) lockFile() string { return filepath.Join(p.home, "lock") }
func (p place) pidFile() string  { return filepath.Join(p.dataDir(), "postmaster.pid") }
func (p place) log() string      { return filepath.Join(p.Base, "server.log") }

// version is the major version the cluster was made with; 0 where there is none yet.
func (p place) version() int {
	raw, err := os.ReadFile(filepath.Join(p.dataDir(), "PG_VERSION"))
	if err != nil {
		return 0
	}
	v, _ := strconv.Atoi(strings.TrimSpace(string(raw)))
	return v
}

// findPlace recalls where the cluster of a data folder is, or chooses a place and records it.
func findPlace(ctx context.Context, opt ClusterOptions) (place, error) {
	data, err := filepath.Abs(opt.Data)
	home := filepath.Join(data, "pg")
	if err == nil {
		err = os.MkdirAll(home, 0o755) //nolint:gosec // the server's user walks through it; its files are closed
	}
	if err != nil {
		return place{}, clusterFault("cluster_folder_unusable", place{Base: home}, err)
	}
	lock, err := waitLock(filepath.Join(home, "choice.lock")) // two programs starting at once choose once
	if err != nil {
		return place{}, clusterFault("cluster_folder_unusable", place{Base: home}, err)
	}
	defer func() { _ = lock.Close() }()

	pl, err := recall(opt.Data)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return pl, err
	}
	if pl, err = choose(ctx, home); err != nil {
		return place{}, err
	}
	if pl.Base != home {
		opt.Logger.WarnContext(ctx, "the database's user cannot use the data folder; the database lies elsewhere",
			"data", data, "database", pl.Base, "user", pl.user.name)
	}
	return pl, pl.record()
}

// recall reads the record of a data folder. Error: fs.ErrNotExist where there is none yet.
func recall(data string) (place, error) {
	data, err := filepath.Abs(data)
	if err != nil {
		return place{}, fmt.Errorf("pg: %w", err)
	}
	pl := place{home: filepath.Join(data, "pg")}
	raw, err := os.ReadFile(filepath.Join(pl.home, recordFile))
	if err != nil {
		return place{}, fmt.Errorf("pg: %w", err)
	}
	if err := json.Unmarshal(raw, &pl); err != nil {
		return place{}, clusterFault("cluster_folder_unusable", place{Base: pl.home}, fmt.Errorf("%s: %w", recordFile, err))
	}
	if _, err := os.Stat(filepath.Join(pl.home, "data")); err == nil && pl.Base != pl.home {
		pl.Base = pl.home // the data folder was moved, its cluster with it
		if pl.Socket, err = socketFolder(pl.Base, shortFolders(pl.Base)...); err != nil {
			return place{}, err
		}
	}
	if pl.user, err = clusterUser(pl); err != nil {
		return place{}, clusterFault("cluster_folder_unusable", pl, err)
	}
	return pl, nil
}

func (p place) record() error {
	raw, err := json.MarshalIndent(p, "", "  ")
	tmp := filepath.Join(p.home, recordFile+".new")
	if err == nil {
		err = os.WriteFile(tmp, append(raw, '\n'), 0o644) //nolint:gosec // paths only
	}
	if err == nil {
		err = os.Rename(tmp, filepath.Join(p.home, recordFile))
	}
	if err != nil {
		return clusterFault("cluster_folder_unusable", p, err)
	}
	return nil
}

// choose picks the first folder that the server's user can really use: <data>/pg, else one of the machine's own.
func choose(ctx context.Context, home string) (place, error) {
	usr, err := serverUser()
	if err != nil {
		return place{}, clusterFault("cluster_folder_unusable", place{Base: home}, err)
	}
	bases := []string{home}
	if os.Geteuid() == 0 {
		name := shortHash(home)
		bases = append(bases, "/var/lib/caconsole/"+name, "/var/tmp/caconsole-"+name)
	}
	var failures []error
	for _, base := range bases {
		pl := place{Base: base, home: home, user: usr}
		if err := pl.try(ctx); err != nil {
			var refused *fault.Error
			if errors.As(err, &refused) {
				return place{}, err
			}
			failures = append(failures, err)
			continue
		}
		pl.Socket, err = socketFolder(base, shortFolders(base)...)
		return pl, err
	}
	return place{}, clusterFault("cluster_folder_unusable", place{Base: home}, errors.Join(failures...))
}

// try makes the folder and lets the server's user write in it.
func (p place) try(ctx context.Context) error {
	if err := p.setAside(); err != nil {
		return err
	}
	if err := os.MkdirAll(p.Base, 0o755); err != nil { //nolint:gosec // the files within are closed
		return err
	}
	if err := p.give(p.Base); err != nil {
		return err
	}
	out, err := p.command(ctx, "/bin/sh", "-c", "touch probe && rm probe").CombinedOutput()
	if err != nil {
		return fmt.Errorf("user %s cannot use %s: %w %s", p.user.name, p.Base, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// setAside moves away a cluster that lies outside its data folder and that the data folder knows nothing of: the data
// folder was removed and made anew. Only the last one is kept.
func (p place) setAside() error {
	if p.Base == p.home || p.version() == 0 {
		return nil
	}
	if pid := p.postmaster(); pid != 0 {
		return clusterFault("cluster_in_use", p,
			fmt.Errorf("process %d still runs the database of a data folder that was here before; stop it first", pid))
	}
	old := p.Base + ".old"
	if err := os.RemoveAll(old); err != nil {
		return err
	}
	return os.Rename(p.Base, old)
}

// prepare makes what the server needs around its data: the socket's folder, open to the server's user alone.
func (p place) prepare() error {
	if err := os.MkdirAll(p.Socket, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(p.Socket)
	if err != nil {
		return err
	}
	// In a folder open to all, somebody else may have made it first to listen in our place.
	owner := info.Sys().(*syscall.Stat_t).Uid //nolint:forcetypeassert // os.Lstat on Linux gives nothing else
	if !info.IsDir() || (owner != p.user.uid && int(owner) != os.Geteuid()) {
		return fmt.Errorf("%s belongs to somebody else", p.Socket)
	}
	if err := os.Chmod(p.Socket, 0o700); err != nil { //nolint:gosec // a folder needs its x
		return err
	}
	return p.give(p.Socket)
}

// give makes the server's user the owner of a folder; only root has to.
func (p place) give(folder string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(folder, int(p.user.uid), int(p.user.gid))
}

func (p place) removeSocket() {
	if filepath.Dir(p.Socket) != p.Base {
		_ = os.Remove(p.Socket) // only if empty
	}
}

// socketFolder is beside the data unless that path is too long or holds what addresses use as a separator; then it is
// the first of the shorter folders that will do.
func socketFolder(base string, shorter ...string) (string, error) {
	for _, dir := range append([]string{filepath.Join(base, "socket")}, shorter...) {
		_, err := os.Stat(filepath.Dir(dir))
		if err == nil && len(filepath.Join(dir, socketFile)) <= maxSocketPath && !strings.ContainsAny(dir, `,"'\`) {
			return dir, nil
		}
	}
	return "", &fault.Error{
		Kind: fault.Unavailable, Key: "cluster_socket_too_long",
		Args: fault.Args{"folder": base, "max": maxSocketPath},
		Cause: fmt.Errorf("the path of a Unix socket holds %d bytes at most; %s is too long and TMPDIR no shorter: choose a shorter data folder",
			maxSocketPath, base),
	}
}

// shortFolders are outside the data folder, and empty when the server does not run.
func shortFolders(base string) []string {
	name := "caconsole-" + shortHash(base)
	if os.Geteuid() == 0 {
		return []string{"/run/" + name, filepath.Join(os.TempDir(), name)}
	}
	return []string{filepath.Join(os.TempDir(), name)}
}

// serverUser is who runs a new cluster: this process's user, or for root one of the machine's unprivileged users.
func serverUser() (systemUser, error) {
	if os.Geteuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return systemUser{}, err
		}
		return toSystemUser(me)
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return toSystemUser(u)
		}
	}
	return systemUser{}, errors.New("running as root, and there is no user postgres or nobody to run the database as")
}

// clusterUser is the owner of the data where there is some.
func clusterUser(p place) (systemUser, error) {
	info, err := os.Stat(p.dataDir())
	if errors.Is(err, fs.ErrNotExist) {
		return serverUser()
	}
	if err != nil {
		return systemUser{}, err
	}
	st := info.Sys().(*syscall.Stat_t) //nolint:forcetypeassert // os.Stat on Linux gives nothing else
	u := systemUser{name: strconv.Itoa(int(st.Uid)), uid: st.Uid, gid: st.Gid}
	if known, err := user.LookupId(u.name); err == nil {
		u.name = known.Username
	}
	if me := os.Geteuid(); me != 0 && uint64(me) != uint64(st.Uid) { //nolint:gosec // a uid is not negative
		return u, fmt.Errorf("the database in %s belongs to user %s: run as root or as that user, or set another data folder", p.Base, u.name)
	}
	return u, nil
}

func toSystemUser(u *user.User) (systemUser, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return systemUser{}, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return systemUser{name: u.Username, uid: uint32(uid), gid: uint32(gid)}, err
}

func shortHash(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:6])
}
