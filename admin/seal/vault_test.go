package seal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"sync"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/seal"
)

// memory is the smallest store that keeps the contract, with a way to tamper.
type memory struct {
	mu    sync.Mutex
	blobs map[string][]byte
}

func (m *memory) Put(_ context.Context, key string, r io.Reader) error {
	b, err := io.ReadAll(r)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[key] = b
	return err
}

func (m *memory) Get(_ context.Context, key string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blobs[key]
	if !ok {
		return nil, seal.ErrNoBlob
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.blobs, key)
	return nil
}

const chunk = 64<<10 + 16 // bytes of a full sealed chunk

func TestVaultRoundTrip(t *testing.T) {
	t.Parallel()
	ring, _ := newRing(t)
	store := &memory{blobs: map[string][]byte{}}
	vault := seal.Vault{Ring: ring, Blobs: store}
	for _, n := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 3 * 64 << 10, 200_001} {
		plain := make([]byte, n)
		_, _ = rand.Read(plain)
		o, err := vault.Put(t.Context(), plain)
		require.NoError(t, err)
		require.Equal(t, int64(n), o.Size)
		if n >= 16 {
			require.False(t, bytes.Contains(store.blobs[o.Key], plain[:16]))
		}
		got, err := vault.Open(t.Context(), o)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, got))
	}
}

func TestVaultDetectsTampering(t *testing.T) {
	t.Parallel()
	ring, _ := newRing(t)
	store := &memory{blobs: map[string][]byte{}}
	vault := seal.Vault{Ring: ring, Blobs: store}
	plain := make([]byte, 4*64<<10)
	_, _ = rand.Read(plain)
	o, err := vault.Put(t.Context(), plain)
	require.NoError(t, err)
	other, err := vault.Put(t.Context(), plain)
	require.NoError(t, err)
	good := bytes.Clone(store.blobs[o.Key])
	at := func(n int) []byte { return good[1+n*chunk : 1+(n+1)*chunk] }

	for name, body := range map[string][]byte{
		"nothing":            {},
		"version":            append([]byte{2}, good[1:]...),
		"last chunk cut":     good[:1+3*chunk],
		"cut inside a chunk": good[:len(good)-1],
		"grown":              append(bytes.Clone(good), 0),
		"chunk doubled":      append(bytes.Clone(good), at(3)...),
		"chunks swapped":     bytes.Join([][]byte{good[:1], at(1), at(0), at(2), at(3)}, nil),
		"chunk taken out":    bytes.Join([][]byte{good[:1], at(0), at(2), at(3)}, nil),
		"another file":       store.blobs[other.Key],
	} {
		store.blobs[o.Key] = body
		_, err := vault.Open(t.Context(), o)
		require.Truef(t, fault.HasKey(err, "object_unreadable"), "%s: %v", name, err)
	}

	// The same by somebody who can also write the digest and size in the database: the chunks themselves tell.
	size := 64 << 10
	for name, c := range map[string]struct{ body, plain []byte }{
		"last chunk cut":  {good[:1+3*chunk], plain[:3*size]},
		"chunks swapped":  {bytes.Join([][]byte{good[:1], at(1), at(0), at(2), at(3)}, nil), bytes.Join([][]byte{plain[size : 2*size], plain[:size], plain[2*size:]}, nil)},
		"chunk taken out": {bytes.Join([][]byte{good[:1], at(0), at(2), at(3)}, nil), bytes.Join([][]byte{plain[:size], plain[2*size:]}, nil)},
	} {
		store.blobs[o.Key] = c.body
		digest := sm3.Sum(c.plain)
		forged := o
		forged.Size, forged.SM3 = int64(len(c.plain)), digest[:]
		_, err := vault.Open(t.Context(), forged)
		require.Truef(t, fault.HasKey(err, "object_unreadable"), "%s: %v", name, err)
	}

	store.blobs[o.Key] = good
	_, err = vault.Open(t.Context(), o)
	require.NoError(t, err)
	for name, change := range map[string]func(*seal.Object){
		"digest": func(o *seal.Object) { o.SM3 = bytes.Repeat([]byte{1}, 32) },
		"size":   func(o *seal.Object) { o.Size-- },
		"key":    func(o *seal.Object) { o.Key = "../../etc/passwd" },
		"absent": func(o *seal.Object) { *o = other; delete(store.blobs, other.Key) },
	} {
		changed := o
		change(&changed)
		_, err := vault.Open(t.Context(), changed)
		require.Truef(t, fault.HasKey(err, "object_unreadable"), "%s: %v", name, err)
	}
	swapped := o
	swapped.DataKey = other.DataKey
	_, err = vault.Open(t.Context(), swapped)
	require.True(t, fault.HasKey(err, "sealed_value_unreadable"), "a data key belongs to its object: %v", err)
}
