package payment

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

func init() {
	pg.Constraint("online_payment_once", fault.Conflict, "transaction_known")
	pg.Constraint("payment_refund_once", fault.Conflict, "refund_exists")
	pg.Constraint("online_payment_refunded", fault.Conflict, "refund_too_much")
	pg.Constraint("payment_intent_refunded", fault.Conflict, "refund_too_much")
}

// RefundReason tells why money goes back.
type RefundReason string

// The reasons. The first four end an order and send back all that is kept of its payments; the others are about money
// that pays no order, or about a part.
const (
	Withdrawn        RefundReason = "withdrawn"
	Rejected         RefundReason = "rejected"
	ConsentWithdrawn RefundReason = "consent_withdrawn"
	CertificateGone  RefundReason = "revoked" // the certificate was revoked: the old one before, or the new one after signing
	PaidTwice        RefundReason = "paid_twice"
	PaidLate         RefundReason = "paid_late"
	YearsChanged     RefundReason = "years_changed"
	WrongAmount      RefundReason = "wrong_amount"
)

// RefundState is where a refund stands.
type RefundState string

// The states of a refund: waiting_invoice ─► due ─► sent ─► done | failed (─► due, by a person); one of a transfer is
// requested once nothing is in its way.
const (
	WaitingInvoice RefundState = "waiting_invoice"
	Due            RefundState = "due"
	Sent           RefundState = "sent"
	Done           RefundState = "done"
	Failed         RefundState = "failed"
	Requested      RefundState = "requested"
)

// Refund is money on its way back.
type Refund struct {
	ID        uuid.UUID
	OrderID   uuid.UUID
	IntentID  uuid.UUID
	Method    Method
	OwnNo     string
	Amount    money.Fen
	Reason    RefundReason
	State     RefundState
	VendorNo  string
	Failure   string
	CreatedAt time.Time
	DoneAt    time.Time // zero until done
}
