package demo

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/staff"
	"caconsole/rbac"
)

// A child that dies is started again, one that is told to end ends, and neither sees what our environment holds.
func TestChildrenAreKeptRunning(t *testing.T) {
	t.Setenv("CACONSOLE_SEAL_KEYS", "secret")
	dir := t.TempDir()
	life := filepath.Join(dir, "life")
	script := `echo "$$ $CACONSOLE_SEAL_KEYS" >>` + life + `; [ "$(wc -l <` + life + `)" -gt 1 ] || exit 3; trap 'exit 0' TERM; while :; do sleep 0.05; done`
	ctx, cancel := context.WithCancel(t.Context())
	running := startChildren(ctx, slog.New(slog.DiscardHandler), []child{
		{name: "test", program: "/bin/sh", args: []string{"-c", script}, log: filepath.Join(dir, "log")},
	})
	lives := func() []string {
		raw, err := os.ReadFile(life)
		if err != nil {
			return nil
		}
		return strings.Fields(string(raw))
	}
	require.Eventually(t, func() bool { return len(lives()) == 2 }, 20*time.Second, 20*time.Millisecond, "two process numbers and no key")
	cancel()
	running.Wait()
	require.NoDirExists(t, "/proc/"+lives()[1])
}

func TestFolderOfSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(data, "objects"), 0o700))
	d := &demo{Options: Options{Data: data}, folder: folder(data)}
	_, err := d.complete(t.Context())
	require.ErrorContains(t, err, "holds data that no demo made")

	require.NoError(t, os.Remove(filepath.Join(data, "objects")))
	complete, err := d.complete(t.Context())
	require.NoError(t, err)
	require.False(t, complete)
	require.NoError(t, d.begin())
	require.NoError(t, d.finish())
	_, err = d.complete(t.Context())
	require.ErrorContains(t, err, "older version", "nobody has a Ukey")
	_, _, err = d.makeStaffKeys([]*hired{{
		NewMember: staff.NewMember{Login: firstReviewer, No: "0217"}, member: staff.Member{ID: uuid.New(), Roles: []string{rbac.Reviewer}},
	}})
	require.NoError(t, err)
	complete, err = d.complete(t.Context())
	require.NoError(t, err)
	require.True(t, complete)
}

func TestTwoDemosDoNotShareAFolder(t *testing.T) {
	t.Parallel()
	f := folder(t.TempDir())
	release, err := f.lock()
	require.NoError(t, err)
	_, err = f.lock()
	require.ErrorContains(t, err, "another demo runs")
	release()
	release, err = f.lock()
	require.NoError(t, err)
	release()
}
