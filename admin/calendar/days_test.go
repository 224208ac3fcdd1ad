package calendar_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/calendar"
)

const table = "\ufeff# 2026 年国庆节\r\n2026-10-01 休 国庆节\n2026-10-02,休,国庆节\n\n2026-10-10\t班\t国庆节 调休\n"

func TestReadDays(t *testing.T) {
	t.Parallel()
	days, err := calendar.ReadDays(strings.NewReader(table))
	require.NoError(t, err)
	day := func(d int) calendar.Day { return calendar.Day{Year: 2026, Month: time.October, Day: d} }
	require.Equal(t, []calendar.Exception{
		{Day: day(1), Name: "国庆节"}, {Day: day(2), Name: "国庆节"}, {Day: day(10), Works: true, Name: "国庆节 调休"},
	}, days)
	c := calendar.Of(days)
	require.False(t, c.Works(day(1)))
	require.True(t, c.Works(day(10)), "a Saturday")
	require.True(t, c.Works(day(8)))

	for name, text := range map[string]string{
		"line 1: the day":   "2026-13-01 休 x",
		"line 2: twice":     "2026-10-01 休 x\n2026-10-01 休 y",
		"neither 休 nor 班":   "2026-10-01 放 x",
		"班 is for weekends": "2026-10-08 班 x",
		"needs a date":      "2026-10-01 休",
		"holds no day":      "# nothing\n",
		"longer than 40":    "2026-10-01 休 " + strings.Repeat("长", 41),
	} {
		_, err := calendar.ReadDays(strings.NewReader(text))
		require.ErrorIs(t, err, calendar.ErrDays, name)
	}
}

func FuzzReadDays(f *testing.F) {
	f.Add(table)
	f.Add("2026-10-01 休 \xff")
	f.Fuzz(func(t *testing.T, text string) {
		days, err := calendar.ReadDays(strings.NewReader(text))
		if err != nil {
			require.ErrorIs(t, err, calendar.ErrDays)
			return
		}
		require.NotEmpty(t, days)
		for _, d := range days {
			require.NotEmpty(t, d.Name)
			require.Equal(t, d.Works, calendar.Of(days).Works(d.Day))
		}
	})
}
