// Package reconcile keeps what our bank accounts received and which order it paid: statement files byte for byte, their
// lines, what orders owe, and the allocations between both.
//
//	import_batch  draft ─► checked ─► committed ─► reverted
//	bank_line     open ─► allocated            (aside: money out, fees, interest, our own transfers)
//	receivable    open ─► settled              (closed: the order will not be paid by transfer)
//
// Money is counted once: a line and a receivable each carry how much of them is allocated, a check of the database
// keeps that between nothing and all, and both are written with the allocation in one transaction. Lock order: orders
// (by the caller), then bank lines, then receivables.
package reconcile

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
	"caconsole/reconcile/format"
	"caconsole/reconcile/match"
)

func init() {
	pg.Constraint("bank_line_allocated", fault.Conflict, "line_allocated")
	pg.Constraint("receivable_allocated", fault.Conflict, "receivable_paid")
	pg.Constraint("statement_account_no", fault.Conflict, "statement_account_known")
}

// Ledger is the store of statements, lines, receivables and allocations.
type Ledger struct {
	db    *pg.DB
	vault seal.Vault
	now   func() time.Time
	valid func(string) bool
}

// New makes the ledger. valid tells an order number with a right check digit.
func New(db *pg.DB, vault seal.Vault, now func() time.Time, valid func(string) bool) *Ledger {
	return &Ledger{db: db, vault: vault, now: now, valid: valid}
}

// beijing is the zone of booking days.
var beijing = time.FixedZone("CST", 8*3600)

// Account is one of our own accounts that customers pay into.
type Account struct {
	ID        uuid.UUID
	ProjectID uuid.UUID
	Bank      string // code of bank_headers.tsv, CMB
	Branch    string // as a payer must be told it, 招商银行深圳科技园支行
	No        string // digits
	OwnName   string
}

// BatchState is where a statement file stands.
type BatchState string

// The states of a batch.
const (
	Draft     BatchState = "draft"   // its control facts do not hold
	Checked   BatchState = "checked" // it may be committed
	Committed BatchState = "committed"
	Reverted  BatchState = "reverted"
)

// Batch is one statement file.
type Batch struct {
	ID          uuid.UUID
	Account     Account
	FileName    string
	State       BatchState
	Container   string
	Bank        string
	Variant     string
	HeaderRow   int
	Total       int // rows below the header, rejected ones too
	Rejected    int
	New         int // lines that came with it, once committed
	Known       int // lines an earlier batch had already
	In, Out     money.Fen
	Opening     *money.Fen
	Closing     *money.Fen
	ChainOK     *bool
	TotalsOK    *bool
	FirstOn     time.Time // zero without lines
	LastOn      time.Time
	CreatedAt   time.Time
	CommittedAt time.Time // zero until committed

	object seal.Object
}

// Holds reports that nothing in the file contradicts what was read from it.
func (b Batch) Holds() bool {
	return b.Rejected == 0 && (b.ChainOK == nil || *b.ChainOK) && (b.TotalsOK == nil || *b.TotalsOK)
}

// LineState is where a bank line stands.
type LineState string

// The states of a line.
const (
	LineOpen      LineState = "open"
	LineAllocated LineState = "allocated"
	LineAside     LineState = "aside"
)

// stateOf is the state a line begins in: what needs no person's decision is put aside at once.
func stateOf(l format.Line) LineState {
	if l.Direction == format.In && (l.Kind == format.Transfer || l.Kind == format.Return) {
		return LineOpen
	}
	return LineAside
}

// Receivable is what an order owes by transfer.
type Receivable struct {
	ID        uuid.UUID
	OrderID   uuid.UUID
	OrderNo   string
	ProjectID uuid.UUID
	Payer     string
	Due       money.Fen
	Allocated money.Fen
	State     string
}

// Rest is what is still owed.
func (r Receivable) Rest() money.Fen { return r.Due - r.Allocated }

// Evidence is a voucher's claim about the payment of an order.
type Evidence struct {
	OrderID    uuid.UUID
	DocumentID uuid.UUID
	ImageSM3   []byte
	PayerName  string
	Amount     money.Fen
	PaidOn     time.Time // Beijing day
}

// Source is who decided an allocation.
type Source string

// The sources.
const (
	Auto   Source = "auto"
	Manual Source = "manual"
)

// Allocation is one line's money for one receivable.
type Allocation struct {
	LineID       uuid.UUID
	ReceivableID uuid.UUID
	Amount       money.Fen
	Source       Source
	Score        int
	Reasons      []match.Reason
	By           uuid.UUID // staff; zero for Auto
}

// Proposal is an auto proposal of a run, with what its use case must lock first.
type Proposal struct {
	match.Proposal
	OrderNo   string
	ProjectID uuid.UUID
}
