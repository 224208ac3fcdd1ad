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

// OpenReceivable begins to await an order's money: the price, or a difference. Open already, it is no conflict: the answer
// is the one there is; one that was closed while the order was to be paid otherwise is opened again, and one that was
// paid stays beside it. The caller holds the order's row lock.
func (l *Ledger) OpenReceivable(_ context.Context, tx pg.Tx, o Owed) (Receivable, error) {
	known, err := findReceivable(tx, "order_id = ? AND state <> 'settled' AND (state = 'open' OR allocated_fen = 0)", o.OrderID)
	switch {
	case err == nil && known.State == "open":
		return known.receivable(), nil
	case err != nil && !fault.Is(err, fault.NotFound):
		return Receivable{}, err
	}
	now := l.now()
	r := receivableRow{
		ID: known.ID, OrderID: o.OrderID, OrderNo: o.OrderNo, ProjectID: o.ProjectID, PayerName: o.Holder,
		PayerNorm: seal.NormCompany(o.Holder), DueFen: o.Due, State: "open", Since: day(now), CreatedAt: now,
	}
	if err == nil {
		again := map[string]any{"state": r.State, "due_fen": r.DueFen, "payer_name": r.PayerName, "payer_norm": r.PayerNorm, "since": r.Since}
		return r.receivable(), pg.Fault(tx.Gorm().Model(&receivableRow{}).Where("id = ? AND state = 'closed'", r.ID).Updates(again).Error)
	}
	if r.ID, err = uuid.NewV7(); err != nil {
		return Receivable{}, fault.Wrap("receivable_id", err)
	}
	return r.receivable(), pg.Fault(tx.Gorm().Create(&r).Error)
}

// findReceivable returns the one that counts of an order's receivables: the open one, else the newest.
func findReceivable(q pg.Q, where string, args ...any) (receivableRow, error) {
	var r receivableRow
	err := q.Gorm().Where(where, args...).Order("(state = 'open') DESC, created_at DESC, id DESC").Take(&r).Error
	return r, pg.Fault(err)
}

// Receivable returns what an order owes now, or owed last. NotFound "receivable_none" if it is not to be paid by transfer.
func (l *Ledger) Receivable(_ context.Context, q pg.Q, orderNo string) (Receivable, error) {
	r, err := findReceivable(q, "order_no = ?", orderNo)
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
	rec, err := findReceivable(tx, "order_id = ?", e.OrderID)
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
