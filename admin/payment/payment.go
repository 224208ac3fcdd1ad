// Package payment keeps how an order is to be paid and what its payer claims to have paid. The gate itself is a column
// of the order; these are its facts: the intent with our own number, and the voucher's claim, which is evidence for
// the matching and never settles anything.
package payment

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

func init() {
	pg.Constraint("payment_intent_one_live", fault.Conflict, "payment_chosen")
	pg.Constraint("voucher_claim_once", fault.Conflict, "voucher_known")
}

// Method is how an order is paid.
type Method string

// Transfer is a payment from the applicant unit's own corporate account to ours.
const Transfer Method = "transfer"

// State is where an intent stands.
type State string

// The states of an intent.
const (
	Awaiting State = "awaiting"
	Settled  State = "settled"
	Closed   State = "closed"
)

// Account is one of our own bank accounts, as a payer must be told it.
type Account struct {
	No   string
	Bank string // with its branch, 招商银行深圳科技园支行
	Name string // our name as the bank has it
}

// Intent is one way to pay an order, or a part of it. At most one of an order is awaited.
type Intent struct {
	ID        uuid.UUID
	OrderID   uuid.UUID
	Method    Method
	Amount    money.Fen
	OwnNo     string // our number of this payment, unique for ever
	State     State
	Account   Account   // for a transfer
	CodeURL   string    // for a method of paying at once, once its vendor has answered
	ExpiresAt time.Time // of the code; zero for a transfer
	Asked     bool      // the vendor may still have something to tell
	CreatedAt time.Time
	SettledAt time.Time // zero until settled
}

// Payable tells whether a payer who is shown the intent now can still pay by it.
func (i Intent) Payable(now time.Time) bool {
	return i.State == Awaiting && (i.ExpiresAt.IsZero() || now.Add(codeLeft).Before(i.ExpiresAt))
}

// codeLeft is how long a code must still live to be shown again.
const codeLeft = 5 * time.Minute

// Instruction is what a payer needs: an account, or a code to scan. The reference of a transfer helps the matching and
// is never required.
type Instruction struct {
	Method    Method
	Amount    money.Fen
	Account   Account
	Reference string // the order number
	CodeURL   string
	ExpiresAt time.Time // of the code
}

// Choice is what Choose needs to know of an order.
type Choice struct {
	OrderID uuid.UUID
	OrderNo string
	Amount  money.Fen
	Account Account
}

// Claim is what a remittance voucher says.
type Claim struct {
	ID         uuid.UUID
	OrderID    uuid.UUID
	DocumentID uuid.UUID
	ImageSM3   []byte
	PayerName  string // a person's is kept as its mask only
	Amount     money.Fen
	PaidOn     time.Time // Beijing midnight of the day
	Shared     bool      // the same image was given for another order, so it proves neither
	CreatedAt  time.Time
}

// beijing is the zone of a voucher's date.
var beijing = time.FixedZone("CST", 8*3600)

// check refuses a claim that cannot be true. Faults: InvalidFields payer, amount_fen, paid_on.
func (c Claim) check(now time.Time) error {
	var fields []fault.Field
	if n := len([]rune(c.PayerName)); n < 2 || n > 200 {
		fields = append(fields, fault.Field{Name: "payer", Key: "payer_name_length"})
	}
	if c.Amount <= 0 {
		fields = append(fields, fault.Field{Name: "amount_fen", Key: "amount_positive"})
	}
	if today := day(now); c.PaidOn.After(today) || c.PaidOn.Before(today.AddDate(0, 0, -claimDays)) {
		fields = append(fields, fault.Field{Name: "paid_on", Key: "paid_on_range", Args: fault.Args{"days": claimDays}})
	}
	if len(fields) > 0 {
		return fault.InvalidFields(fields...)
	}
	return nil
}

// claimDays is how old a voucher may be.
const claimDays = 180

// day is the Beijing day of a moment.
func day(at time.Time) time.Time {
	return date(at.In(beijing))
}

// date makes a database date the Beijing midnight it means.
func date(d time.Time) time.Time {
	return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, beijing)
}
