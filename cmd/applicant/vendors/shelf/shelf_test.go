package shelf_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/vendors/shelf"
)

type card struct{ Colour string }

func TestRecordsSurviveANewStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := shelf.Open[card](dir)
	require.NoError(t, err)
	_, fresh, err := s.Add("../../a", card{"red"})
	require.NoError(t, err)
	require.True(t, fresh)
	old, fresh, err := s.Add("../../a", card{"blue"})
	require.NoError(t, err)
	require.False(t, fresh, "an id is given once")
	require.Equal(t, "red", old.Colour)
	_, err = s.Update("../../a", func(c *card) error { c.Colour = "green"; return nil })
	require.NoError(t, err)

	again, err := shelf.Open[card](dir)
	require.NoError(t, err)
	got, ok := again.Get("../../a")
	require.True(t, ok)
	require.Equal(t, "green", got.Colour)
	require.Len(t, again.All(), 1)
}

func TestFailedChangeLeavesTheRecord(t *testing.T) {
	t.Parallel()
	s, err := shelf.Open[card]("")
	require.NoError(t, err)
	_, _, err = s.Add("a", card{"red"})
	require.NoError(t, err)
	boom := errors.New("boom")
	_, err = s.Update("a", func(c *card) error { c.Colour = "lost"; return boom })
	require.ErrorIs(t, err, boom)
	got, _ := s.Get("a")
	require.Equal(t, "red", got.Colour)
	_, err = s.Update("b", func(*card) error { return nil })
	require.ErrorIs(t, err, shelf.ErrMissing)
}
