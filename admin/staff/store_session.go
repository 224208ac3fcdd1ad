package staff

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

type sessionRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	TokenHash []byte
	StaffID   uuid.UUID
	IP        string `gorm:"column:ip"`
	UserAgent string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	EndedAt   *time.Time
	EndedWhy  string
}

func (sessionRow) TableName() string { return "staff_session" }

func insertSession(tx pg.Tx, row sessionRow) error { return pg.Fault(tx.Gorm().Create(&row).Error) }

// loadSession finds a session, live or not, and its member. Error: Unauthenticated "session_missing".
func loadSession(q pg.Q, tokenHash []byte) (sessionRow, Member, error) {
	var rows []sessionRow
	if err := q.Gorm().Where("token_hash = ?", tokenHash).Limit(1).Find(&rows).Error; err != nil {
		return sessionRow{}, Member{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return sessionRow{}, Member{}, fault.New(fault.Unauthenticated, "session_missing", nil)
	}
	m, err := loadMember(q, rows[0].StaffID)
	return rows[0], m, err
}

// touch notes a request. Of two at once the later time stays.
func touch(q pg.Q, id uuid.UUID, now time.Time) error {
	return pg.Fault(q.Gorm().Exec(`UPDATE staff_session SET seen_at = ? WHERE id = ? AND seen_at < ?`, now, id, now).Error)
}

func endSession(tx pg.Tx, tokenHash []byte, why string, now time.Time) error {
	return pg.Fault(tx.Gorm().Exec(`UPDATE staff_session SET ended_at = ?, ended_why = ? WHERE token_hash = ? AND ended_at IS NULL`,
		now, why, tokenHash).Error)
}

func endSessions(tx pg.Tx, staffID uuid.UUID, why string, now time.Time) (int, error) {
	res := tx.Gorm().Exec(`UPDATE staff_session SET ended_at = ?, ended_why = ? WHERE staff_id = ? AND ended_at IS NULL AND expires_at > ?`,
		now, why, staffID, now)
	return int(res.RowsAffected), pg.Fault(res.Error)
}
