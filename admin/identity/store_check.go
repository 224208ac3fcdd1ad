package identity

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

type checkRow struct {
	ID         uuid.UUID
	OrderID    uuid.UUID
	Outcome    Outcome
	VendorCode string
	Carrier    string
	CreatedAt  time.Time
}

// TableName tells gorm the table.
func (checkRow) TableName() string { return "telecom_check" }

// AddCheck stores a carriers' answer.
func (i *Identities) AddCheck(_ context.Context, tx pg.Tx, orderID uuid.UUID, c Check) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fault.Wrap("identity_id", err)
	}
	return pg.Fault(tx.Gorm().Create(&checkRow{id, orderID, c.Outcome, c.Code, c.Carrier, i.now()}).Error)
}

// LatestCheck returns the last carriers' answer of an order. NotFound "telecom_unchecked" before the first.
func (i *Identities) LatestCheck(_ context.Context, q pg.Q, orderID uuid.UUID) (Check, error) {
	var r checkRow
	if err := q.Gorm().Where("order_id = ?", orderID).Order("created_at DESC").Take(&r).Error; err != nil {
		if fault.Is(pg.Fault(err), fault.NotFound) {
			return Check{}, fault.New(fault.NotFound, "telecom_unchecked", nil)
		}
		return Check{}, pg.Fault(err)
	}
	return Check{Outcome: r.Outcome, Code: r.VendorCode, Carrier: r.Carrier, At: r.CreatedAt}, nil
}
