package project

import (
	"strings"
	"time"

	"caconsole/admin/fault"
)

// OldCertificate is what the rule of eligibility looks at.
type OldCertificate struct {
	SM2       bool
	MediumNo  string // 介质编号 of the Ukey
	Barred    bool   // revoked or held
	Successor string // serial of the pair that takes over; "" while there is none
	Updated   bool   // the Ukey carries the successor already
	NotAfter  time.Time
}

const day = 24 * time.Hour

// Renewable says whether a certificate may be renewed now: nil, or the Conflict of the first rule it breaks, on the
// field "serial": not_sm2, other_project, revoked, superseded (Args serial), already_renewed, too_early (Args date),
// too_late. Whether a renewal is open already is not a matter of the certificate and not asked here.
func (s Settings) Renewable(c OldCertificate, now time.Time) error {
	opens := c.NotAfter.Add(-time.Duration(s.WindowBeforeDays) * day)
	switch {
	case !c.SM2:
		return refused("not_sm2", nil)
	case !strings.HasPrefix(c.MediumNo, s.MediumPrefix):
		return refused("other_project", nil)
	case c.Barred:
		return refused("revoked", nil)
	case c.Successor != "" && c.Updated:
		return refused("superseded", fault.Args{"serial": c.Successor})
	case c.Successor != "":
		return refused("already_renewed", nil)
	case now.Before(opens):
		return refused("too_early", fault.Args{"date": opens.In(beijing).Format(time.DateOnly)})
	case s.MaxDaysAfterExpiry != nil && now.After(c.NotAfter.Add(time.Duration(*s.MaxDaysAfterExpiry)*day)):
		return refused("too_late", nil)
	}
	return nil
}

// beijing is the zone of dates people read.
var beijing = time.FixedZone("CST", 8*3600)

func refused(key string, args fault.Args) error {
	return &fault.Error{Kind: fault.Conflict, Key: key, Args: args, Fields: []fault.Field{{Name: "serial", Key: key, Args: args}}}
}
