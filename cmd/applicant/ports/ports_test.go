package ports_test

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/ports"
)

func TestMergeKeepsWhatOthersWrote(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "demo", "ports.json")
	require.NoError(t, ports.Merge(path, map[string]string{ports.Console: "http://localhost:8080"}))
	require.NoError(t, os.WriteFile(path, []byte(`{"console":"http://localhost:8080","metrics":{"port":9}}`), 0o600))

	require.NoError(t, ports.Merge(path, map[string]string{ports.SMTP: "127.0.0.1:2525"}))

	m, err := ports.Read(path)
	require.NoError(t, err)
	require.Equal(t, "http://localhost:8080", m.Get(ports.Console))
	require.Equal(t, "127.0.0.1:2525", m.Get(ports.SMTP))
	require.Contains(t, m, "metrics", "an entry of another owner must survive")
	require.Empty(t, m.Get("metrics"), "an entry that is no address reads as none")
}

func TestReadMissingAndBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := ports.Read(filepath.Join(dir, "none.json"))
	require.NoError(t, err)
	require.Empty(t, m)

	broken := filepath.Join(dir, "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte("{"), 0o600))
	_, err = ports.Read(broken)
	require.ErrorContains(t, err, "broken.json")
}

// The parts of a demo start side by side: none may lose another's address.
func TestMergeAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo", "ports.json")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { assert.NoError(t, ports.Merge(path, map[string]string{strconv.Itoa(i): "here"})) })
	}
	all.Wait()
	m, err := ports.Read(path)
	require.NoError(t, err)
	require.Len(t, m, 20)
}
