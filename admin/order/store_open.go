package order

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/pg"
)

// open is the condition of an order that still blocks another: neither closed nor updated.
const open = "closed_at IS NULL AND delivery <> 'confirmed'"

// OpenOfApplicant returns the oldest open order of an applicant that stands in the way of another, see Unblock. NotFound "order_unknown" where there is none.
func (o *Orders) OpenOfApplicant(_ context.Context, q pg.Q, applicant uuid.UUID) (Order, error) {
	return firstOpen(q, "applicant_id = ?", applicant)
}

// OpenOfHolder returns the oldest open order of an organisation that stands in the way, whoever applied. NotFound "order_unknown" where there
// is none.
func (o *Orders) OpenOfHolder(_ context.Context, q pg.Q, orgIDNumber string) (Order, error) {
	return firstOpen(q, "org_id_number = ?", orgIDNumber)
}

// LockHolder makes other transactions that lock the same organisation wait for this one, so that counting its open
// orders and opening one is a single step.
func (o *Orders) LockHolder(_ context.Context, tx pg.Tx, orgIDNumber string) error {
	return pg.Fault(tx.Gorm().Exec("SELECT pg_advisory_xact_lock(hashtextextended('orders.holder:' || ?, 0))", orgIDNumber).Error)
}

// WithoutTelecom lists open orders of a path, of the projects and created before a moment, whose agent no carrier was
// asked about, oldest first.
func (o *Orders) WithoutTelecom(_ context.Context, q pg.Q, path Path, projects []uuid.UUID, before time.Time, limit int) ([]string, error) {
	var nos []string
	err := q.Gorm().Model(&row{}).Where(open+" AND telecom = 'none' AND issuance IN ('none', 'failed') AND kind = 'renewal'").
		Where("path = ? AND project_id IN ? AND created_at < ?", path, projects, before).Order("created_at, id").Limit(limit).Pluck("no", &nos).Error
	return nos, pg.Fault(err)
}

// Expiring lists open orders of the online path that were not given to the signer and whose old certificate ended before
// a moment, the longest first.
func (o *Orders) Expiring(_ context.Context, q pg.Q, now time.Time, limit int) ([]string, error) {
	var nos []string
	err := q.Gorm().Model(&row{}).Where("path = 'online' AND closed_at IS NULL AND issuance IN ('none', 'failed')").
		Where("payment NOT IN ('refunding', 'refunded') AND old_not_after < ?", now).
		Order("old_not_after, id").Limit(limit).Pluck("no", &nos).Error
	return nos, pg.Fault(err)
}

func firstOpen(q pg.Q, where string, arg any) (Order, error) {
	var r row
	inTheWay := "NOT EXISTS (SELECT 1 FROM order_unblocked u WHERE u.order_id = orders.id)"
	if err := q.Gorm().Where(where, arg).Where(open).Where(inTheWay).Order("created_at, id").Take(&r).Error; err != nil {
		return Order{}, unknown(err)
	}
	return r.order(), nil
}
