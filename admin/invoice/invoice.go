// Package invoice holds invoices: requested when payment settles, issued by a vendor without a hand, fetched and kept.
// Our own number is stored before the first call and is the vendor's idempotency key: after a time-out the vendor is
// asked, and only where it knows nothing is the same number sent again.
//
//	requested ─► issuing ─► issued
//	    │            └────► failed   (a person looks, corrects and tries again)
//	    └─► cancelled                (it was wanted no more before the vendor was asked)
//
// An issued invoice is taken back (红冲) before its money goes back, or before another takes its place: see RedState. It
// is red_lettered then. One order has one live invoice at a time: all that are neither cancelled nor red-lettered.
package invoice

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/number"
	"caconsole/admin/seal"
)

// State is how far an invoice is.
type State string

// The states.
const (
	Requested   State = "requested"
	Issuing     State = "issuing"
	Issued      State = "issued"
	Failed      State = "failed"
	Cancelled   State = "cancelled"
	RedLettered State = "red_lettered"
)

// BuyerKind is the sort of invoice the buyer wants.
type BuyerKind string

// The kinds: 数电普票 and 数电专票.
const (
	General BuyerKind = "general"
	Special BuyerKind = "special"
)

// Buyer is whom an invoice is made out to.
type Buyer struct {
	Kind    BuyerKind
	Title   string
	TaxID   string
	Address string
	Phone   seal.Secret
	Bank    string
	Account string
}

// Check lists what keeps an invoice from being made out to the buyer. Field names begin with prefix and a dot.
func (b Buyer) Check(prefix string) []fault.Field {
	var wrong []fault.Field
	add := func(name, key string) { wrong = append(wrong, fault.Field{Name: prefix + "." + name, Key: key}) }
	if b.Kind != General && b.Kind != Special {
		add("kind", "field_not_offered")
	}
	switch n := len([]rune(b.Title)); {
	case n == 0:
		add("title", "field_required")
	case n > maxTitle:
		add("title", "field_too_long")
	}
	if _, ok := number.CreditCode(b.TaxID); !ok && (b.Kind == Special || b.TaxID != "") {
		add("tax_id", "tax_id_wrong")
	}
	return wrong
}

// maxTitle is the longest name of a buyer, in characters.
const maxTitle = 100

// Invoice is one invoice as staff see it.
type Invoice struct {
	ID         uuid.UUID
	OrderID    uuid.UUID
	ProjectID  uuid.UUID
	State      State
	Serial     string // ours
	Number     string // the 20 digits of a 数电票, once issued
	Total      money.Fen
	Tax        money.Fen
	Net        money.Fen
	TaxPercent int
	Goods      Goods
	Buyer      Buyer // without phone
	Attempts   int
	LastError  string
	CreatedAt  time.Time
	IssuedAt   time.Time
}

// Goods is the one line of our invoices.
type Goods struct {
	Code string // 税收分类编码, 19 digits
	Name string
}

// Split divides an amount that includes tax: tax = amount · rate/(100+rate), rounded half up to the fen, and the rest.
func Split(total money.Fen, percent int) (net, tax money.Fen) {
	base := int64(100 + percent)
	tax = money.Fen((int64(total)*int64(percent)*2 + base) / (2 * base))
	return total - tax, tax
}

// Order is what a vendor is asked to issue.
type Order struct {
	Serial     string
	Buyer      Buyer
	Goods      Goods
	Total      money.Fen
	Net        money.Fen
	Tax        money.Fen
	TaxPercent int
	Remark     string
	At         time.Time
}

// Answer is what a vendor knows about an invoice.
type Answer struct {
	Found        bool
	State        State // Issuing, Issued or Failed
	VendorSerial string
	Number       string
	PDFURL       string
	Total        money.Fen // with tax; zero where the vendor does not say
	Cause        string    // why it failed, in the vendor's words
}

// Vendor issues invoices. Calls end within five seconds; errors are Unavailable "vendor_unavailable", where it is open
// what happened, or Invalid "invoice_refused" (args: code, cause).
type Vendor interface {
	// Issue asks for an invoice. One asked for before under the same serial is no error; if it failed, it is tried again.
	Issue(ctx context.Context, o Order) error
	Query(ctx context.Context, serial string) (Answer, error)
	// AskRed asks for a confirmation form (红字确认单) under our number; the red invoice follows by itself.
	AskRed(ctx context.Context, o RedOrder) error
	// QueryRed tells what became of form and red invoice.
	QueryRed(ctx context.Context, serial string) (RedAnswer, error)
	// Fetch downloads an invoice's file from where the vendor keeps it.
	Fetch(ctx context.Context, url string) ([]byte, error)
}

// IssueArgs asks for an invoice to be worked on; the job carries nothing but its id.
type IssueArgs struct {
	ID uuid.UUID `json:"id"`
}

// Kind names the job for River.
func (IssueArgs) Kind() string { return "invoice_issue" }
