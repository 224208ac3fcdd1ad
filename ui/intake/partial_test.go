package intake

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadRange(t *testing.T) {
	type want struct {
		from, to int
		state    rangeState
	}
	for in, w := range map[string]want{
		"":                               {0, 0, wholeBody},
		"bytes=0-":                       {0, 9, partOfBody},
		"bytes=4-":                       {4, 9, partOfBody},
		"bytes=4-5":                      {4, 5, partOfBody},
		"bytes=4-99":                     {4, 9, partOfBody},
		"bytes=-3":                       {7, 9, partOfBody},
		"bytes=-99":                      {0, 9, partOfBody},
		"bytes=10-":                      {0, 0, outsideBody},
		"bytes=-0":                       {0, 0, outsideBody},
		"bytes=5-4":                      {0, 0, wholeBody},
		"bytes=0-1,3-4":                  {0, 0, wholeBody},
		"bytes=a-b":                      {0, 0, wholeBody},
		"bytes=--1":                      {0, 0, outsideBody},
		"items=0-1":                      {0, 0, wholeBody},
		"bytes=99999999999999999999999-": {0, 0, wholeBody},
	} {
		from, to, state := readRange(in, 10)
		require.Equal(t, w.state, state, in)
		if state == partOfBody {
			require.Equal(t, w, want{from, to, state}, in)
		}
	}
	_, _, state := readRange("bytes=0-", 0)
	require.Equal(t, outsideBody, state)
}

func TestMatches(t *testing.T) {
	tag := etag([]byte("x"))
	require.True(t, matches(tag, tag))
	require.True(t, matches(`"other", W/`+tag, tag))
	require.True(t, matches("*", tag))
	require.False(t, matches("", tag))
	require.False(t, matches(etag([]byte("y")), tag))
}

// FuzzReadRange: what is sent lies within the file.
func FuzzReadRange(f *testing.F) {
	for _, header := range []string{"bytes=0-", "bytes=-1", "bytes=5-1", "bytes=1-2,3-4", "bytes=9223372036854775807-", "items=1-2", "bytes=--1"} {
		f.Add(header, 10)
	}
	f.Fuzz(func(t *testing.T, header string, size int) {
		if size < 0 {
			return
		}
		from, to, state := readRange(header, size)
		if state == partOfBody {
			require.True(t, 0 <= from && from <= to && to < size, "%q of %d: %d-%d", header, size, from, to)
		}
	})
}
