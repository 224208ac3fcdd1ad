package format

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseStamp(t *testing.T) {
	for _, c := range []struct {
		date, clock string
		epoch1904   bool
		want        string
	}{
		{"2026-01-02", "", false, "2026-01-02"},
		{"20260102", "080024", false, "2026-01-02T08:00:24+08:00"},
		{"20260102", "80024", false, "2026-01-02T08:00:24+08:00"},
		{"20260102", "24", false, ""},
		{"20260801 15:24:03", "", false, "2026-08-01T15:24:03+08:00"},
		{"2026-01-02T15:24:03", "", false, "2026-01-02T15:24:03+08:00"},
		{"2025/12/3", "9:05", false, "2025-12-03T09:05:00+08:00"},
		{"2026年1月2日", "", false, "2026-01-02"},
		{"２０２６－０１－０２", "", false, "2026-01-02"},
		{"46024", "", false, "2026-01-02"},
		{"44562", "", true, "2026-01-02"},
		{"46024.641701388886", "", false, "2026-01-02T15:24:03+08:00"},
		{"46024", "0.64170138888888886", false, "2026-01-02T15:24:03+08:00"},
		{"2026-02-29", "", false, ""},
		{"2026-13-01", "", false, ""},
		{"1.5", "", false, ""},
		{"1999-12-31", "", false, ""},
		{"合计", "", false, ""},
		{"20260102", "25:00:00", false, ""},
		{"2026-01-02 10:00:00", "11:00:00", false, ""},
	} {
		got, err := parseStamp(c.date, c.clock, c.epoch1904)
		if c.want == "" {
			require.ErrorIs(t, err, errDate, "%s %s", c.date, c.clock)
			continue
		}
		require.NoError(t, err, "%s %s", c.date, c.clock)
		require.Equal(t, c.want, got.String())
	}
}

func FuzzParseStamp(f *testing.F) {
	f.Add("2026-01-02", "080024", false)
	f.Add("46024.6417", "", true)
	f.Add("2026年1月2日", "15:24:03", false)
	f.Fuzz(func(t *testing.T, date, clock string, epoch1904 bool) {
		s, err := parseStamp(date, clock, epoch1904)
		if err != nil {
			return
		}
		again, err := parseStamp(s.String()[:10], "", false)
		require.NoError(t, err, "what was read must read again")
		require.Equal(t, s.String()[:10], again.String())
		require.GreaterOrEqual(t, s.at.Year(), minYear-5)
	})
}
