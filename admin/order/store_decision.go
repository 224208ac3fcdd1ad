package order

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// Decision is what becomes of a renewal whose update nobody fetches.
type Decision string

// The decisions: to wait some more days, or to leave it to the holder and ask no more.
const (
	Extend Decision = "extend"
	Rest   Decision = "rest"
)

type decisionRow struct {
	ID       uuid.UUID `gorm:"primaryKey"`
	OrderID  uuid.UUID
	StaffID  uuid.UUID
	Decision Decision
	Until    *time.Time
	Reason   string
	At       time.Time
}

// TableName tells gorm the table.
func (decisionRow) TableName() string { return "update_decision" }

// Decide stores what a person decided of an update that is not fetched; until counts for Extend only. The caller holds
// the order's lock.
func (o *Orders) Decide(_ context.Context, tx pg.Tx, orderID, staffID uuid.UUID, d Decision, until time.Time, reason string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fault.Wrap("random_unavailable", err)
	}
	row := decisionRow{ID: id, OrderID: orderID, StaffID: staffID, Decision: d, Reason: reason, At: o.now()}
	if d == Extend {
		row.Until = &until
	}
	return pg.Fault(tx.Gorm().Create(&row).Error)
}
