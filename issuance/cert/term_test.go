package cert_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

var beijing = time.FixedZone("CST", 8*3600)

// TestValidityRules: expired and early renewals, 29 February, the issuing CA's end and Beijing's midnight, to the second.
func TestValidityRules(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation(time.DateTime, s, beijing)
		require.NoError(t, err)
		return v
	}
	const end = "2040-01-01 00:00:00"
	for name, c := range map[string]struct {
		signing, oldEnd string // Beijing time; oldEnd "" is a new holder
		years           int
		caEnd, want     string // want "" is beyond the CA
	}{
		"expired counts from signing":                 {"2026-11-22 10:00:00", "2026-10-01 23:59:59", 1, end, "2027-11-22 23:59:59"},
		"expired for years counts from signing":       {"2026-11-22 10:00:00", "2019-10-01 23:59:59", 5, end, "2031-11-22 23:59:59"},
		"valid counts from the old end":               {"2026-11-22 10:00:00", "2026-12-31 23:59:59", 2, end, "2028-12-31 23:59:59"},
		"early, on the first day of the window":       {"2026-10-02 00:00:00", "2026-12-31 23:59:59", 1, end, "2027-12-31 23:59:59"},
		"the very second of the old end is valid":     {"2026-12-31 23:59:59", "2026-12-31 23:59:59", 1, end, "2027-12-31 23:59:59"},
		"one second later is expired":                 {"2027-01-01 00:00:00", "2026-12-31 23:59:59", 1, end, "2028-01-01 23:59:59"},
		"a new holder counts from signing":            {"2026-11-22 10:00:00", "", 3, end, "2029-11-22 23:59:59"},
		"the day is Beijing's: just after midnight":   {"2026-11-22 00:00:00", "2026-10-01 23:59:59", 1, end, "2027-11-22 23:59:59"},
		"the day is Beijing's: just before midnight":  {"2026-11-21 23:59:59", "2026-10-01 23:59:59", 1, end, "2027-11-21 23:59:59"},
		"the day is Beijing's: 8 in the morning":      {"2026-11-22 08:00:00", "2026-10-01 23:59:59", 1, end, "2027-11-22 23:59:59"},
		"New Year's night":                            {"2027-01-01 00:00:00", "2026-10-01 23:59:59", 1, end, "2028-01-01 23:59:59"},
		"29 February becomes 28":                      {"2028-02-29 12:00:00", "2027-01-01 00:00:00", 1, end, "2029-02-28 23:59:59"},
		"29 February stays where there is one":        {"2028-02-29 12:00:00", "2027-01-01 00:00:00", 4, end, "2032-02-29 23:59:59"},
		"29 February of the old end becomes 28":       {"2028-01-05 12:00:00", "2028-02-29 23:59:59", 3, end, "2031-02-28 23:59:59"},
		"28 February stays in a leap year":            {"2027-02-28 12:00:00", "2027-02-28 23:59:59", 1, end, "2028-02-28 23:59:59"},
		"29 February by Beijing's day, 28 by UTC's":   {"2028-02-29 07:59:59", "2027-01-01 00:00:00", 1, end, "2029-02-28 23:59:59"},
		"1 March by Beijing's day, 29 by UTC's":       {"2028-03-01 00:30:00", "2027-01-01 00:00:00", 1, end, "2029-03-01 23:59:59"},
		"an odd hour of the old end is evened":        {"2026-11-22 10:00:00", "2026-12-01 08:15:00", 5, end, "2031-12-01 23:59:59"},
		"an old end in UTC's evening is the next day": {"2026-11-22 10:00:00", "2026-12-02 00:00:00", 1, end, "2027-12-02 23:59:59"},
		"the CA's last second is not beyond":          {"2026-11-22 10:00:00", "2026-10-01 23:59:59", 1, "2027-11-22 23:59:59", "2027-11-22 23:59:59"},
		"one second beyond the CA":                    {"2026-11-22 10:00:00", "2026-10-01 23:59:59", 1, "2027-11-22 23:59:58", ""},
		"years beyond the CA":                         {"2026-11-22 10:00:00", "2026-12-31 23:59:59", 5, "2030-01-01 00:00:00", ""},
		"a new holder beyond the CA":                  {"2026-11-22 10:00:00", "", 5, "2030-01-01 00:00:00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			term, oldEnd := cert.Term{Years: c.years, Rule: cert.RuleNew}, time.Time{}
			if c.oldEnd != "" {
				oldEnd = at(c.oldEnd)
				term = cert.NewTerm(c.years, oldEnd, at(c.signing))
			}
			got, err := term.End(at(c.signing), oldEnd, at(c.caEnd))
			if c.want == "" {
				require.True(t, fault.HasKey(err, "validity_beyond_ca"), "%v", err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got.In(beijing).Format(time.DateTime))
			require.Equal(t, time.UTC, got.Location())
		})
	}
}

// Whatever the moment: the last second of a day of Beijing, the same month, N years on, never a day more than asked for
// and never less than the years.
func TestValidityIsWholeYears(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(1577808000, 4102416000).Draw(t, "from"), 0) // 2020 to 2100
		years := rapid.IntRange(1, cert.MaxYears).Draw(t, "years")
		rule := rapid.SampledFrom([]string{cert.RuleExpired, cert.RuleValid, cert.RuleNew}).Draw(t, "rule")
		got, err := cert.Term{Years: years, Rule: rule}.End(from, from, from.AddDate(10, 0, 0))
		require.NoError(t, err)
		b, f := got.In(beijing), from.In(beijing)
		require.Equal(t, "23:59:59", b.Format(time.TimeOnly))
		require.Equal(t, f.Year()+years, b.Year())
		require.Equal(t, f.Month(), b.Month())
		if f.Month() != time.February || f.Day() != 29 {
			require.Equal(t, f.Day(), b.Day())
		}
		require.False(t, got.Before(from.AddDate(years, 0, -1)))
	})
}

func TestNewTermPicksTheRuleByTheOldEnd(t *testing.T) {
	end := time.Date(2026, 11, 22, 15, 59, 59, 0, time.UTC)
	require.Equal(t, cert.RuleValid, cert.NewTerm(1, end, end).Rule)
	require.Equal(t, cert.RuleExpired, cert.NewTerm(1, end, end.Add(time.Second)).Rule)
}
