package history

import (
	"time"

	"caconsole/admin/calendar"
)

const opensAt = 9 * time.Hour

// workBefore is the moment from which d of working time passes until now: staff have worked when they could.
func workBefore(now time.Time, d time.Duration) time.Time {
	var works calendar.Calendar
	for day := midnight(now); ; day = day.AddDate(0, 0, -1) {
		if !works.Works(calendar.DayOf(day)) {
			continue
		}
		opens, closes := day.Add(opensAt), day.Add(opensAt+calendar.Workday)
		if now.Before(closes) {
			closes = now
		}
		had := closes.Sub(opens)
		if had <= 0 {
			continue
		}
		if d < had {
			return closes.Add(-d)
		}
		d -= had
	}
}

func midnight(t time.Time) time.Time {
	y, m, d := t.In(calendar.Beijing).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, calendar.Beijing)
}
