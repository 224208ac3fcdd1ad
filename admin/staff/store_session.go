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

// sessionByID fails with Unauthenticated "session_missing".
func sessionByID(q pg.Q, id uuid.UUID) (sessionRow, error) {
	var rows []sessionRow
	if err := q.Gorm().Where("id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return sessionRow{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return sessionRow{}, fault.New(fault.Unauthenticated, "session_missing", nil)
	}
	return rows[0], nil
}

// endSession ends a session if it lives and returns it; the zero row where there was none to end.
func endSession(tx pg.Tx, tokenHash []byte, why string, now time.Time) (sessionRow, error) {
	var row sessionRow
	err := tx.Gorm().Raw(`UPDATE staff_session SET ended_at = ?, ended_why = ? WHERE token_hash = ? AND ended_at IS NULL RETURNING *`,
		now, why, tokenHash).Scan(&row).Error
	return row, pg.Fault(err)
}

func endSessions(tx pg.Tx, staffID uuid.UUID, why string, now time.Time) (int, error) {
	res := tx.Gorm().Exec(`UPDATE staff_session SET ended_at = ?, ended_why = ? WHERE staff_id = ? AND ended_at IS NULL AND expires_at > ?`,
		now, why, staffID, now)
	return int(res.RowsAffected), pg.Fault(res.Error)
}
