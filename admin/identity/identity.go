// Package identity holds the agent's proofs of identity: tries at a vendor (original ID card, liveness, comparison with
// the authority's picture) and the carriers' three-factor checks. A vendor's callback is a hint and proves nothing; a
// result counts when it was fetched, and when it names the person the order names.
//
//	begun ─► pending ─► passed | failed | expired
package identity

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/seal"
)

// State is how a try stands.
type State string

// The states of a try. Begun is a try whose vendor has not answered yet; it is started again under the same number.
const (
	Begun   State = "begun"
	Pending State = "pending"
	Passed  State = "passed"
	Failed  State = "failed"
	Expired State = "expired"
)

// Picture names an image of a try.
type Picture string

// The pictures.
const (
	CardFront Picture = "card_front"
	CardBack  Picture = "card_back"
	BestFrame Picture = "best_frame"
)

// Pictures lists the pictures in display order.
var Pictures = []Picture{BestFrame, CardFront, CardBack}

// Person is who has to appear.
type Person struct {
	Name     seal.Secret
	IDNumber seal.Secret
}

// Subject is what a vendor is told to start a try.
type Subject struct {
	Ref         uuid.UUID // id of the try, given back as the vendor's Extra
	Person      Person
	CallbackURL string
}

// Session is a started try at the vendor.
type Session struct {
	Token string
	URL   string // what the phone opens
}

// Result is what a vendor knows about a try.
type Result struct {
	Done     bool // false while the person has not finished
	Person   Person
	Live     bool
	Compared bool
	Score    int // hundredths, 0 to 10000
	Library  string
	Code     string // the vendor's, "0" for a pass
	Warnings []string
	Pictures map[Picture][]byte
	Raw      []byte // the answer without pictures, kept sealed
}

// Vendor runs tries. Calls end within five seconds; errors are Unavailable "vendor_unavailable" or Invalid
// "identity_vendor_refused".
type Vendor interface {
	Name() string
	Start(ctx context.Context, s Subject) (Session, error)
	Result(ctx context.Context, token string) (Result, error)
	// Hint reads the token out of a callback's body. The body proves nothing: the result is fetched. Invalid
	// "callback_unreadable".
	Hint(body []byte) (token string, err error)
}

// Outcome of a carriers' check.
type Outcome string

// The outcomes: 一致, 不一致, 查无·不可用. The last never counts against the person.
const (
	Match    Outcome = "match"
	Mismatch Outcome = "mismatch"
	Unknown  Outcome = "unknown"
)

// Check is a carriers' answer.
type Check struct {
	Outcome Outcome
	Code    string
	Carrier string
	At      time.Time
}

// Telecom asks the carriers whether name, ID number and phone belong together.
type Telecom interface {
	Check(ctx context.Context, name, idNumber, phone seal.Secret) (Check, error)
}

// Attempt is one try.
type Attempt struct {
	ID         uuid.UUID
	OrderID    uuid.UUID
	ProjectID  uuid.UUID
	Number     int
	Vendor     string
	State      State
	Threshold  int // hundredths
	Score      int // hundredths; -1 before a result
	Live       bool
	Compared   bool
	Library    string
	VendorCode string
	Reason     string // why it failed, see the constants
	Warnings   []string
	ExpiresAt  time.Time
	CreatedAt  time.Time
	FinishedAt time.Time
}

// Why a try failed.
const (
	ReasonLiveness    = "liveness"
	ReasonLowScore    = "low_score"
	ReasonOtherPerson = "other_person"
	ReasonVendor      = "vendor" // refused on grounds of the vendor's own; its code says which
)

// codePassed is the vendor's verdict on a try as a whole.
const codePassed = "0"

// judge decides a result: alive, compared with the authority's picture, alike enough, and the person the order names.
func judge(r Result, wanted Person, threshold int) (State, string) {
	same := seal.NormName(r.Person.Name.Reveal()) == seal.NormName(wanted.Name.Reveal()) &&
		seal.NormIDNumber(r.Person.IDNumber.Reveal()) == seal.NormIDNumber(wanted.IDNumber.Reveal())
	switch {
	case !r.Live:
		return Failed, ReasonLiveness
	case !same:
		return Failed, ReasonOtherPerson
	case !r.Compared || r.Score < threshold:
		return Failed, ReasonLowScore
	case r.Code != codePassed:
		return Failed, ReasonVendor
	}
	return Passed, ""
}
