package payment

import (
	"context"
	"time"

	"caconsole/admin/money"
)

// The methods of paying at once, by a code that a phone scans.
const (
	WeChat Method = "wechat"
	Alipay Method = "alipay"
)

// Online tells whether a method is one of paying at once.
func (m Method) Online() bool { return m == WeChat || m == Alipay }

// Vendor is the outside of one method of paying at once. No call stands inside a transaction; each ends within five
// seconds. Where an answer misses, Unavailable "vendor_unavailable" leaves open what happened: the same call under the
// same number tells, or is made again. What a vendor refuses is Conflict "payment_vendor_refused" with its code.
type Vendor interface {
	Till
	Back
	// Notice reads what claims to be the vendor's notice, as it was received at a moment: first the signature over the
	// raw bytes, then what it says, then whether it is about us. Faults: Invalid callback_signature, callback_stale,
	// callback_key_unknown, callback_unreadable, callback_other_merchant.
	Notice(headers map[string]string, body []byte, at time.Time) (Notice, error)
}

// Till takes money.
type Till interface {
	// Create opens a payment and returns what the payer's phone scans. The same number again gives the same payment.
	Create(ctx context.Context, a Ask) (code string, err error)
	// Query tells what is known under a number of ours.
	Query(ctx context.Context, ownNo string) (Trade, error)
	// Close ends a payment that nobody has made, so that nobody can. What it ends in is Closed, or Paid where somebody
	// was faster, or Unknown where the vendor has never heard of the number.
	Close(ctx context.Context, ownNo string) (TradeState, error)
}

// Back gives money back.
type Back interface {
	// Refund asks for a refund under a number of ours; the same number again is the same refund.
	Refund(ctx context.Context, r Return) (Returned, error)
	// FindRefund tells what became of a refund.
	FindRefund(ctx context.Context, r Return) (Returned, error)
}

// Ask is what a vendor must know to take money.
type Ask struct {
	OwnNo     string
	Amount    money.Fen
	Subject   string // what the payer sees
	ExpiresAt time.Time
}

// TradeState is where a payment stands at its vendor.
type TradeState string

// The states of a payment at its vendor.
const (
	TradeUnknown TradeState = "unknown" // the vendor does not know the number; it may yet
	TradeWaiting TradeState = "waiting"
	TradePaid    TradeState = "paid" // also if some of it has gone back since
	TradeClosed  TradeState = "closed"
)

// Trade is what a vendor knows under a number of ours.
type Trade struct {
	State    TradeState
	Received Received // where it is paid
}

// Received is money that a vendor took for us.
type Received struct {
	TransactionID string // the vendor's number
	Amount        money.Fen
	Currency      string // "CNY" unless something is wrong
	PaidAt        time.Time
}

// NoticeKind is what a notice is about.
type NoticeKind string

// The kinds of notice.
const (
	NoticePaid   NoticeKind = "paid"
	NoticeRefund NoticeKind = "refund" // a refund moved: to be asked after
	NoticeOther  NoticeKind = "other"  // nothing that matters to us
)

// Notice is what a verified notice says.
type Notice struct {
	Kind     NoticeKind
	OwnNo    string // of the payment
	RefundNo string // of the refund, ours
	Received Received
}

// Return is what a vendor must know to give money back.
type Return struct {
	OwnNo    string // ours, of the refund
	TradeNo  string // ours, of the payment
	Amount   money.Fen
	Total    money.Fen // of the payment
	Reason   string    // what the payer sees
	VendorNo string    // the vendor's, where it is known
}

// ReturnState is where a refund stands at its vendor.
type ReturnState string

// The states of a refund at its vendor.
const (
	ReturnUnknown    ReturnState = "unknown" // the vendor does not know the number
	ReturnProcessing ReturnState = "processing"
	ReturnDone       ReturnState = "done"
	ReturnFailed     ReturnState = "failed" // for good: a person decides
)

// Returned is what a vendor knows of a refund.
type Returned struct {
	State    ReturnState
	VendorNo string
	Code     string // of a failure
}
