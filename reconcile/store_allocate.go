package reconcile

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/reconcile/match"
)

type allocationRow struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	LineID       uuid.UUID
	ReceivableID uuid.UUID
	AmountFen    money.Fen
	Reverses     *uuid.UUID
	Source       Source
	Score        int
	Reasons      string
	RuleVersion  string
	ByStaff      *uuid.UUID
	CreatedAt    time.Time
}

// TableName tells gorm the table.
func (allocationRow) TableName() string { return "allocation" }

// Allocate gives a line's money to a receivable and tells whether that settles it. Everything the proposal was made
// from is looked at again under lock: of two who decide at once, one is told. The caller holds the lock of the order's
// row and moves its gate. Faults: Conflict "line_allocated" (not that much of the line is left), "line_not_open",
// "receivable_paid" (not that much is owed, or it is not open), "match_stale" (an auto match is all of one line for all
// of one order, and either has changed), "other_project".
func (l *Ledger) Allocate(_ context.Context, tx pg.Tx, a Allocation) (settled bool, err error) {
	line, err := l.lockLine(tx, a.LineID)
	if err != nil {
		return false, err
	}
	rec, err := l.lockReceivable(tx, a.ReceivableID)
	if err != nil {
		return false, err
	}
	if err := l.allowed(tx, line, rec, a); err != nil {
		return false, err
	}
	if err := l.insertAllocation(tx, a); err != nil {
		return false, err
	}
	if err := l.moveLine(tx, line, a.Amount); err != nil {
		return false, err
	}
	settled = rec.AllocatedFen+a.Amount == rec.DueFen
	if err := l.moveReceivable(tx, rec, a.Amount, settled); err != nil {
		return false, err
	}
	err = tx.Gorm().Where("line_id = ? OR receivable_id = ?", line.ID, rec.ID).Delete(&proposalRow{}).Error
	return settled, pg.Fault(err)
}

func (l *Ledger) lockLine(tx pg.Tx, id uuid.UUID) (lineRow, error) {
	var r lineRow
	err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&r).Error
	return r, pg.Fault(err)
}

func (l *Ledger) lockReceivable(tx pg.Tx, id uuid.UUID) (receivableRow, error) {
	var r receivableRow
	err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&r).Error
	return r, pg.Fault(err)
}

func (l *Ledger) allowed(tx pg.Tx, line lineRow, rec receivableRow, a Allocation) error {
	var account accountRow
	if err := tx.Gorm().Where("id = ?", line.AccountID).Take(&account).Error; err != nil {
		return pg.Fault(err)
	}
	whole := line.AllocatedFen == 0 && rec.AllocatedFen == 0 && line.AmountFen == rec.DueFen && a.Amount == rec.DueFen
	switch {
	case account.ProjectID != rec.ProjectID:
		return fault.New(fault.Conflict, "line_other_project", nil)
	case a.Source == Auto && (line.State != LineOpen || rec.State != "open" || line.Decided || !whole):
		return fault.New(fault.Conflict, "match_stale", nil)
	case line.State == LineAside:
		return fault.New(fault.Conflict, "line_not_open", nil)
	case a.Amount <= 0 || a.Amount > line.AmountFen-line.AllocatedFen:
		return fault.New(fault.Conflict, "line_allocated", nil)
	case rec.State != "open" || a.Amount > rec.DueFen-rec.AllocatedFen:
		return fault.New(fault.Conflict, "receivable_paid", fault.Args{"no": rec.OrderNo})
	}
	return nil
}

func (l *Ledger) insertAllocation(tx pg.Tx, a Allocation) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fault.Wrap("allocation_id", err)
	}
	reasons, err := reasonsJSON(a.Reasons)
	if err != nil {
		return err
	}
	r := allocationRow{
		ID: id, LineID: a.LineID, ReceivableID: a.ReceivableID, AmountFen: a.Amount, Source: a.Source, Score: a.Score,
		Reasons: reasons, RuleVersion: match.RuleVersion, CreatedAt: l.now(),
	}
	if a.By != uuid.Nil {
		r.ByStaff = &a.By
	}
	return pg.Fault(tx.Gorm().Create(&r).Error)
}

// moveLine and moveReceivable write the counters of locked rows; the database checks them once more.
func (l *Ledger) moveLine(tx pg.Tx, r lineRow, by money.Fen) error {
	state := LineOpen
	if r.AllocatedFen+by == r.AmountFen {
		state = LineAllocated
	}
	err := tx.Gorm().Model(&lineRow{}).Where("id = ?", r.ID).
		Updates(map[string]any{"allocated_fen": r.AllocatedFen + by, "state": state}).Error
	return pg.Fault(err)
}

func (l *Ledger) moveReceivable(tx pg.Tx, r receivableRow, by money.Fen, settled bool) error {
	state := "open"
	if settled {
		state = "settled"
	}
	err := tx.Gorm().Model(&receivableRow{}).Where("id = ?", r.ID).
		Updates(map[string]any{"allocated_fen": r.AllocatedFen + by, "state": state}).Error
	return pg.Fault(err)
}

// Chosen is a line and a receivable somebody put together, with the evidence the last run had for it.
type Chosen struct {
	Line       uuid.UUID
	LineRest   money.Fen
	Receivable Receivable
	Score      int
	Reasons    []match.Reason
}

// Amount is what one line can pay of one order: the smaller of both rests.
func (c Chosen) Amount() money.Fen { return min(c.LineRest, c.Receivable.Rest()) }

// Choose looks up a line and an order's receivable for a decision by hand. NotFound "not_found" for a line outside the
// actor's scope, "receivable_none" for an order that is not to be paid by transfer.
func (l *Ledger) Choose(ctx context.Context, q pg.Q, a actor.Actor, line uuid.UUID, orderNo string) (Chosen, error) {
	var r struct {
		Line      lineRow `gorm:"embedded"`
		ProjectID uuid.UUID
	}
	err := q.Gorm().Model(&lineRow{}).Select("bank_line.*, a.project_id").
		Joins("JOIN statement_account a ON a.id = bank_line.account_id").Where("bank_line.id = ?", line).Take(&r).Error
	if err != nil {
		return Chosen{}, pg.Fault(err)
	}
	if !a.InScope(r.ProjectID) {
		return Chosen{}, fault.New(fault.NotFound, "not_found", nil)
	}
	rec, err := l.Receivable(ctx, q, orderNo)
	if err != nil {
		return Chosen{}, err
	}
	c := Chosen{Line: line, LineRest: r.Line.AmountFen - r.Line.AllocatedFen, Receivable: rec}
	c.Score, c.Reasons, err = l.evidence(q, line, rec.ID)
	return c, err
}
