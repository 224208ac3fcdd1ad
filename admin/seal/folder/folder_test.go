package folder_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
)

const key = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) *folder.Store {
	t.Helper()
	s, err := folder.Open(dir, func() time.Time { return noon })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(p, dir+"/"))
		}
		return err
	}))
	return names
}

func TestPutGetDelete(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "objects")
	s := open(t, dir)

	_, err := s.Get(t.Context(), key)
	require.ErrorIs(t, err, seal.ErrNoBlob)
	require.NoError(t, s.Delete(t.Context(), key), "deleting what is not there is fine")

	require.NoError(t, s.Put(t.Context(), key, strings.NewReader("one")))
	require.NoError(t, s.Put(t.Context(), key, strings.NewReader("two")))
	require.Equal(t, []string{"0a/1b/" + key}, files(t, dir))

	again := open(t, dir)
	r, err := again.Get(t.Context(), key)
	require.NoError(t, err)
	body, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, "two", string(body))

	require.NoError(t, s.Delete(t.Context(), key))
	require.Empty(t, files(t, dir))
}

type torn struct{ io.Reader }

func (t torn) Read(p []byte) (int, error) {
	if n, err := t.Reader.Read(p); err == nil {
		return n, nil
	}
	return 0, errors.New("the connection broke")
}

func TestBrokenPutLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	require.NoError(t, s.Put(t.Context(), key, strings.NewReader("old")))
	require.ErrorContains(t, s.Put(t.Context(), key, torn{strings.NewReader("half")}), "the connection broke")
	require.Equal(t, []string{"0a/1b/" + key}, files(t, dir), "no staging file left")
	body, err := os.ReadFile(filepath.Join(dir, "0a/1b", key))
	require.NoError(t, err)
	require.Equal(t, "old", string(body))
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

func TestKeysCannotClimb(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	for _, bad := range []string{"", "ab", "../../../etc/passwd", "0a1b2c3d/../../x", "0A1B2C3D4E5F6071", key + "\x00", strings.Repeat("a", 65)} {
		require.Error(t, s.Put(t.Context(), bad, strings.NewReader("x")), bad)
		_, err := s.Get(t.Context(), bad)
		require.Error(t, err, bad)
		require.Error(t, s.Delete(t.Context(), bad), bad)
	}
	require.Empty(t, files(t, dir))
}
