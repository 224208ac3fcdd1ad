package applicant

import (
	"crypto/subtle"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

func init() {
	pg.Constraint("consent_agreement_known", fault.Invalid, "agreement_unknown")
}

type applicantRow struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	PhoneSealed []byte
	PhoneIndex  []byte
	PhoneMask   string
	CreatedAt   time.Time
	LastLoginAt time.Time
}

func (applicantRow) TableName() string { return "applicant" }

type codeRow struct {
	PhoneIndex []byte `gorm:"primaryKey"`
	CodeMAC    []byte `gorm:"column:code_mac"`
	TriesLeft  int
	ExpiresAt  time.Time
	CreatedAt  time.Time
}

func (codeRow) TableName() string { return "login_code" }

type tokenRow struct {
	TokenHash   []byte `gorm:"primaryKey"`
	ApplicantID uuid.UUID
	ExpiresAt   time.Time
	CreatedAt   time.Time
}

func (tokenRow) TableName() string { return "applicant_token" }

type consentRow struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	ApplicantID uuid.UUID
	Agreement   string
	Version     int
	GivenAt     time.Time
	IP          string `gorm:"column:ip"`
	WithdrawnAt *time.Time
}

func (consentRow) TableName() string { return "consent" }

// ensure returns the account of a phone and notes the login. Two first logins at once make one account: the second
// insert waits for the first and then updates its row.
func (a *Applicants) ensure(tx pg.Tx, phone string, now time.Time) (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, fault.Wrap("random_unavailable", err)
	}
	sealed, err := a.ring.Seal("applicant.phone", id, phone)
	if err != nil {
		return uuid.Nil, err
	}
	row := applicantRow{
		ID: id, PhoneSealed: sealed, PhoneIndex: a.PhoneIndex(phone), PhoneMask: seal.MaskPhone(phone),
		CreatedAt: now, LastLoginAt: now,
	}
	err = tx.Gorm().Clauses(
		clause.OnConflict{Columns: []clause.Column{{Name: "phone_index"}}, DoUpdates: clause.AssignmentColumns([]string{"last_login_at"})},
		clause.Returning{Columns: []clause.Column{{Name: "id"}}},
	).Create(&row).Error
	return row.ID, pg.Fault(err)
}

func putCode(tx pg.Tx, row codeRow) error {
	return pg.Fault(tx.Gorm().Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error)
}

// takeCode spends a try under the row's lock, so that parallel guesses cannot share one.
func takeCode(tx pg.Tx, phoneIndex, mac []byte, now time.Time) (bool, error) {
	var rows []codeRow
	err := tx.Gorm().Raw(`
		UPDATE login_code SET tries_left = tries_left - 1
		WHERE phone_index = ? AND tries_left > 0 AND expires_at > ? RETURNING *`, phoneIndex, now).Scan(&rows).Error
	if err != nil {
		return false, pg.Fault(err)
	}
	if len(rows) == 0 || subtle.ConstantTimeCompare(rows[0].CodeMAC, mac) != 1 {
		return false, nil
	}
	err = tx.Gorm().Exec(`DELETE FROM login_code WHERE phone_index = ?`, phoneIndex).Error
	return err == nil, pg.Fault(err)
}

func putToken(tx pg.Tx, row tokenRow) error {
	return pg.Fault(tx.Gorm().Create(&row).Error)
}

func tokenOwner(q pg.Q, tokenHash []byte, now time.Time) (uuid.UUID, error) {
	var rows []tokenRow
	err := q.Gorm().Where("token_hash = ? AND expires_at > ?", tokenHash, now).Limit(1).Find(&rows).Error
	if err != nil {
		return uuid.Nil, pg.Fault(err)
	}
	if len(rows) == 0 {
		return uuid.Nil, fault.New(fault.Unauthenticated, "login_required", nil)
	}
	return rows[0].ApplicantID, nil
}

func deleteExpired(tx pg.Tx, now time.Time) error {
	for _, row := range []any{codeRow{}, tokenRow{}} {
		if err := tx.Gorm().Where("expires_at <= ?", now).Delete(row).Error; err != nil {
			return pg.Fault(err)
		}
	}
	return nil
}

// lockAccount takes the row lock of an account, under which its renewals are counted and opened.
func lockAccount(tx pg.Tx, id uuid.UUID) error {
	var rows []applicantRow
	err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Find(&rows).Error
	if err == nil && len(rows) == 0 {
		return fault.New(fault.Unauthenticated, "login_required", nil)
	}
	return pg.Fault(err)
}

func putConsents(tx pg.Tx, rows []consentRow) (int64, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	res := tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(&rows)
	return res.RowsAffected, pg.Fault(res.Error)
}

func withdrawConsents(tx pg.Tx, applicantID uuid.UUID, codes []string, now time.Time) (int64, error) {
	res := tx.Gorm().Model(&consentRow{}).
		Where("applicant_id = ? AND agreement IN ? AND withdrawn_at IS NULL", applicantID, codes).
		Update("withdrawn_at", now)
	return res.RowsAffected, pg.Fault(res.Error)
}

func consentsOf(q pg.Q, applicantID uuid.UUID) ([]Consent, error) {
	var rows []consentRow
	err := q.Gorm().Where("applicant_id = ? AND withdrawn_at IS NULL", applicantID).
		Order("agreement, version").Find(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Consent, len(rows))
	for i, r := range rows {
		out[i] = Consent{Agreed: Agreed{Code: r.Agreement, Version: r.Version}, GivenAt: r.GivenAt}
	}
	return out, nil
}
