package signer

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"caconsole/admin/fault"
)

// maxSocketPath is what fits into sockaddr_un of Linux, without the closing zero.
const maxSocketPath = 107

// Listen opens the Unix socket. Only processes of the signer's own user and of the named user ids get through, by
// what the kernel says about the peer (SO_PEERCRED); others are cut off before a byte is read. The file itself is
// 0600, and open to all only where another user was named.
// Fails with Invalid "socket_path_long" or as Internal "socket_failed".
func Listen(path string, uids []uint32, log *slog.Logger) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fault.New(fault.Invalid, "socket_path_long", fault.Args{"max": maxSocketPath, "length": len(path)})
	}
	own := uint32(os.Getuid()) //nolint:gosec // user ids are 32 bits wide on Linux
	mode := fs.FileMode(0o600)
	if slices.ContainsFunc(uids, func(u uint32) bool { return u != own && u != 0 }) {
		mode = 0o666
	}
	// The journal's lock keeps a second signer away, so a socket file found here is one a crash left behind.
	if st, err := os.Lstat(path); err == nil && st.Mode().Type() == fs.ModeSocket {
		if err := os.Remove(path); err != nil {
			return nil, fault.Wrap("socket_failed", err)
		}
	}
	old := unix.Umask(0o177)
	l, err := net.Listen("unix", path)
	unix.Umask(old)
	if err != nil {
		return nil, fault.Wrap("socket_failed", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, fault.Wrap("socket_failed", errors.Join(err, l.Close()))
	}
	return &peerListener{Listener: l, uids: append(slices.Clone(uids), own), log: log}, nil
}

// peerListener accepts only connections of known users.
type peerListener struct {
	net.Listener
	uids []uint32
	log  *slog.Logger
}

// Accept waits for the next connection of a known user.
func (l *peerListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer, err := peerOf(c)
		if err == nil && slices.Contains(l.uids, peer.Uid) {
			return c, nil
		}
		if err == nil {
			l.log.Warn("connection of an unknown user cut off", "uid", peer.Uid, "pid", peer.Pid)
		} else {
			l.log.Warn("connection of an unknown user cut off", "error", err)
		}
		_ = c.Close() // nothing was sent on it
	}
}

func peerOf(c net.Conn) (*unix.Ucred, error) {
	uc, ok := c.(*net.UnixConn)
	if !ok {
		return nil, fmt.Errorf("signer: %T is no Unix connection", c)
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, credErr); err != nil {
		return nil, err
	}
	return cred, nil
}
