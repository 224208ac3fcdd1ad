package issuance

import (
	"github.com/google/uuid"

	"caconsole/admin/pg"
)

type csrRow struct {
	AuthorisationID uuid.UUID `gorm:"primaryKey"`
	CSR             []byte    `gorm:"column:csr"`
}

// TableName tells gorm the table.
func (csrRow) TableName() string { return "authorisation_csr" }

// keepCSR stores the CSR that an authorisation is for; none is nothing to keep.
func keepCSR(tx pg.Tx, authorisation uuid.UUID, csr []byte) error {
	if len(csr) == 0 {
		return nil
	}
	return pg.Fault(tx.Gorm().Create(&csrRow{AuthorisationID: authorisation, CSR: csr}).Error)
}

// csrOf returns the CSR that came with an authorisation, nil where none did.
func csrOf(q pg.Q, authorisation uuid.UUID) ([]byte, error) {
	var rows []csrRow
	if err := q.Gorm().Where("authorisation_id = ?", authorisation).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, pg.Fault(err)
	}
	return rows[0].CSR, nil
}
