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

type keyRow struct {
	ID            string `gorm:"primaryKey"`
	StaffID       uuid.UUID
	RowID         uuid.UUID
	PublicKey     []byte
	PrivateSealed []byte
	CreatedAt     time.Time
	EndedAt       *time.Time
}

func (keyRow) TableName() string { return "staff_approval_key" }

func insertKey(tx pg.Tx, row keyRow) error { return pg.Fault(tx.Gorm().Create(&row).Error) }

func loadKey(q pg.Q, staffID uuid.UUID) (keyRow, error) {
	var rows []keyRow
	if err := q.Gorm().Where("staff_id = ? AND ended_at IS NULL", staffID).Limit(1).Find(&rows).Error; err != nil {
		return keyRow{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return keyRow{}, fault.New(fault.Conflict, "approval_key_missing", nil)
	}
	return rows[0], nil
}

// listKeys reads the public halves only.
func listKeys(q pg.Q) ([]ApprovalKey, error) {
	var rows []struct {
		View      memberView `gorm:"embedded"`
		KeyID     string
		PublicKey []byte
	}
	err := q.Gorm().Raw(memberSQL + `, k.id AS key_id, k.public_key
		FROM staff s JOIN staff_approval_key k ON k.staff_id = s.id AND k.ended_at IS NULL
		WHERE s.state = 'active' ORDER BY s.no, s.id`).Scan(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	keys := make([]ApprovalKey, 0, len(rows))
	for _, r := range rows {
		m, err := r.View.member()
		if err != nil {
			return nil, err
		}
		keys = append(keys, ApprovalKey{
			KeyID: r.KeyID, StaffID: m.ID, Login: m.Login, No: m.No, Roles: m.Roles, PublicKey: r.PublicKey,
		})
	}
	return keys, nil
}
