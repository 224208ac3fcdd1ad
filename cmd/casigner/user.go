package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// userFlag names the signer's own user.
type userFlag struct {
	User string `env:"CASIGNER_USER" placeholder:"NAME" help:"The signer's own user, where this is started as root: the data are that user's and the process gives up root before it opens them."`
}

// ids finds the user; ok is false where none was named.
func (f userFlag) ids() (uid, gid int, ok bool, err error) {
	if f.User == "" {
		return 0, 0, false, nil
	}
	u, err := user.Lookup(f.User)
	if err != nil {
		return 0, 0, false, err
	}
	uid, err = strconv.Atoi(u.Uid)
	if err != nil {
		return 0, 0, false, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err == nil, err
}

// drop gives up root for the signer's own user and never gets it back.
func (f userFlag) drop() error {
	uid, gid, ok, err := f.ids()
	if err != nil || !ok || os.Geteuid() == uid {
		return err
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root can become %s", f.User)
	}
	_ = unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}) // for lockMemory, which says if it failed
	// syscall, not unix: these change every thread of the process.
	if err := errors.Join(syscall.Setgroups([]int{gid}), syscall.Setresgid(gid, gid, gid), syscall.Setresuid(uid, uid, uid)); err != nil {
		return err
	}
	if err := syscall.Setuid(0); err == nil && uid != 0 {
		return errors.New("root could be had again")
	}
	return nil
}

// giveTo makes a folder with all in it the signer's own.
func (f userFlag) giveTo(dir string) error {
	uid, gid, ok, err := f.ids()
	if err != nil || !ok || os.Geteuid() == uid {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	err = fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, root.Lchown(path, uid, gid))
	})
	return errors.Join(err, root.Close())
}

// harden keeps the key out of core dumps and away from debuggers of the same user. It comes after drop, which makes the
// kernel forget.
func harden() error {
	none := unix.Rlimit{}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &none); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// lockMemory keeps the key out of the swap space: every page that is touched from now on stays in memory. It reports
// whether that was allowed. With a limit it is not tried: the memory the program asks for later would be refused.
func lockMemory() bool {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil || limit.Cur != unix.RLIM_INFINITY {
		return false
	}
	return unix.Mlockall(unix.MCL_CURRENT|unix.MCL_FUTURE|unix.MCL_ONFAULT) == nil
}
