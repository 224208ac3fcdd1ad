package seal_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/seal"
)

func newRing(t testing.TB) (*seal.Ring, string) {
	t.Helper()
	text, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(text)
	require.NoError(t, err)
	return ring, text
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	ring, _ := newRing(t)
	row := uuid.Must(uuid.NewV7())
	for _, plain := range []string{"张", "440301199001010026", strings.Repeat("长", 5000)} {
		sealed, err := ring.Seal("orders.agent_name", row, plain)
		require.NoError(t, err)
		require.Equal(t, byte(1), sealed[0])
		require.Len(t, sealed, len(plain)+seal.Overhead)
		require.False(t, bytes.Contains(sealed, []byte(plain)))

		again, err := ring.Seal("orders.agent_name", row, plain)
		require.NoError(t, err)
		require.NotEqual(t, sealed, again, "a fresh nonce each time")

		got, err := ring.Open("orders.agent_name", row, sealed)
		require.NoError(t, err)
		require.Equal(t, plain, got)
	}
	_, err := ring.Seal("orders.agent_name", row, "")
	require.ErrorIs(t, err, seal.ErrEmpty)
}

func TestMovedOrChangedCiphertextIsRefused(t *testing.T) {
	t.Parallel()
	ring, _ := newRing(t)
	row, other := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	sealed, err := ring.Seal("orders.agent_name", row, "张敏")
	require.NoError(t, err)

	refused := func(why, field string, row uuid.UUID, sealed []byte, key string) {
		_, err := ring.Open(field, row, sealed)
		require.Truef(t, fault.HasKey(err, key), "%s: %v", why, err)
		require.NotContains(t, err.Error(), "张敏")
	}
	refused("another row", "orders.agent_name", other, sealed, "sealed_value_unreadable")
	refused("another column", "orders.legal_name", row, sealed, "sealed_value_unreadable")
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		key := "sealed_value_unreadable"
		if i >= 1 && i <= 4 {
			key = "seal_key_missing"
		}
		refused("a flipped bit", "orders.agent_name", row, changed, key)
	}
	for n := range sealed {
		refused("cut", "orders.agent_name", row, sealed[:n], "sealed_value_unreadable")
	}
}

func TestRotationByKeyID(t *testing.T) {
	t.Parallel()
	old, text := newRing(t)
	row := uuid.Must(uuid.NewV7())
	before, err := old.Seal("orders.agent_phone", row, "13800005678")
	require.NoError(t, err)

	text, err = seal.Rotate(text)
	require.NoError(t, err)
	rotated, err := seal.ParseKeys(text)
	require.NoError(t, err)

	got, err := rotated.Open("orders.agent_phone", row, before)
	require.NoError(t, err, "old values stay readable")
	require.Equal(t, "13800005678", got)
	require.Equal(t, old.Index("orders.agent_phone", "13800005678"), rotated.Index("orders.agent_phone", "13800005678"))
	wasKey, err := old.CheckpointKey()
	require.NoError(t, err)
	isKey, err := rotated.CheckpointKey()
	require.NoError(t, err)
	require.True(t, wasKey.Equal(isKey))

	after, err := rotated.Seal("orders.agent_phone", row, "13800005678")
	require.NoError(t, err)
	require.NotEqual(t, before[1:5], after[1:5], "new values are sealed by the new key")
	_, err = old.Open("orders.agent_phone", row, after)
	require.True(t, fault.HasKey(err, "seal_key_missing"), err)
}

func TestIndexTellsFieldsApart(t *testing.T) {
	t.Parallel()
	ring, _ := newRing(t)
	other, _ := newRing(t)
	index := ring.Index("orders.agent_phone", seal.NormPhone("+86 138-0000-5678"))
	require.Len(t, index, seal.IndexSize)
	require.Equal(t, index, ring.Index("orders.agent_phone", seal.NormPhone("１３８００００５６７８")))
	require.NotEqual(t, index, ring.Index("applicant.phone", "13800005678"))
	require.NotEqual(t, index, other.Index("orders.agent_phone", "13800005678"))
}

func TestParseKeysRefuses(t *testing.T) {
	t.Parallel()
	_, text := newRing(t)
	parts := strings.Split(text, ",")
	for name, bad := range map[string]string{
		"nothing":         "",
		"no seal key":     parts[1] + "," + parts[2],
		"no index key":    parts[0] + "," + parts[2],
		"no checkpoint":   parts[0] + "," + parts[1],
		"two index keys":  text + "," + parts[1],
		"same key twice":  text + "," + parts[0],
		"unknown purpose": text + "," + strings.Replace(parts[0], "seal:", "sael:", 1),
		"short id":        "seal:ab:" + strings.Split(parts[0], ":")[2],
		"short secret":    strings.TrimSuffix(text, text[len(text)-4:]),
		"no SM2 key":      parts[0] + "," + parts[1] + ",checkpoint:00000000:" + strings.Repeat("A", 43),
		"two parts":       "seal:00000000",
	} {
		_, err := seal.ParseKeys(bad)
		require.ErrorIs(t, err, seal.ErrKeys, name)
		for _, p := range parts {
			require.NotContains(t, err.Error(), strings.Split(p, ":")[2], name)
		}
	}
}

func FuzzOpen(f *testing.F) {
	ring, _ := newRing(f)
	row := uuid.Must(uuid.NewV7())
	good, err := ring.Seal("t.c", row, "平文")
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:33])
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plain, err := ring.Open("t.c", row, sealed)
		if err == nil {
			require.Equal(t, good, sealed, "only what this ring sealed opens")
			require.Equal(t, "平文", plain)
		}
	})
}
