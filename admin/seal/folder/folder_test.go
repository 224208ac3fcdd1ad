package folder_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/seal"
	"caconsole/admin/seal/blobtest"
	"caconsole/admin/seal/folder"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string) *folder.Store {
	t.Helper()
	s, err := folder.Open(dir, func() time.Time { return noon })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(p, dir+"/"))
		}
		return err
	}))
	return names
}

// store is a folder under the contract.
type store string

func (s store) Open(t testing.TB) seal.Blobs {
	t.Helper()
	return open(t, string(s))
}

func (s store) Keys(t testing.TB) []string {
	t.Helper()
	return files(t, string(s))
}

func TestContract(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "objects")
	blobtest.Run(t, store(dir))
}

func TestFilesAreSpread(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, open(t, dir).Put(t.Context(), blobtest.Key, strings.NewReader("x")))
	require.Equal(t, []string{"0a/1b/" + blobtest.Key}, files(t, dir))
}

func TestOpenClearsOnlyStaleStaging(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "staging"), 0o700))
	for name, age := range map[string]time.Duration{"crashed": 2 * time.Hour, "uploading": time.Minute} {
		p := filepath.Join(dir, "staging", name)
		require.NoError(t, os.WriteFile(p, []byte("x"), 0o600))
		require.NoError(t, os.Chtimes(p, noon.Add(-age), noon.Add(-age)))
	}
	open(t, dir)
	require.Equal(t, []string{"staging/uploading"}, files(t, dir))
}
