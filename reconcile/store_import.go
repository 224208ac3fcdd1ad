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

// maxFile is the largest statement file, in bytes.
const maxFile = 20 << 20

// chunk is how many rows one statement inserts or asks for.
const chunk = 100

type batchRow struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	AccountID    uuid.UUID
	FileName     string
	FileKey      string
	FileSM3      []byte `gorm:"column:file_sm3"`
	FileSize     int64
	FileDataKey  []byte
	Container    string
	Encoding     string
	Bank         string
	Variant      string
	HeaderRow    int
	RowsTotal    int
	RowsRejected int
	RowsNew      int
	RowsKnown    int
	InFen        money.Fen
	OutFen       money.Fen
	OpeningFen   *money.Fen
	ClosingFen   *money.Fen
	ChainOK      *bool `gorm:"column:chain_ok"`
	TotalsOK     *bool `gorm:"column:totals_ok"`
	FirstOn      *time.Time
	LastOn       *time.Time
	State        BatchState
	CreatedBy    uuid.UUID
	CreatedAt    time.Time
	CommittedBy  *uuid.UUID
	CommittedAt  *time.Time
}

// TableName tells gorm the table.
func (batchRow) TableName() string { return "import_batch" }

func (r batchRow) batch(acc Account) Batch {
	b := Batch{
		ID: r.ID, Account: acc, FileName: r.FileName, State: r.State, Container: r.Container, Bank: r.Bank, Variant: r.Variant,
		HeaderRow: r.HeaderRow, Total: r.RowsTotal, Rejected: r.RowsRejected, New: r.RowsNew, Known: r.RowsKnown,
		In: r.InFen, Out: r.OutFen, Opening: r.OpeningFen, Closing: r.ClosingFen, ChainOK: r.ChainOK, TotalsOK: r.TotalsOK,
		CreatedAt: r.CreatedAt,
		object:    seal.Object{Key: r.FileKey, SM3: r.FileSM3, Size: r.FileSize, DataKey: r.FileDataKey},
	}
	if r.CommittedAt != nil {
		b.CommittedAt = *r.CommittedAt
	}
	if r.FirstOn != nil && r.LastOn != nil {
		b.FirstOn, b.LastOn = date(*r.FirstOn), date(*r.LastOn)
	}
	return b
}

// Incoming is a statement file that was read and whose bytes are safe, not yet in the database.
type Incoming struct {
	batch  Batch
	result *format.Result
}

// Receive reads a statement file and stores its bytes. It is called outside a transaction. Faults: those of
// format.Parse, Invalid "statement_too_large", "statement_account_missing", "statement_account_unknown".
func (l *Ledger) Receive(ctx context.Context, a actor.Actor, name string, body []byte) (Incoming, error) {
	if len(body) > maxFile {
		return Incoming{}, fault.New(fault.Invalid, "statement_too_large", nil)
	}
	res, err := format.Parse(body)
	if err != nil {
		return Incoming{}, err
	}
	if res.Account == "" {
		return Incoming{}, fault.New(fault.Invalid, "statement_account_missing", nil)
	}
	acc, err := l.ownAccount(l.db.Read(ctx), a, res.Account)
	if err != nil {
		return Incoming{}, err
	}
	object, err := l.vault.Put(ctx, body)
	if err != nil {
		return Incoming{}, err
	}
	in, out := sums(res.Lines)
	b := Batch{
		Account: acc, FileName: fileName(name), State: Draft, Container: res.Container, Bank: *res.Bank, Variant: *res.Variant,
		HeaderRow: res.HeaderRow, Total: len(res.Lines) + len(res.Rejected), Rejected: len(res.Rejected), In: in, Out: out,
		Opening: res.Opening, Closing: res.Closing, ChainOK: res.ChainOK, TotalsOK: res.TotalsOK, object: object,
	}
	if b.Holds() {
		b.State = Checked
	}
	return Incoming{batch: b, result: res}, nil
}

