package issuance

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type keyApplicationRow struct {
	RequestID uuid.UUID `gorm:"primaryKey"`
	OrderID   uuid.UUID
	SignKey   []byte
	UserID    string
	NotBefore time.Time
	NotAfter  time.Time
	CreatedAt time.Time

	AuthorisationID uuid.UUID
	UpdateID        *uuid.UUID
	Reason          string // why nothing came of it
}

// TableName tells gorm the table.
func (keyApplicationRow) TableName() string { return "key_application" }

func (r keyApplicationRow) application() KeyApplication {
	return KeyApplication{
		RequestID: r.RequestID, OrderID: r.OrderID, AuthorisationID: r.AuthorisationID, UpdateID: r.UpdateID, SignKey: r.SignKey, UserID: r.UserID, NotBefore: r.NotBefore.UTC(), NotAfter: r.NotAfter.UTC(),
	}
}

type keyAnswerRow struct {
	RequestID uuid.UUID `gorm:"primaryKey"`
	Evidence  []byte
	Sent      []byte
	Received  []byte
	At        time.Time
}

// TableName tells gorm the table.
func (keyAnswerRow) TableName() string { return "key_answer" }

// ApplyForKey commits to asking for a key. The same application again is no conflict. Fails with Conflict
// "kmc_id_reused" where the id stands for another one.
func (s *Service) ApplyForKey(_ context.Context, tx pg.Tx, k KeyApplication) error {
	k.NotBefore, k.NotAfter = k.NotBefore.UTC().Truncate(time.Second), k.NotAfter.UTC().Truncate(time.Second)
	row := keyApplicationRow{
		RequestID: k.RequestID, OrderID: k.OrderID, SignKey: k.SignKey, UserID: k.UserID, NotBefore: k.NotBefore, NotAfter: k.NotAfter, CreatedAt: s.now(),
		AuthorisationID: k.AuthorisationID, UpdateID: k.UpdateID,
	}
	err := tx.Gorm().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "request_id"}}, DoNothing: true}).Create(&row).Error
	if err != nil {
		return pg.Fault(err)
	}
	have, err := loadKeyApplication(tx, k.RequestID)
	if err == nil && !have.same(k) {
		return fault.New(fault.Conflict, "kmc_id_reused", nil)
	}
	return err
}

// AskKey asks the centre for a key that was applied for, or returns the answer that is kept. It may be repeated. Not to
// be called inside a transaction. Fails with NotFound "kmc_key_unknown" and like KeyCentre.Apply.
func (s *Service) AskKey(ctx context.Context, q pg.Q, request uuid.UUID) (KeyAnswer, error) {
	k, err := loadKeyApplication(q, request)
	if err != nil {
		return KeyAnswer{}, err
	}
	if kept, err := s.KeyAnswer(ctx, q, request); !fault.HasKey(err, "kmc_key_unknown") {
		return kept, err
	}
	return s.centre.Apply(ctx, k)
}

// KeepKey stores the centre's answer. The first one counts; the centre gives the same again. Fails with Conflict
// "kmc_mismatch" where the answer is for another request.
func (s *Service) KeepKey(_ context.Context, tx pg.Tx, request uuid.UUID, a KeyAnswer) error {
	if a.Evidence.RequestID != request.String() {
		return fault.New(fault.Conflict, "kmc_mismatch", nil)
	}
	row := keyAnswerRow{RequestID: request, Evidence: a.Evidence.Canonical(), Sent: a.Sent, Received: a.Received, At: s.now()}
	return pg.Fault(tx.Gorm().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "request_id"}}, DoNothing: true}).Create(&row).Error)
}

// KeyAnswer returns the centre's answer for a request. Fails with NotFound "kmc_key_unknown".
func (s *Service) KeyAnswer(_ context.Context, q pg.Q, request uuid.UUID) (KeyAnswer, error) {
	var rows []keyAnswerRow
	if err := q.Gorm().Where("request_id = ?", request).Limit(1).Find(&rows).Error; err != nil {
		return KeyAnswer{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return KeyAnswer{}, fault.New(fault.NotFound, "kmc_key_unknown", nil)
	}
	e, err := cert.ParseEvidence(rows[0].Evidence)
	return KeyAnswer{Evidence: e, Sent: rows[0].Sent, Received: rows[0].Received}, err
}

func loadKeyApplication(q pg.Q, request uuid.UUID) (KeyApplication, error) {
	var rows []keyApplicationRow
	if err := q.Gorm().Where("request_id = ?", request).Limit(1).Find(&rows).Error; err != nil {
		return KeyApplication{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return KeyApplication{}, fault.New(fault.NotFound, "kmc_key_unknown", nil)
	}
	return rows[0].application(), nil
}
