package document

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/pg"
)

type formRow struct {
	ID           uuid.UUID
	OrderID      uuid.UUID
	Version      int
	OrderNo      string
	Digest       []byte
	FieldsSealed []byte
	CreatedAt    time.Time
}

func (formRow) TableName() string { return "form_version" }

func insertForm(tx pg.Tx, row formRow) error { return tx.Gorm().Create(&row).Error }

func lastForm(q pg.Q, orderID uuid.UUID) (row formRow, found bool, err error) {
	r := q.Gorm().Where("order_id = ?", orderID).Order("version DESC").Limit(1).Find(&row)
	return row, r.RowsAffected == 1, r.Error
}