// Keep stores a received file as a batch. The same bytes again give the batch they already are, fresh being false;
// once that is committed it is Conflict "statement_known".
func (l *Ledger) Keep(_ context.Context, tx pg.Tx, a actor.Actor, in Incoming) (b Batch, fresh bool, err error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Batch{}, false, fault.Wrap("batch_id", err)
	}
	b = in.batch
	r := batchRow{
		ID: id, AccountID: b.Account.ID, FileName: b.FileName, FileKey: b.object.Key, FileSM3: b.object.SM3, FileSize: b.object.Size,
		FileDataKey: b.object.DataKey, Container: b.Container, Encoding: in.result.Encoding, Bank: b.Bank, Variant: b.Variant,
		HeaderRow: b.HeaderRow, RowsTotal: b.Total, RowsRejected: b.Rejected, InFen: b.In, OutFen: b.Out, OpeningFen: b.Opening,
		ClosingFen: b.Closing, ChainOK: b.ChainOK, TotalsOK: b.TotalsOK, State: b.State, CreatedBy: a.ID, CreatedAt: l.now(),
	}
	if r.FirstOn, r.LastOn, err = span(in.result.Lines); err != nil {
		return Batch{}, false, err
	}
	res := tx.Gorm().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "account_id"}, {Name: "file_sm3"}}, DoNothing: true}).Create(&r)
	if res.Error != nil {
		return Batch{}, false, pg.Fault(res.Error)
	}
	if res.RowsAffected == 1 {
		return r.batch(b.Account), true, nil
	}
	var known batchRow
	if err := tx.Gorm().Where("account_id = ? AND file_sm3 = ?", r.AccountID, r.FileSM3).Take(&known).Error; err != nil {
		return Batch{}, false, pg.Fault(err)
	}
	if known.State == Committed {
		return Batch{}, false, fault.New(fault.Conflict, "statement_known", fault.Args{"file": known.FileName})
	}
	return known.batch(b.Account), false, nil
}

// Forget removes the bytes of a received file that came to nothing.
func (l *Ledger) Forget(ctx context.Context, in Incoming) error {
	return fault.Wrap("object_store_failed", l.vault.Blobs.Delete(ctx, in.batch.object.Key))
}

// Batch returns one batch. NotFound "not_found", also for one of another project.
func (l *Ledger) Batch(ctx context.Context, a actor.Actor, id uuid.UUID) (Batch, error) {
	q := l.db.Read(ctx)
	var r batchRow
	if err := q.Gorm().Where("id = ?", id).Take(&r).Error; err != nil {
		return Batch{}, pg.Fault(err)
	}
	var acc accountRow
	if err := q.Gorm().Where("id = ?", r.AccountID).Take(&acc).Error; err != nil {
		return Batch{}, pg.Fault(err)
	}
	if !a.InScope(acc.ProjectID) {
		return Batch{}, fault.New(fault.NotFound, "not_found", nil)
	}
	return r.batch(acc.account()), nil
}

// Previous returns the committed batch of the same account that ends last before a batch ends. NotFound
// "statement_first" if there is none.
func (l *Ledger) Previous(ctx context.Context, b Batch) (Batch, error) {
	var r batchRow
	err := pg.Fault(l.db.Read(ctx).Gorm().Where("account_id = ? AND state = 'committed' AND id <> ?", b.Account.ID, b.ID).
		Where("last_on <= ?", b.LastOn).Order("last_on DESC, committed_at DESC").Take(&r).Error)
	if fault.Is(err, fault.NotFound) {
		return Batch{}, fault.New(fault.NotFound, "statement_first", nil)
	}
	return r.batch(b.Account), err
}

// span is the first and the last booking day of a file, nil without lines.
func span(lines []format.Line) (first, last *time.Time, err error) {
	for _, l := range lines {
		on, _, err := bookedAt(l.BookedAt)
		if err != nil {
			return nil, nil, err
		}
		if first == nil || on.Before(*first) {
			first = &on
		}
		if last == nil || on.After(*last) {
			last = &on
		}
	}
	return first, last, nil
}

// fileName keeps the end of an overlong name, where its date usually stands.
func fileName(name string) string {
	r := []rune(name)
	if len(r) == 0 {
		return "-"
	}
	return string(r[max(0, len(r)-200):])
}
