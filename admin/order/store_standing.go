package order

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/pg"
)

// Awaits is what an order that stands still waits for.
type Awaits string

// What orders wait for: a choice of payment or the payment itself, a transfer that was chosen, a difference by whatever
// way, the driver's update.
const (
	AwaitsPayment    Awaits = "payment"
	AwaitsTransfer   Awaits = "transfer"
	AwaitsDifference Awaits = "difference"
	AwaitsUpdate     Awaits = "update"
)

// Nudge is what was done about an order that stands still, once each.
type Nudge string

// The nudges: four kinds of reminder, the task of a person where an order may not close by itself, and a call.
const (
	NudgeUnpaid     Nudge = "unpaid"
	NudgeTransfer   Nudge = "transfer"
	NudgeDifference Nudge = "difference"
	NudgeOverdue    Nudge = "overdue"
	NudgeUpdate1    Nudge = "update_1"
	NudgeUpdate3    Nudge = "update_3"
	NudgeUpdate7    Nudge = "update_7"
	NudgeCalled     Nudge = "called"
)

// waiting are the conditions of an order's row. Their stages narrow to the index of stages.
var waiting = map[Awaits]string{
	AwaitsPayment:    "stage IN ('papers', 'identity', 'payment') AND payment IN ('none', 'awaiting') AND NOT (payment = 'awaiting' AND payment_method = 'transfer') AND kept_fen = 0",
	AwaitsTransfer:   "stage IN ('papers', 'identity', 'payment', 'transfer', 'returned') AND payment = 'awaiting' AND payment_method = 'transfer' AND kept_fen = 0",
	AwaitsDifference: "payment = 'awaiting' AND kept_fen > 0",
	AwaitsUpdate:     "stage = 'update'",
}

// Awaits tells whether an order waits for something now.
func (g Gates) Awaits(what Awaits) bool {
	stage := g.Stage()
	if what == AwaitsUpdate {
		return stage == StageUpdate
	}
	if g.AwaitsDifference() || what == AwaitsDifference {
		return g.Closed == Open && g.AwaitsDifference() && what == AwaitsDifference
	}
	if g.Closed != Open || (g.Payment != None && g.Payment != Awaiting) {
		return false
	}
	return (g.Payment == Awaiting && g.Method == Transfer) == (what == AwaitsTransfer)
}

// Standing says which orders are looked for: those of a project that wait for something and have not come a step
// further since before a moment.
type Standing struct {
	Project uuid.UUID
	Awaits  Awaits
	Before  time.Time
	Without Nudge // and nothing of the kind was done about them
	Limit   int
}

// Standing lists the numbers of orders that stand still, the longest first.
func (o *Orders) Standing(_ context.Context, q pg.Q, s Standing) ([]string, error) {
	var nos []string
	err := q.Gorm().Model(&row{}).Where(waiting[s.Awaits]+" AND closed_at IS NULL AND kind = 'renewal'").
		Where("project_id = ? AND stage_since < ?", s.Project, s.Before).
		Where("NOT EXISTS (SELECT FROM order_nudge n WHERE n.order_id = orders.id AND n.kind = ?)", s.Without).
		Order("stage_since, id").Limit(s.Limit).Pluck("no", &nos).Error
	return nos, pg.Fault(err)
}

// Unnudge forgets what was done about an order for something it has stopped waiting for, so that it is done anew when it
// waits again.
func (o *Orders) Unnudge(_ context.Context, tx pg.Tx, orderID uuid.UUID, kinds ...Nudge) error {
	return pg.Fault(tx.Gorm().Exec("DELETE FROM order_nudge WHERE order_id = ? AND kind IN ?", orderID, kinds).Error)
}

// Nudged records that something is done about an order. It is fresh only the first time: then do it, in the same
// transaction.
func (o *Orders) Nudged(_ context.Context, tx pg.Tx, orderID uuid.UUID, kind Nudge) (fresh bool, err error) {
	type nudgeRow struct {
		OrderID uuid.UUID
		Kind    Nudge
		At      time.Time
	}
	res := tx.Gorm().Table("order_nudge").Clauses(clause.OnConflict{DoNothing: true}).Create(&nudgeRow{orderID, kind, o.now()})
	return res.RowsAffected == 1, pg.Fault(res.Error)
}
