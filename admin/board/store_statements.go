package board

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

// StatementLine is one statement file in a list.
type StatementLine struct {
	ID           uuid.UUID
	FileName     string
	Branch       string
	AccountNo    string
	State        string
	RowsTotal    int
	RowsRejected int
	RowsNew      int
	RowsKnown    int
	InFen        money.Fen
	OutFen       money.Fen
	FirstOn      *time.Time
	LastOn       *time.Time
	CreatedAt    time.Time
	CreatedName  string
	CreatedNo    string
	OpenLines    int // of its credits that wait for a person, capped at 100
}

const statementColumns = `b.id, b.file_name, acc.branch, acc.account_no, b.state, b.rows_total, b.rows_rejected, b.rows_new,
	b.rows_known, b.in_fen, b.out_fen, b.first_on, b.last_on, b.created_at, s.name AS created_name, s.no AS created_no,
	(SELECT count(*) FROM (SELECT 1 FROM bank_line l WHERE l.batch_id = b.id AND l.state = 'open' LIMIT 100) capped) AS open_lines`

// Statements lists statement files, newest first.
func (b *Board) Statements(ctx context.Context, a actor.Actor, after string, limit int) (Page[StatementLine], error) {
	from, err := decodeCursor(after)
	if err != nil {
		return Page[StatementLine]{}, err
	}
	q := b.db.ReadOnly(ctx).Gorm().Table("import_batch b").
		Joins("JOIN statement_account acc ON acc.id = b.account_id").
		Joins("JOIN staff s ON s.id = b.created_by")
	q = scoped(q, a, "acc.project_id")
	if !from.At.IsZero() {
		q = q.Where("(b.created_at, b.id) < (?, ?)", from.At, from.ID)
	}
	size := pageSize(limit)
	var rows []StatementLine
	if err := q.Select(statementColumns).Order("b.created_at DESC, b.id DESC").Limit(size + 1).Scan(&rows).Error; err != nil {
		return Page[StatementLine]{}, pg.Fault(err)
	}
	page := Page[StatementLine]{Rows: rows}
	if len(rows) > size {
		page.Rows = rows[:size]
		page.Next = cursor{page.Rows[size-1].CreatedAt, page.Rows[size-1].ID}.encode()
	}
	return page, nil
}
