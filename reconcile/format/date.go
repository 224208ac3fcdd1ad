package format

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"
)

var errDate = errors.New("format: not a date")

// beijing is the zone of every time a Chinese bank prints.
var beijing = time.FixedZone("CST", 8*3600)

// stamp is a date, with the time of day where the file gives one.
type stamp struct {
	at    time.Time
	timed bool
}

// String renders the stamp as the JSON contract has it.
func (s stamp) String() string {
	if s.timed {
		return s.at.Format("2006-01-02T15:04:05+08:00")
	}
	return s.at.Format(time.DateOnly)
}

// Years outside this range are a misread column, not a booking.
const (
	minYear = 2000
	maxYear = 2099
)

// Workbooks count days from one of two epochs; serials of the years above lie between these figures in both.
const (
	epoch1904Shift = 1462
	minSerial      = 35_000
	maxSerial      = 74_000
)

var dateLayouts = []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "20060102"}

var timeLayouts = []string{"15:04:05", "15:04", "150405"}

// parseStamp reads a date cell and, where the layout has one, the cell of the time of day. Understood are
// 2026-01-02, 2026/1/2, 2026.1.2, 2026年1月2日, 20260102, each alone or followed by a time, and the day serials of
// workbooks. A time may be 15:24:03, 15:24 or 152403, also with its leading zeros lost to a number cell.
func parseStamp(date, clock string, epoch1904 bool) (stamp, error) {
	date = strings.TrimSpace(width.Fold.String(date))
	clock = strings.TrimSpace(width.Fold.String(clock))
	if s, ok := serial(date, epoch1904); ok {
		return s.with(clock)
	}
	day, rest := splitDay(date)
	for _, layout := range dateLayouts {
		at, err := time.ParseInLocation(layout, day, beijing)
		if err != nil || at.Year() < minYear || at.Year() > maxYear {
			continue
		}
		if rest != "" && clock != "" {
			return stamp{}, errDate
		}
		return stamp{at: at}.with(rest + clock)
	}
	return stamp{}, errDate
}

// splitDay cuts "2026-01-02 15:24:03" and "2026-01-02T15:24:03" between day and time.
func splitDay(s string) (day, clock string) {
	if i := strings.IndexAny(s, " T"); i >= 0 {
		return s[:i], strings.TrimSpace(s[i+1:])
	}
	return s, ""
}

// with adds a time of day; an empty one leaves the date alone.
func (s stamp) with(clock string) (stamp, error) {
	if clock == "" {
		return s, nil
	}
	if frac, err := strconv.ParseFloat(clock, 64); err == nil && strings.Contains(clock, ".") && frac >= 0 && frac < 1 {
		return stamp{at: s.day().Add(fraction(frac)), timed: true}, nil
	}
	if digits(clock) && len(clock) >= 3 && len(clock) < 6 { // 80024 was 080024 before it became a number
		clock = strings.Repeat("0", 6-len(clock)) + clock
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, clock); err == nil {
			return stamp{at: s.day().Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute +
				time.Duration(t.Second())*time.Second), timed: true}, nil
		}
	}
	return stamp{}, errDate
}

func (s stamp) day() time.Time {
	return time.Date(s.at.Year(), s.at.Month(), s.at.Day(), 0, 0, 0, 0, beijing)
}

// serial reads a workbook's day number, with the time of day as its fraction.
func serial(s string, epoch1904 bool) (stamp, bool) {
	if strings.Trim(s, "0123456789.") != "" || s == "" {
		return stamp{}, false
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v < minSerial || v > maxSerial {
		return stamp{}, false
	}
	if epoch1904 {
		v += epoch1904Shift
	}
	day := int(v)
	at := time.Date(1899, 12, 30+day, 0, 0, 0, 0, beijing)
	if frac := v - float64(day); frac > 0 {
		return stamp{at: at.Add(fraction(frac)), timed: true}, true
	}
	return stamp{at: at}, true
}

// fraction is a part of a day, rounded to the second the bank meant.
func fraction(f float64) time.Duration {
	return time.Duration(f * float64(24*time.Hour)).Round(time.Second)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
