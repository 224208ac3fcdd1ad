package project_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/project"
)

func TestRenewable(t *testing.T) {
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	expired := project.OldCertificate{SM2: true, MediumNo: "3888000000012345", NotAfter: now.AddDate(-1, 0, 0)}
	year := 365
	for name, c := range map[string]struct {
		change func(*project.OldCertificate, *project.Settings)
		want   string
	}{
		"expired long ago":           {func(*project.OldCertificate, *project.Settings) {}, ""},
		"first moment of the window": {func(c *project.OldCertificate, _ *project.Settings) { c.NotAfter = now.AddDate(0, 0, 90) }, ""},
		"a second before the window": {func(c *project.OldCertificate, _ *project.Settings) {
			c.NotAfter = now.AddDate(0, 0, 90).Add(time.Second)
		}, "too_early"},
		"not SM2":                     {func(c *project.OldCertificate, _ *project.Settings) { c.SM2 = false }, "not_sm2"},
		"medium of another project":   {func(c *project.OldCertificate, _ *project.Settings) { c.MediumNo = "4888000000012345" }, "other_project"},
		"medium without number":       {func(c *project.OldCertificate, _ *project.Settings) { c.MediumNo = "" }, "other_project"},
		"revoked":                     {func(c *project.OldCertificate, _ *project.Settings) { c.Barred = true }, "revoked"},
		"renewed, Ukey not updated":   {func(c *project.OldCertificate, _ *project.Settings) { c.Successor = "4a" }, "already_renewed"},
		"renewed and Ukey updated":    {func(c *project.OldCertificate, _ *project.Settings) { c.Successor, c.Updated = "4a", true }, "superseded"},
		"too long ago, where limited": {func(_ *project.OldCertificate, s *project.Settings) { s.MaxDaysAfterExpiry = &year }, ""},
		"a day too long ago": {func(c *project.OldCertificate, s *project.Settings) {
			s.MaxDaysAfterExpiry = &year
			c.NotAfter = c.NotAfter.AddDate(0, 0, -1)
		}, "too_late"},
		"another prefix": {func(_ *project.OldCertificate, s *project.Settings) { s.MediumPrefix = "39" }, "other_project"},
	} {
		t.Run(name, func(t *testing.T) {
			old, settings := expired, project.Defaults()
			c.change(&old, &settings)
			err := settings.Renewable(old, now)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			f := fault.Of(err)
			require.Equal(t, c.want, f.Key)
			require.Equal(t, fault.Conflict, f.Kind)
			require.Equal(t, "serial", f.Fields[0].Name)
		})
	}
}
