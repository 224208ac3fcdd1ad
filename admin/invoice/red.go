package invoice

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/money"
)

// RedState is how far the taking back of an invoice (红冲) is.
//
//	waiting_invoice ─► requested ─► asked ─► waiting_buyer ─► confirmed ─► issued
//	     │                             └───────────┴───────────────┴──────► blocked  (a person: again, or by hand)
//	     └─► not_needed   (the invoice was never issued)
type RedState string

// The states.
const (
	RedWaitingInvoice RedState = "waiting_invoice" // the invoice itself is still being issued
	RedRequested      RedState = "requested"
	RedAsked          RedState = "asked"
	RedWaitingBuyer   RedState = "waiting_buyer" // the buyer has 72 hours to confirm the form (红字确认单)
	RedConfirmed      RedState = "confirmed"     // confirmed, or no confirmation needed; the red invoice follows
	RedIssued         RedState = "issued"
	RedNotNeeded      RedState = "not_needed"
	RedBlocked        RedState = "blocked"
)

// Over tells whether nothing more happens in the state: the money may go back.
func (s RedState) Over() bool { return s == RedIssued || s == RedNotNeeded }

// Red is the taking back of one invoice.
type Red struct {
	ID        uuid.UUID
	InvoiceID uuid.UUID
	OrderID   uuid.UUID
	ProjectID uuid.UUID
	State     RedState
	Serial    string // ours, of form and red invoice
	FormState string // the vendor's two digits for the form
	Number    string // of the red invoice, once issued
	ByHand    bool
	LastError string
	CreatedAt time.Time
	IssuedAt  time.Time
}

// RedOrder is what a vendor is asked to take back.
type RedOrder struct {
	Serial string
	Number string // of the invoice
	Buyer  Buyer  // as on the invoice
}

// RedAnswer is what a vendor knows about a red letter.
type RedAnswer struct {
	Found     bool
	State     RedState // RedAsked, RedWaitingBuyer, RedConfirmed, RedIssued or RedBlocked
	FormState string
	FormNo    string
	Number    string
	PDFURL    string
	Total     money.Fen // of the red invoice without its sign; zero where the vendor does not say
	Cause     string    // why it is blocked: "red_denied", "red_timed_out", "red_withdrawn", "red_failed", or the vendor's words
}

// RedArgs asks for a red letter to be worked on; the job carries nothing but its id.
type RedArgs struct {
	ID uuid.UUID `json:"id"`
}

// Kind names the job for River.
func (RedArgs) Kind() string { return "invoice_red" }

// Taken is what becomes of an order's invoice when its money is to go back.
type Taken struct {
	Pending   bool      // the money has to wait for Red
	Cancelled bool      // the invoice was not with the vendor yet and never will be
	Red       uuid.UUID // zero where nothing is taken back
}
