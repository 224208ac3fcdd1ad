package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"caconsole/admin/calendar"
)

// The national holiday of 2026: 1 to 7 October are free, Saturday 10 October and Sunday 20 September are worked.
func golden(t *testing.T) calendar.Calendar {
	t.Helper()
	exceptions := map[calendar.Day]bool{}
	for day, works := range map[string]bool{
		"2026-09-20": true, "2026-10-01": false, "2026-10-02": false, "2026-10-05": false, "2026-10-06": false,
		"2026-10-07": false, "2026-10-10": true,
	} {
		d, err := calendar.ParseDay(day)
		require.NoError(t, err)
		require.Equal(t, day, d.String())
		exceptions[d] = works
	}
	return calendar.New(exceptions)
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04:05", s, calendar.Beijing)
	require.NoError(t, err)
	return v
}

func TestIsOpen(t *testing.T) {
	t.Parallel()
	c := golden(t)
	for moment, want := range map[string]bool{
		"2026-09-30 08:59:59": false, "2026-09-30 09:00:00": true, "2026-09-30 17:59:59": true, "2026-09-30 18:00:00": false,
		"2026-10-01 10:00:00": false, "2026-10-08 10:00:00": true, "2026-10-10 10:00:00": true, "2026-10-11 10:00:00": false,
	} {
		require.Equal(t, want, c.IsOpen(at(t, moment).UTC()), moment)
	}
}

func TestAddAndBetween(t *testing.T) {
	t.Parallel()
	c := golden(t)
	for _, row := range []struct {
		from string
		d    time.Duration
		want string
	}{
		{"2026-09-29 10:00:00", 2 * time.Hour, "2026-09-29 12:00:00"},
		{"2026-09-29 17:00:00", time.Hour, "2026-09-29 18:00:00"},
		{"2026-09-29 17:00:00", 2 * time.Hour, "2026-09-30 10:00:00"},
		{"2026-09-30 17:00:00", 2 * time.Hour, "2026-10-08 10:00:00"},
		{"2026-10-03 03:00:00", 30 * time.Minute, "2026-10-08 09:30:00"},
		{"2026-10-09 17:00:00", 20 * time.Hour, "2026-10-13 10:00:00"}, // Saturday worked, Sunday not
		{"2026-10-10 08:00:00", 0, "2026-10-10 09:00:00"},
		{"2026-10-10 18:00:00", 0, "2026-10-12 09:00:00"},
		{"2026-10-10 11:11:11", 0, "2026-10-10 11:11:11"},
	} {
		got := c.Add(at(t, row.from), row.d)
		require.Equal(t, at(t, row.want).UTC(), got, row.from)
		require.Equal(t, row.d, c.Between(at(t, row.from), got), row.from)
		require.Equal(t, -row.d, c.Between(got, at(t, row.from)), row.from)
	}
}

func TestAddEndsInWorkingTime(t *testing.T) {
	t.Parallel()
	c := golden(t)
	rapid.Check(t, func(r *rapid.T) {
		from := at(t, "2026-09-14 00:00:00").Add(time.Duration(rapid.Int64Range(0, 40*24*3600).Draw(r, "from")) * time.Second)
		d := time.Duration(rapid.Int64Range(1, 200*3600).Draw(r, "working")) * time.Second
		end := c.Add(from, d)
		if got := c.Between(from, end); got != d {
			r.Fatalf("%v of working time, wanted %v", got, d)
		}
		if !c.IsOpen(end.Add(-time.Second)) {
			r.Fatalf("%v is not working time", end)
		}
	})
}

func TestParseDay(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "2026-13-01", "2026-02-30", "20261001", "2026-10-01 "} {
		_, err := calendar.ParseDay(bad)
		require.Error(t, err, bad)
	}
}
