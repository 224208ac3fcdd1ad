package order

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/pg"
)

type unblockRow struct {
	OrderID uuid.UUID `gorm:"primaryKey"`
	StaffID uuid.UUID
	Reason  string
	At      time.Time
}

// TableName tells gorm the table.
func (unblockRow) TableName() string { return "order_unblocked" }

// Unblock lets an order stand in the way of no other one any more (一次一张) and returns whether that is new. One open
// order per certificate holds all the same. The caller holds the order's lock.
func (o *Orders) Unblock(_ context.Context, tx pg.Tx, orderID, staffID uuid.UUID, reason string) (bool, error) {
	res := tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(&unblockRow{orderID, staffID, reason, o.now()})
	return res.RowsAffected == 1, pg.Fault(res.Error)
}

// Unblocked returns why an order stands in nobody's way; "" while it does.
func (o *Orders) Unblocked(_ context.Context, q pg.Q, orderID uuid.UUID) (string, error) {
	var reasons []string
	err := q.Gorm().Model(&unblockRow{}).Where("order_id = ?", orderID).Pluck("reason", &reasons).Error
	if err != nil || len(reasons) == 0 {
		return "", pg.Fault(err)
	}
	return reasons[0], nil
}
