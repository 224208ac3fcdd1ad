package reconcile

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

type receivableRow struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	OrderID      uuid.UUID
	OrderNo      string
	ProjectID    uuid.UUID
	PayerName    string
	PayerNorm    string
	DueFen       money.Fen
	AllocatedFen money.Fen
	State        string
	Since        time.Time
	CreatedAt    time.Time
}

// TableName tells gorm the table.
func (receivableRow) TableName() string { return "receivable" }

func (r receivableRow) receivable() Receivable {
	return Receivable{
		ID: r.ID, OrderID: r.OrderID, OrderNo: r.OrderNo, ProjectID: r.ProjectID, Payer: r.PayerName,
		Due: r.DueFen, Allocated: r.AllocatedFen, State: r.State,
	}
}

// Owed is what it takes to open a receivable: an order chose to be paid by transfer.
type Owed struct {
	OrderID   uuid.UUID
	OrderNo   string
	ProjectID uuid.UUID
	Holder    string
	Due       money.Fen
}

// OpenReceivable begins to await an order's money. Open already, it is no conflict: the answer is the one there is; one
// that was closed while the order was to be paid otherwise is opened again. The caller holds the order's row lock.
func (l *Ledger) OpenReceivable(_ context.Context, tx pg.Tx, o Owed) (Receivable, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Receivable{}, fault.Wrap("receivable_id", err)
	}
	now := l.now()
	r := receivableRow{
		ID: id, OrderID: o.OrderID, OrderNo: o.OrderNo, ProjectID: o.ProjectID, PayerName: o.Holder,
		PayerNorm: seal.NormCompany(o.Holder), DueFen: o.Due, State: "open", Since: day(now), CreatedAt: now,
	}
	res := tx.Gorm().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "order_id"}}, DoNothing: true}).Create(&r)
	if res.Error != nil {
		return Receivable{}, pg.Fault(res.Error)
	}
	if res.RowsAffected == 1 {
		return r.receivable(), nil
	}
	again := map[string]any{"state": "open", "due_fen": r.DueFen, "payer_name": r.PayerName, "payer_norm": r.PayerNorm, "since": r.Since}
	if err := tx.Gorm().Model(&receivableRow{}).Where("order_id = ? AND state = 'closed'", o.OrderID).Updates(again).Error; err != nil {
		return Receivable{}, pg.Fault(err)
	}
	var known receivableRow
	err = tx.Gorm().Where("order_id = ?", o.OrderID).Take(&known).Error
	return known.receivable(), pg.Fault(err)
}

// Receivable returns what an order owes. NotFound "receivable_none" if it is not to be paid by transfer.
func (l *Ledger) Receivable(_ context.Context, q pg.Q, orderNo string) (Receivable, error) {
	var r receivableRow
	err := pg.Fault(q.Gorm().Where("order_no = ?", orderNo).Take(&r).Error)
	if fault.Is(err, fault.NotFound) {
		return Receivable{}, fault.New(fault.NotFound, "receivable_none", fault.Args{"no": orderNo})
	}
	return r.receivable(), err
}

// MoneyInSight tells whether something came, or is said to have been sent, for an order: a part is allocated to it, or a
// remittance voucher claims one. Such an order does not time out by itself.
func (l *Ledger) MoneyInSight(_ context.Context, q pg.Q, orderID uuid.UUID) (bool, error) {
	var n int64
	err := q.Gorm().Model(&receivableRow{}).Where("order_id = ? AND state = 'open'", orderID).
		Where("allocated_fen > 0 OR EXISTS (SELECT FROM receivable_claim c WHERE c.receivable_id = receivable.id)").Limit(1).Count(&n).Error
	return n > 0, pg.Fault(err)
}

// CloseReceivable stops awaiting an order's money; nothing may be allocated to it. Conflict "receivable_paid" if it
// is not open or something was paid.
func (l *Ledger) CloseReceivable(_ context.Context, tx pg.Tx, orderID uuid.UUID) error {
	res := tx.Gorm().Model(&receivableRow{}).Where("order_id = ? AND state = 'open' AND allocated_fen = 0", orderID).
		Update("state", "closed")
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "receivable_paid", nil)
	}
	return pg.Fault(res.Error)
}

type claimRow struct {
	ReceivableID uuid.UUID `gorm:"primaryKey"`
	DocumentID   uuid.UUID
	ImageSM3     []byte `gorm:"column:image_sm3"`
	PayerName    string
	PayerNorm    string
	AmountFen    money.Fen
	PaidOn       time.Time
	CreatedAt    time.Time
}

// TableName tells gorm the table.
func (claimRow) TableName() string { return "receivable_claim" }

// AddClaimEvidence gives the matching what a voucher claims, in place of an earlier one of the same order. The caller
// holds the order's row lock. NotFound "receivable_none" if the order is not to be paid by transfer.
func (l *Ledger) AddClaimEvidence(_ context.Context, tx pg.Tx, e Evidence) error {
	var rec receivableRow
	err := pg.Fault(tx.Gorm().Where("order_id = ?", e.OrderID).Take(&rec).Error)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "receivable_none", nil)
	}
	if err != nil {
		return err
	}
	r := claimRow{
		ReceivableID: rec.ID, DocumentID: e.DocumentID, ImageSM3: e.ImageSM3, PayerName: e.PayerName,
		PayerNorm: seal.NormCompany(e.PayerName), AmountFen: e.Amount, PaidOn: day(e.PaidOn), CreatedAt: l.now(),
	}
	if seal.PersonName(e.PayerName) { // a person's account never pays by itself, so the mask is all that is kept
		r.PayerName, r.PayerNorm = seal.MaskName(e.PayerName), ""
	}
	return pg.Fault(tx.Gorm().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "receivable_id"}}, UpdateAll: true}).Create(&r).Error)
}
