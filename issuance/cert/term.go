package cert

import (
	"fmt"
	"time"

	"caconsole/admin/fault"
)

// Term rules: from where the years are counted.
const (
	RuleExpired = "expired" // the old pair has run out: from the day of signing
	RuleValid   = "valid"   // the old pair still holds: from its own end
	RuleNew     = "new"     // there is no old pair: from the day of signing
)

// MaxYears is the longest term on sale, in years.
const MaxYears = 5

// beijing is the zone in which days of certificates end. China has had one fixed offset since 1991.
var beijing = time.FixedZone("CST", 8*60*60)

// Term is how long the new pair shall hold.
type Term struct {
	Years int    `json:"years"`
	Rule  string `json:"rule"`
}

// NewTerm picks the rule for an old pair that ends at oldEnd, seen at now.
func NewTerm(years int, oldEnd, now time.Time) Term {
	if now.After(oldEnd) {
		return Term{Years: years, Rule: RuleExpired}
	}
	return Term{Years: years, Rule: RuleValid}
}

func (t Term) check() error {
	if t.Years < 1 || t.Years > MaxYears || t.Rule != RuleExpired && t.Rule != RuleValid && t.Rule != RuleNew {
		return fmt.Errorf("term of %d years by rule %q", t.Years, t.Rule)
	}
	return nil
}

// End works out not_after: the same day N years after signing (RuleExpired, RuleNew) or after the old end (RuleValid), at
// 23:59:59 Beijing time, 29 February becoming 28 February where the year has none.
// Fails with Conflict "validity_beyond_ca" where that lies after caEnd, the end of the issuing certificate.
func (t Term) End(signing, oldEnd, caEnd time.Time) (time.Time, error) {
	from := signing
	if t.Rule == RuleValid {
		from = oldEnd
	}
	y, m, d := from.In(beijing).Date()
	y += t.Years
	if m == time.February && d == 29 && !isLeap(y) {
		d = 28
	}
	end := time.Date(y, m, d, 23, 59, 59, 0, beijing).UTC()
	if end.After(caEnd) {
		return time.Time{}, fault.New(fault.Conflict, "validity_beyond_ca", fault.Args{"years": t.Years})
	}
	return end, nil
}

func isLeap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }
