// Package format reads bank statements as banks export them.
//
// A file becomes a grid of rows (one container reader per kind of file), a Spec finds the header row in that grid by
// the folded names of its columns, and every row below it becomes a Line or stays as a Rejected row with its reason.
// What a file says about itself (record count, sums, opening and closing balance, the running balance of every row)
// is checked against what was read. Nothing is guessed: an amount that is not exactly an amount rejects its row.
package format

import "caconsole/admin/money"

// Direction is the effect of a line on our balance.
type Direction string

// The two directions.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Kind is what a line is, as far as the bank's own words and flags tell.
type Kind string

// The kinds of line. Only a Transfer is ever matched with an order by itself.
const (
	Transfer Kind = "transfer"
	Reversal Kind = "reversal" // 冲正, 红字: the bank takes an earlier booking back
	Return   Kind = "return"   // 退汇: a payment came back
	Fee      Kind = "fee"      // 手续费
	Interest Kind = "interest" // 结息
	Internal Kind = "internal" // between our own accounts
)

// Result is one statement file as read. It is the JSON of `caconsole statement parse FILE --json`.
type Result struct {
	Container string     `json:"container"`
	Encoding  string     `json:"encoding"`
	Bank      *string    `json:"bank"`
	Variant   *string    `json:"variant"`
	HeaderRow int        `json:"header_row"` // from 1
	Account   string     `json:"account"`    // our own account, digits only; empty if the file does not name it
	Opening   *money.Fen `json:"opening_fen"`
	Closing   *money.Fen `json:"closing_fen"`
	ChainOK   *bool      `json:"chain_ok"`  // nil where the file carries no balances to prove
	TotalsOK  *bool      `json:"totals_ok"` // nil where the file carries no counts or sums
	Lines     []Line     `json:"lines"`     // in file order
	Rejected  []Rejected `json:"rejected"`

	// OwnName is our name as the bank writes it, ChainBreak the first row whose balance does not follow from the row
	// before it (0 if none), ChainGap the amount missing there. They serve the screens and are no part of the JSON.
	OwnName    string    `json:"-"`
	ChainBreak int       `json:"-"`
	ChainGap   money.Fen `json:"-"`
	// Totals are the facts of the file that were compared, each with both figures.
	Totals []Total `json:"-"`
}

// Line is one booking. Payer is the other party, in both directions.
type Line struct {
	Row          int        `json:"row"`       // row of the sheet, from 1
	BookedAt     string     `json:"booked_at"` // 2026-01-02T15:04:05+08:00, or the date alone
	Direction    Direction  `json:"direction"`
	Amount       money.Fen  `json:"amount_fen"` // always above zero
	Balance      *money.Fen `json:"balance_fen"`
	PayerName    string     `json:"payer_name"`
	PayerAccount string     `json:"payer_account"`
	PayerBank    string     `json:"payer_bank"`
	Text         string     `json:"text"`
	BankSerial   string     `json:"bank_serial"`
	Kind         Kind       `json:"kind"`
}

// effect is the signed change of our balance.
func (l Line) effect() money.Fen {
	if l.Direction == Out {
		return -l.Amount
	}
	return l.Amount
}

// Rejected is a row below the header that is not a line. Reason is a catalogue key.
type Rejected struct {
	Row    int    `json:"row"`
	Column string `json:"column"` // the header as the file writes it; empty where the whole row is meant
	Reason string `json:"reason"`
	Value  string `json:"-"` // the cell as read, for the clerk who has to find it
}

// Total is one control fact: what the file states and what its rows add up to.
type Total struct {
	Name   string // in_fen, out_fen, in_count, out_count, record_count
	Stated int64
	Read   int64
}

// OK reports whether the file's figure is the figure of its rows.
func (t Total) OK() bool { return t.Stated == t.Read }
