// Package match proposes which statement line pays which order. It is pure and deterministic: the same open set gives
// the same proposals, whatever the order of its input, without a database and without a clock.
//
// The rule for acting without a person (an auto proposal) holds only if everything below is true:
//
//   - the line is a plain transfer in, nothing of it is allocated, and nobody has decided on it before;
//   - its amount is to the fen what the order owes, and the payer is the order's holder;
//   - the remark names the order by its number with check digit, or a voucher of the order claims this payer, this
//     amount and this date, and no other order has the same voucher;
//   - the order is the line's only candidate and the line is the order's only candidate, over the whole open set;
//   - no other selection of that payer's open orders adds up to the amount.
//
// There is no tolerance. Everything else is a suggestion, ranked, with the reasons for and against.
package match

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/money"
)

// RuleVersion names this set of rules and weights; it is stored with every allocation made by it.
const RuleVersion = "2026-11-1"

// Line is an open statement line: money in, not allocated to the last fen.
type Line struct {
	ID      uuid.UUID
	Payer   string    // normalised company name; empty for persons and where the bank names nobody
	Text    string    // everything a payer may have written, joined
	On      time.Time // booking date, midnight
	Open    money.Fen // not yet allocated
	Whole   bool      // nothing of the line is allocated
	Plain   bool      // a transfer: no reversal, no returned payment, no fee, interest or own transfer
	Decided bool      // a person has decided on this line before: it is never matched by itself again
}

// Order is an open receivable.
type Order struct {
	ID     uuid.UUID
	No     string
	Holder string    // normalised
	Due    money.Fen // still owed
	Since  time.Time // the day the order began to await its money, midnight
	Whole  bool      // nothing of it is paid
	Claims []Claim
}

// Claim is what an uploaded voucher says about a payment. It is evidence, never a payment.
type Claim struct {
	Payer  string // normalised
	Amount money.Fen
	On     time.Time
	Image  string // digest of the voucher's file
	Shared bool   // the same file was given for another order, open or not
}

// Weight says what a reason does to a proposal.
type Weight string

// The weights: counts for, counts against, and evidence that is not there.
const (
	For     Weight = "for"
	Against Weight = "against"
	Missing Weight = "missing"
)

// Reason is one piece of evidence. Key is a catalogue key under "reason.".
type Reason struct {
	Key    string `json:"key"`
	Weight Weight `json:"weight"`
}

// Proposal is one line for one order.
type Proposal struct {
	Line    uuid.UUID
	Order   uuid.UUID
	Amount  money.Fen // what would be allocated: the smaller of both open amounts
	Auto    bool
	Score   int
	Reasons []Reason
}

// Set is the whole open set of one receiving project.
type Set struct {
	Lines  []Line
	Orders []Order
}
