package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/issuance/signer/client"
)

// Started as root the signer becomes its own user before it opens anything, and cannot be looked into.
func TestOwnUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	h := newHouse(t)
	dir, err := os.MkdirTemp("", "casigner-user-") // not below t.TempDir, where nobody else may walk
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	data := filepath.Join(dir, "data")
	require.NoError(t, os.CopyFS(data, os.DirFS(h.data)))
	own := userFlag{User: "nobody"}
	uid, _, _, err := own.ids()
	require.NoError(t, err)
	require.NoError(t, own.giveTo(dir))

	socket := filepath.Join(dir, "s")
	cmd := exec.Command(os.Args[0], "serve", "--data", data, "--socket", socket, "--user", "nobody", "--allow-uid", "0")
	cmd.Env = append(os.Environ(), runVariable+"=1")
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	c := client.New(socket)
	require.Eventually(t, func() bool { _, err := c.Status(t.Context()); return err == nil }, 20*time.Second, 5*time.Millisecond)

	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	require.NoError(t, err)
	require.Contains(t, string(status), fmt.Sprintf("Uid:\t%d\t%d\t%d\t%d\n", uid, uid, uid, uid))
	require.Contains(t, string(status), "CapEff:\t0000000000000000\n")
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", cmd.Process.Pid))
	require.NoError(t, err)
	for line := range strings.Lines(string(limits)) {
		if strings.HasPrefix(line, "Max core file size") {
			require.Equal(t, []string{"0", "0"}, strings.Fields(line)[4:6])
		}
	}
	mem, err := os.Stat(fmt.Sprintf("/proc/%d/mem", cmd.Process.Pid))
	require.NoError(t, err)
	require.Equal(t, uint32(0), ownerOf(t, mem), "what cannot be dumped belongs to root")
	st, err := os.Stat(filepath.Join(data, "admin.sock"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	require.Equal(t, uint32(uid), ownerOf(t, st))
}

func ownerOf(t *testing.T, info os.FileInfo) uint32 {
	t.Helper()
	st, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	return st.Uid
}
