package issuance

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

type holderProofRow struct {
	AuthorisationID uuid.UUID `gorm:"primaryKey"`
	UpdateID        uuid.UUID
	Signature       []byte
	At              time.Time
}

// TableName tells gorm the table.
func (holderProofRow) TableName() string { return "holder_proof" }

// StartRenew opens a session in which the Ukey of a pair that still holds authorises its own renewal: ToSign is what the
// grant allows, whole, and the CSR (DER) that the driver brought, if it did. Sessions of the same grant and CSR sign the
// same. Fails like Authorise. The caller holds the order's lock.
func (s *Service) StartRenew(ctx context.Context, tx pg.Tx, g Grant, csr []byte) (Update, error) {
	a, err := s.Authorise(ctx, tx, g)
	if err != nil {
		return Update{}, err
	}
	return s.openSession(tx, a, KindRenew, csr)
}

// Peek returns a session before it is proved, for the caller to lock its order. Fails with NotFound "update_unknown".
func (s *Service) Peek(_ context.Context, q pg.Q, id uuid.UUID) (Update, error) {
	row, err := loadUpdate(q, id)
	if err != nil {
		return Update{}, err
	}
	return s.view(q, row)
}

// keepProof stores what a Ukey signed, where something rests on it: the CSR a driver collects for, or the renewal a holder
// authorised. Of these the first one counts; a session that comes after it is one more PC with the same Ukey. Fails with
// Conflict "update_void" where the authorisation is void.
func (s *Service) keepProof(tx pg.Tx, row updateRow, signature []byte) error {
	if row.Kind == KindCollect {
		if len(row.CSR) == 0 {
			return nil
		}
		return pg.Fault(tx.Gorm().Create(&collectProofRow{UpdateID: row.ID, Signature: signature, At: s.now()}).Error)
	}
	a, err := loadAuthorisation(tx, "id = ?", row.AuthorisationID)
	switch {
	case err != nil:
		return err
	case a.State == AuthorisationVoid:
		return updateVoid()
	case a.State == AuthorisationUsed:
		return nil
	}
	return pg.Fault(tx.Gorm().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "authorisation_id"}}, DoNothing: true}).
		Create(&holderProofRow{AuthorisationID: a.ID, UpdateID: row.ID, Signature: signature, At: s.now()}).Error)
}

func holderProof(q pg.Q, authorisation uuid.UUID) (signature []byte, update uuid.UUID, err error) {
	var rows []holderProofRow
	if err := q.Gorm().Where("authorisation_id = ?", authorisation).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, uuid.Nil, pg.Fault(err)
	}
	return rows[0].Signature, rows[0].UpdateID, nil
}

func updateVoid() error { return fault.New(fault.Conflict, "update_void", nil) }
