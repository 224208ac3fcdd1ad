// Package calendar reckons working time: Monday to Friday, 09:00 to 18:00 in Beijing, with holidays and the weekends
// worked in their place (调休) as data.
package calendar

import (
	"fmt"
	"time"
)

// Beijing is China's one time zone, without summer time.
var Beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

const (
	opens  = 9 * time.Hour
	closes = 18 * time.Hour
	// Workday is the working time of one day.
	Workday = closes - opens
)

// Day is a date in Beijing.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// DayOf returns the day of a moment.
func DayOf(t time.Time) Day {
	y, m, d := t.In(Beijing).Date()
	return Day{y, m, d}
}

// ParseDay reads "2026-10-01".
func ParseDay(s string) (Day, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, Beijing)
	if err != nil {
		return Day{}, fmt.Errorf("calendar: %w", err)
	}
	return DayOf(t), nil
}

// String writes "2026-10-01".
func (d Day) String() string { return d.at(0).Format(time.DateOnly) }

func (d Day) at(clock time.Duration) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, Beijing).Add(clock)
}

func (d Day) next() Day { return DayOf(time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, Beijing)) }

// Calendar knows which days are worked. The zero value knows no exceptions.
type Calendar struct {
	exceptions map[Day]bool
}

// New returns a calendar with exceptions to Monday to Friday: true for a weekend worked, false for a holiday.
func New(exceptions map[Day]bool) Calendar { return Calendar{exceptions: exceptions} }

// Works reports whether a day is worked.
func (c Calendar) Works(d Day) bool {
	if works, said := c.exceptions[d]; said {
		return works
	}
	weekday := d.at(0).Weekday()
	return weekday != time.Saturday && weekday != time.Sunday
}

// IsOpen reports whether a moment is working time; the closing minute no longer is.
func (c Calendar) IsOpen(t time.Time) bool {
	d := DayOf(t)
	return c.Works(d) && !t.Before(d.at(opens)) && t.Before(d.at(closes))
}

// Add returns the moment at which d of working time has passed since t. Nothing to add gives t where that is working
// time, else the next opening.
func (c Calendar) Add(t time.Time, d time.Duration) time.Time {
	for day := DayOf(t); ; day = day.next() {
		if !c.Works(day) {
			continue
		}
		from := later(t, day.at(opens))
		left := day.at(closes).Sub(from)
		if left <= 0 {
			continue
		}
		if d < left || (d == left && d > 0) {
			return from.Add(max(d, 0)).UTC()
		}
		d -= left
	}
}

// Between returns the working time from a to b, negative where b is before a.
func (c Calendar) Between(a, b time.Time) time.Duration {
	if b.Before(a) {
		return -c.Between(b, a)
	}
	var sum time.Duration
	for day := DayOf(a); !day.at(0).After(b); day = day.next() {
		if c.Works(day) {
			sum += max(0, earlier(b, day.at(closes)).Sub(later(a, day.at(opens))))
		}
	}
	return sum
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
