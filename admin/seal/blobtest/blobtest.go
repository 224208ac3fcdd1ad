// Package blobtest holds what every backend of seal.Blobs must do, for the tests of the backends.
package blobtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/seal"
)

// Key is a key to test with.
const Key = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"

// Store is a store under test, at first empty.
type Store interface {
	// Open returns a new handle on it.
	Open(t testing.TB) seal.Blobs
	// Keys lists what it holds, however it names that.
	Keys(t testing.TB) []string
}

// Run holds a store to the contract of seal.Blobs.
func Run(t *testing.T, s Store) {
	t.Helper()
	t.Run("put, replace, get, delete", func(t *testing.T) { lifeOfABlob(t, s) })
	t.Run("a broken put leaves what was there", func(t *testing.T) { brokenPut(t, s) })
	t.Run("keys cannot climb", func(t *testing.T) { badKeys(t, s) })
	t.Run("a call that is over does nothing", func(t *testing.T) { cancelled(t, s) })
	t.Run("whole files at once", func(t *testing.T) { atOnce(t, s) })
	t.Run("a vault on it", func(t *testing.T) { vault(t, s) })
}

func read(t *testing.T, b seal.Blobs, key string) string {
	t.Helper()
	r, err := b.Get(t.Context(), key)
	require.NoError(t, err)
	body, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return string(body)
}

func lifeOfABlob(t *testing.T, s Store) {
	t.Helper()
	b := s.Open(t)
	_, err := b.Get(t.Context(), Key)
	require.ErrorIs(t, err, seal.ErrNoBlob)
	require.NoError(t, b.Delete(t.Context(), Key), "deleting what is not there is fine")

	require.NoError(t, b.Put(t.Context(), Key, strings.NewReader("one")))
	require.NoError(t, b.Put(t.Context(), Key, strings.NewReader("two")))
	require.Len(t, s.Keys(t), 1)
	require.Equal(t, "two", read(t, s.Open(t), Key), "another handle sees it")

	require.NoError(t, b.Delete(t.Context(), Key))
	require.Empty(t, s.Keys(t))
	_, err = b.Get(t.Context(), Key)
	require.ErrorIs(t, err, seal.ErrNoBlob)
}

// errBroke is what a torn reader ends with.
var errBroke = errors.New("the connection broke")

// torn gives what it has and then breaks.
type torn struct{ io.Reader }

func (t torn) Read(p []byte) (int, error) {
	if n, err := t.Reader.Read(p); err == nil {
		return n, nil
	}
	return 0, errBroke
}

func brokenPut(t *testing.T, s Store) {
	t.Helper()
	b := s.Open(t)
	require.NoError(t, b.Put(t.Context(), Key, strings.NewReader("old")))
	require.ErrorIs(t, b.Put(t.Context(), Key, torn{strings.NewReader("half")}), errBroke)
	require.Len(t, s.Keys(t), 1, "nothing half-written is left")
	require.Equal(t, "old", read(t, b, Key))
	require.NoError(t, b.Delete(t.Context(), Key))
}

func badKeys(t *testing.T, s Store) {
	t.Helper()
	b := s.Open(t)
	for _, bad := range []string{"", "ab", "../../../etc/passwd", "0a1b2c3d/../../x", "0A1B2C3D4E5F6071", Key + "\x00", strings.Repeat("a", 65)} {
		require.Error(t, b.Put(t.Context(), bad, strings.NewReader("x")), bad)
		_, err := b.Get(t.Context(), bad)
		require.Error(t, err, bad)
		require.Error(t, b.Delete(t.Context(), bad), bad)
	}
	require.Empty(t, s.Keys(t))
}

func cancelled(t *testing.T, s Store) {
	t.Helper()
	b := s.Open(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Put(over, Key, strings.NewReader("x")), context.Canceled)
	_, err := b.Get(over, Key)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, b.Delete(over, Key), context.Canceled)
	require.Empty(t, s.Keys(t))
}

// atOnce: who reads while others write sees one of the whole files.
func atOnce(t *testing.T, s Store) {
	t.Helper()
	b := s.Open(t)
	const size = 300_000
	require.NoError(t, b.Put(t.Context(), Key, strings.NewReader(strings.Repeat("0", size))))
	var wg sync.WaitGroup
	for _, c := range []string{"1", "2", "3"} {
		wg.Go(func() {
			if err := b.Put(t.Context(), Key, strings.NewReader(strings.Repeat(c, size))); err != nil {
				t.Error(err)
			}
		})
	}
	for range 5 {
		got := read(t, b, Key)
		require.Len(t, got, size)
		require.Equal(t, strings.Repeat(got[:1], size), got)
	}
	wg.Wait()
	require.NoError(t, b.Delete(t.Context(), Key))
}

func vault(t *testing.T, s Store) {
	t.Helper()
	text, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(text)
	require.NoError(t, err)
	plain := make([]byte, 200_001)
	_, err = rand.Read(plain)
	require.NoError(t, err)
	o, err := seal.Vault{Ring: ring, Blobs: s.Open(t)}.Put(t.Context(), plain)
	require.NoError(t, err)
	got, err := seal.Vault{Ring: ring, Blobs: s.Open(t)}.Open(t.Context(), o)
	require.NoError(t, err)
	require.True(t, bytes.Equal(plain, got))
	require.NoError(t, s.Open(t).Delete(t.Context(), o.Key))
}
