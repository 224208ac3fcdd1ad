package project_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/calendar"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/project"
)

// The year's holidays come with the installation; a later table replaces its year and no other.
func TestCalendarIsData(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	q := db.Read(t.Context())
	c, err := project.Projects{}.Calendar(t.Context(), q)
	require.NoError(t, err)
	beijing := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, calendar.Beijing)
	}
	require.False(t, c.IsOpen(beijing(10, 1, 10)), "国庆节")
	require.True(t, c.IsOpen(beijing(10, 10, 10)), "a Saturday worked in its place")
	// Eight working hours from 17:00 on the last day before the holidays end on the first day after them.
	require.True(t, beijing(10, 8, 16).Equal(c.Add(beijing(9, 30, 17), 8*time.Hour)))

	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		return project.Projects{}.SetYear(ctx, tx, beijing(12, 1, 9), []calendar.Exception{
			{Day: calendar.Day{Year: 2027, Month: 1, Day: 1}, Name: "元旦"}, {Day: calendar.Day{Year: 2027, Month: 1, Day: 4}, Name: "元旦"},
		})
	}))
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		return project.Projects{}.SetYear(ctx, tx, beijing(12, 2, 9), []calendar.Exception{{Day: calendar.Day{Year: 2027, Month: 1, Day: 1}, Name: "元旦"}})
	}))
	c, err = project.Projects{}.Calendar(t.Context(), q)
	require.NoError(t, err)
	require.False(t, c.Works(calendar.Day{Year: 2027, Month: 1, Day: 1}))
	require.True(t, c.Works(calendar.Day{Year: 2027, Month: 1, Day: 4}), "corrected")
	require.False(t, c.IsOpen(beijing(10, 1, 10)), "another year stays")
}
