package cert_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

var beijing = time.FixedZone("CST", 8*3600)

func TestTermEnd(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation(time.DateTime, s, beijing)
		require.NoError(t, err)
		return v
	}
	for name, c := range map[string]struct {
		signing, oldEnd string
		years           int
		rule, want      string
	}{
		"expired counts from signing":           {"2026-11-22 10:00:00", "2026-10-01 23:59:59", 1, cert.RuleExpired, "2027-11-22 23:59:59"},
		"valid counts from the old end":         {"2026-11-22 10:00:00", "2026-12-31 23:59:59", 2, cert.RuleValid, "2028-12-31 23:59:59"},
		"the day is Beijing's, not UTC's":       {"2026-11-22 00:30:00", "2026-10-01 23:59:59", 1, cert.RuleExpired, "2027-11-22 23:59:59"},
		"29 February becomes 28":                {"2028-02-29 12:00:00", "2027-01-01 00:00:00", 1, cert.RuleExpired, "2029-02-28 23:59:59"},
		"29 February stays where there is one":  {"2028-02-29 12:00:00", "2027-01-01 00:00:00", 4, cert.RuleExpired, "2032-02-29 23:59:59"},
		"29 February of the old end becomes 28": {"2028-01-05 12:00:00", "2028-02-29 23:59:59", 3, cert.RuleValid, "2031-02-28 23:59:59"},
		"an odd hour of the old end is evened":  {"2026-11-22 10:00:00", "2026-12-01 08:15:00", 5, cert.RuleValid, "2031-12-01 23:59:59"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cert.Term{Years: c.years, Rule: c.rule}.End(at(c.signing), at(c.oldEnd), at("2040-01-01 00:00:00"))
			require.NoError(t, err)
			require.Equal(t, c.want, got.In(beijing).Format(time.DateTime))
		})
	}
}

func TestTermNeverGoesBeyondTheIssuingCertificate(t *testing.T) {
	signing := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	term := cert.Term{Years: 3, Rule: cert.RuleExpired}
	end, err := term.End(signing, signing, signing.AddDate(10, 0, 0))
	require.NoError(t, err)
	_, err = term.End(signing, signing, end)
	require.NoError(t, err, "the same second is not beyond")
	_, err = term.End(signing, signing, end.Add(-time.Second))
	require.True(t, fault.HasKey(err, "validity_beyond_ca"))
}

func TestNewTermPicksTheRuleByTheOldEnd(t *testing.T) {
	end := time.Date(2026, 11, 22, 15, 59, 59, 0, time.UTC)
	require.Equal(t, cert.RuleValid, cert.NewTerm(1, end, end).Rule)
	require.Equal(t, cert.RuleExpired, cert.NewTerm(1, end, end.Add(time.Second)).Rule)
}
