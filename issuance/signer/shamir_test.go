package signer

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFieldOfAES(t *testing.T) {
	require.Equal(t, byte(0xc1), mul(0x57, 0x83), "FIPS 197, 4.2")
	require.Equal(t, byte(0xfe), mul(0x57, 0x13), "FIPS 197, 4.2.1")
	require.Zero(t, inverse(0))
	for a := 1; a < 256; a++ {
		require.Equal(t, byte(1), mul(byte(a), inverse(byte(a))))
		for b := range 256 {
			require.Equal(t, mul(byte(a), byte(b)), mul(byte(b), byte(a)))
		}
	}
}

func TestAnyKSharesGiveTheSecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 1, 32).Draw(t, "secret")
		n := rapid.IntRange(1, 12).Draw(t, "n")
		k := rapid.IntRange(1, n).Draw(t, "k")
		shares, err := split(rand.Reader, secret, k, n)
		require.NoError(t, err)
		points := rapid.Permutation(indices(n)).Draw(t, "points")
		given := map[byte][]byte{}
		for _, i := range points[:rapid.IntRange(k, n).Draw(t, "given")] {
			given[byte(i+1)] = shares[i]
		}
		back, err := combine(given)
		require.NoError(t, err)
		require.Equal(t, secret, back)
	})
}

// Less than k shares fit every secret equally well: for each there is a share that completes them to it.
func TestFewerSharesSayNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := []byte{rapid.Byte().Draw(t, "secret")}
		k := rapid.IntRange(2, 5).Draw(t, "k")
		shares, err := split(rand.Reader, secret, k, k)
		require.NoError(t, err)
		given := map[byte][]byte{}
		for i := range k - 1 {
			given[byte(i+1)] = shares[i]
		}
		seen := map[byte]bool{}
		for last := range 256 {
			given[byte(k)] = []byte{byte(last)}
			back, err := combine(given)
			require.NoError(t, err)
			seen[back[0]] = true
		}
		require.Len(t, seen, 256)
	})
}

func TestSplitRefusesNonsense(t *testing.T) {
	for _, c := range [][2]int{{0, 1}, {3, 2}, {1, 256}} {
		_, err := split(rand.Reader, []byte("x"), c[0], c[1])
		require.Error(t, err)
	}
	_, err := split(rand.Reader, nil, 1, 1)
	require.Error(t, err)
	_, err = combine(nil)
	require.Error(t, err)
	_, err = combine(map[byte][]byte{1: {1}, 2: {1, 2}})
	require.Error(t, err)
	_, err = combine(map[byte][]byte{0: {1}})
	require.Error(t, err)
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
