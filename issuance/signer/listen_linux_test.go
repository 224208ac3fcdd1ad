package signer

import (
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
)

func TestOtherUsersAreCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	l.(*peerListener).uids = []uint32{4_000_000_000} // not the user who runs this test

	go func() { _, _ = l.Accept() }() // never returns a connection; ends with Close
	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(5*time.Second)))
	_, err = c.Read(make([]byte, 1))
	require.ErrorContains(t, err, "EOF")
}

func TestSocketPathTooLong(t *testing.T) {
	_, err := Listen("/tmp/"+strings.Repeat("x", 120), nil, slog.New(slog.DiscardHandler))
	require.True(t, fault.HasKey(err, "socket_path_long"), "%v", err)
}
