package issuance

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type reminderRow struct {
	PairID uuid.UUID `gorm:"primaryKey"`
	Days   int       `gorm:"primaryKey"`
	At     time.Time
}

// TableName tells gorm the table.
func (reminderRow) TableName() string { return "certificate_reminder" }

// Ending is a pair that ends soon, with the order it came from: its agent is whom we know of the holder.
type Ending struct {
	PairID   uuid.UUID
	OrderID  uuid.UUID
	MediumNo string
	NotAfter time.Time
}

// EndingSoon lists pairs of a project in use that end within so many days and of which nobody was reminded at that or a
// later step, the next to end first. A pair that an earlier system made has no order, and nobody to remind.
func (s *Service) EndingSoon(_ context.Context, q pg.Q, project uuid.UUID, days, limit int) ([]Ending, error) {
	var out []Ending
	now := s.now()
	err := q.Gorm().Table("certificate_state s").
		Joins("JOIN issuance_request r ON r.new_pair_id = s.pair_id").
		Joins("JOIN certificate c ON c.pair_id = s.pair_id AND c.kind = ?", cert.Sign).
		Where("s.project_id = ? AND s.state = 'active' AND s.successor IS NULL", project).
		Where("s.not_after >= ? AND s.not_after < ?", now, now.AddDate(0, 0, days)).
		Where("NOT EXISTS (SELECT 1 FROM certificate_reminder m WHERE m.pair_id = s.pair_id AND m.days <= ?)", days).
		Select("s.pair_id, r.order_id, c.medium_no, s.not_after").Order("s.not_after, s.pair_id").Limit(limit).Scan(&out).Error
	return out, pg.Fault(err)
}

// Reminded notes that a pair's holder was reminded so many days before its end; fresh is false where that was noted
// before.
func (s *Service) Reminded(_ context.Context, tx pg.Tx, pair uuid.UUID, days int) (fresh bool, err error) {
	res := tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(&reminderRow{PairID: pair, Days: days, At: s.now()})
	return res.RowsAffected == 1, pg.Fault(res.Error)
}
