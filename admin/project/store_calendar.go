package project

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"caconsole/admin/calendar"
	"caconsole/admin/pg"
)

// dayRow is a date as the database holds it: midnight UTC of the day that is meant.
type dayRow struct {
	Day       time.Time
	Works     bool
	Name      string
	CreatedAt time.Time
}

func (dayRow) TableName() string { return "calendar_day" }

// Calendar is the working time that promises are reckoned in, the same for all projects.
func (p Projects) Calendar(ctx context.Context, q pg.Q) (calendar.Calendar, error) {
	days, err := p.Days(ctx, q)
	return calendar.Of(days), err
}

// Days lists the exceptions of the calendar, by day.
func (Projects) Days(_ context.Context, q pg.Q) ([]calendar.Exception, error) {
	var rows []dayRow
	if err := q.Gorm().Order("day").Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]calendar.Exception, 0, len(rows))
	for _, r := range rows {
		y, m, d := r.Day.Date()
		out = append(out, calendar.Exception{Day: calendar.Day{Year: y, Month: m, Day: d}, Works: r.Works, Name: r.Name})
	}
	return out, nil
}

// SetYear replaces the exceptions of the years the days lie in: a table is loaded whole, so that a day taken off the list
// is an ordinary day again. Promises already made stay as they were made.
func (Projects) SetYear(_ context.Context, tx pg.Tx, now time.Time, days []calendar.Exception) error {
	years := map[int]bool{}
	rows := make([]dayRow, 0, len(days))
	for _, e := range days {
		years[e.Day.Year] = true
		rows = append(rows, dayRow{time.Date(e.Day.Year, e.Day.Month, e.Day.Day, 0, 0, 0, 0, time.UTC), e.Works, e.Name, now})
	}
	for y := range years {
		if err := tx.Gorm().Where("extract(year FROM day) = ?", y).Delete(&dayRow{}).Error; err != nil {
			return pg.Fault(err)
		}
	}
	return pg.Fault(tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error)
}
