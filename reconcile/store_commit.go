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
	"caconsole/admin/seal"
	"caconsole/reconcile/format"
)

type lineRow struct {
	ID                 uuid.UUID `gorm:"primaryKey"`
	AccountID          uuid.UUID
	BatchID            uuid.UUID
	RowNo              int
	BookedOn           time.Time
	BookedAt           *time.Time
	Direction          format.Direction
	AmountFen          money.Fen
	BalanceFen         *money.Fen
	Kind               format.Kind
	PayerName          string
	PayerNorm          string
	PayerNameSealed    []byte
	PayerAccountSealed []byte
	PayerAccountIndex  []byte
	PayerAccountMask   string
	PayerBank          string
	Text               string
	BankSerial         string
	LineKey            []byte
	Occurrence         int
	State              LineState
	AllocatedFen       money.Fen
	Decided            bool
	CreatedAt          time.Time
}

// TableName tells gorm the table.
func (lineRow) TableName() string { return "bank_line" }

// Contents is a batch with its file read again.
type Contents struct {
	Batch  Batch
	Result *format.Result
	lines  []keyed
}

// Open reads the file of a batch again, outside a transaction. NotFound as for Batch.
func (l *Ledger) Open(ctx context.Context, a actor.Actor, id uuid.UUID) (Contents, error) {
	b, err := l.Batch(ctx, a, id)
	if err != nil {
		return Contents{}, err
	}
	body, err := l.vault.Open(ctx, b.object)
	if err != nil {
		return Contents{}, err
	}
	res, err := format.Parse(body)
	if err != nil {
		return Contents{}, err
	}
	lines, err := identify(l.vault.Ring, b.Account.No, res.Lines)
	return Contents{Batch: b, Result: res, lines: lines}, err
}

// Commit takes the lines of a checked batch into the ledger; those that an earlier batch had are counted and skipped.
// Conflict "statement_not_checked" while its control facts do not hold, "statement_committed" the second time.
func (l *Ledger) Commit(_ context.Context, tx pg.Tx, a actor.Actor, c Contents) (Batch, error) {
	b := c.Batch
	res := tx.Gorm().Model(&batchRow{}).Where("id = ? AND state = ?", b.ID, Checked).
		Updates(map[string]any{"state": Committed, "committed_by": a.ID, "committed_at": l.now()})
	if res.Error != nil {
		return Batch{}, pg.Fault(res.Error)
	}
	if res.RowsAffected == 0 {
		return Batch{}, l.notCheckable(tx, b.ID)
	}
	inserted, err := l.insertLines(tx, b, c.lines)
	if err != nil {
		return Batch{}, err
	}
	b.State, b.New, b.Known, b.CommittedAt = Committed, inserted, len(c.lines)-inserted, l.now()
	err = tx.Gorm().Model(&batchRow{}).Where("id = ?", b.ID).Updates(map[string]any{"rows_new": b.New, "rows_known": b.Known}).Error
	return b, pg.Fault(err)
}

func (l *Ledger) notCheckable(tx pg.Tx, id uuid.UUID) error {
	var r batchRow
	if err := tx.Gorm().Where("id = ?", id).Take(&r).Error; err != nil {
		return pg.Fault(err)
	}
	if r.State == Draft {
		return fault.New(fault.Conflict, "statement_not_checked", nil)
	}
	return fault.New(fault.Conflict, "statement_committed", fault.Args{"file": r.FileName})
}

// insertLines inserts in the order of the file, ≤ chunk rows a statement, and tells how many were new.
func (l *Ledger) insertLines(tx pg.Tx, b Batch, lines []keyed) (int, error) {
	inserted := 0
	for start := 0; start < len(lines); start += chunk {
		var rows []lineRow
		for _, k := range lines[start:min(start+chunk, len(lines))] {
			r, err := newLine(l.vault.Ring, b, k, l.now())
			if err != nil {
				return 0, err
			}
			rows = append(rows, r)
		}
		known := clause.OnConflict{Columns: []clause.Column{{Name: "line_key"}, {Name: "occurrence"}}, DoNothing: true}
		res := tx.Gorm().Clauses(known).Create(&rows)
		if res.Error != nil {
			return 0, pg.Fault(res.Error)
		}
		inserted += int(res.RowsAffected)
	}
	return inserted, nil
}

// Verdict is what a commit would do with a line.
type Verdict string

// The verdicts.
const (
	IsNew   Verdict = "new"
	IsKnown Verdict = "known" // an earlier batch has it
	IsTwin  Verdict = "twin"  // a further equal row of this file: kept, both are real
	IsAside Verdict = "aside" // new, and nothing to match: a fee, interest, money out
)

// Judged is a line of a file with what a commit would do with it.
type Judged struct {
	format.Line
	Verdict Verdict
}

// Judge says for every line of a file what a commit would do with it, or did if the batch is committed.
func (l *Ledger) Judge(ctx context.Context, c Contents) ([]Judged, error) {
	known, err := l.known(ctx, c)
	if err != nil {
		return nil, err
	}
	out := make([]Judged, 0, len(c.lines))
	for _, k := range c.lines {
		j := Judged{Line: k.Line, Verdict: IsNew}
		switch {
		case known[lineID{k.key, k.occurrence}]:
			j.Verdict = IsKnown
		case k.occurrence > 1:
			j.Verdict = IsTwin
		case stateOf(k.Line) == LineAside:
			j.Verdict = IsAside
		}
		if seal.PersonName(k.PayerName) {
			j.PayerName = seal.MaskName(k.PayerName)
		}
		out = append(out, j)
	}
	return out, nil
}

type lineID struct {
	key        lineKey
	occurrence int
}

// known finds which lines of a file are in the ledger from other batches.
func (l *Ledger) known(ctx context.Context, c Contents) (map[lineID]bool, error) {
	found := map[lineID]bool{}
	g := l.db.Read(ctx).Gorm()
	for start := 0; start < len(c.lines); start += chunk {
		var keys [][]byte
		for _, k := range c.lines[start:min(start+chunk, len(c.lines))] {
			keys = append(keys, k.key[:])
		}
		var rows []lineRow
		err := g.Select("line_key, occurrence").Where("line_key IN ? AND batch_id <> ?", keys, c.Batch.ID).Find(&rows).Error
		if err != nil {
			return nil, pg.Fault(err)
		}
		for _, r := range rows {
			found[lineID{lineKey(r.LineKey), r.Occurrence}] = true
		}
	}
	return found, nil
}
