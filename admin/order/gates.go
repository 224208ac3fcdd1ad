package order

import (
	"caconsole/admin/fault"
	"caconsole/admin/money"
)

// State is the value of one gate. Each gate knows only the values listed for it below.
type State string

// The states of the gates, as PRODUCT.md's table has them. One word means the same in every gate that uses it.
const (
	None State = "none"

	Given     State = "given" // consent
	Withdrawn State = "withdrawn"

	Missing  State = "missing" // documents
	Uploaded State = "uploaded"
	Accepted State = "accepted"
	Returned State = "returned" // also review

	Pending State = "pending" // identity
	Passed  State = "passed"
	Failed  State = "failed" // also issuance
	Expired State = "expired"

	Match    State = "match" // telecom
	Mismatch State = "mismatch"
	Unknown  State = "unknown"

	Awaiting  State = "awaiting" // payment
	Settled   State = "settled"
	Refunding State = "refunding"
	Refunded  State = "refunded"
	Waived    State = "waived"

	Queued   State = "queued" // review
	Claimed  State = "claimed"
	Approved State = "approved"
	Rejected State = "rejected"

	Authorised State = "authorised" // authorisation
	Void       State = "void"

	Reserved State = "reserved" // issuance
	Signed   State = "signed"
	Recorded State = "recorded"

	Offered   State = "offered" // delivery
	Importing State = "importing"
	Confirmed State = "confirmed"

	Requested   State = "requested" // invoice
	Issued      State = "issued"
	Dispatched  State = "dispatched"
	RedLettered State = "red_lettered"
)

// Gate names one of the small state machines of an order.
type Gate string

// The gates in the order in which screens show them.
const (
	GateConsent       Gate = "consent"
	GateDocuments     Gate = "documents"
	GateIdentity      Gate = "identity"
	GateTelecom       Gate = "telecom"
	GatePayment       Gate = "payment"
	GateReview        Gate = "review"
	GateAuthorisation Gate = "authorisation"
	GateIssuance      Gate = "issuance"
	GateDelivery      Gate = "delivery"
	GateInvoice       Gate = "invoice"
)

// AllGates lists the gates in display order.
var AllGates = []Gate{
	GateConsent, GateDocuments, GateIdentity, GateTelecom, GatePayment, GateReview,
	GateAuthorisation, GateIssuance, GateDelivery, GateInvoice,
}

// Reason tells why an order was closed.
type Reason string

// The reasons for closing.
const (
	Open            Reason = ""
	ClosedUnpaid    Reason = "unpaid"
	ClosedRejected  Reason = "rejected"
	ClosedWithdrawn Reason = "withdrawn"
	ClosedExpired   Reason = "expired"
	ClosedRevoked   Reason = "revoked"
)

// Method is how an order is paid.
type Method string

// The payment methods.
const (
	NoMethod Method = ""
	Transfer Method = "transfer"
	WeChat   Method = "wechat"
	Alipay   Method = "alipay"
)

// Path is how a renewal goes: online while the old certificate is valid, reviewed once it has expired, by hand where an
// issuer opened it.
type Path string

// The paths.
const (
	Online   Path = "online"
	Reviewed Path = "reviewed"
	ByHand   Path = "manual" // opened by an issuer
)

// Gates are the gates of one order together with what else only Change may write. Stage is derived from them.
type Gates struct {
	Path           Path
	Consent        State
	Documents      State
	Identity       State
	Telecom        State
	Payment        State
	Method         Method
	Kept           money.Fen // what is paid of the price and neither back nor on its way; the payments' facts say it first
	Review         State
	Authorisation  State
	Issuance       State
	Delivery       State
	Invoice        State
	ContentVersion int
	Closed         Reason
}

// NewGates returns the gates of an order just created; consent was given before it could be.
func NewGates(path Path) Gates {
	g := Gates{
		Path: path, Consent: Given, Documents: Missing, Identity: None, Telecom: None, Payment: None, Review: None,
		Authorisation: None, Issuance: None, Delivery: None, Invoice: None, ContentVersion: 1,
	}
	return g
}

// Get returns the state of a gate by name.
func (g Gates) Get(name Gate) State {
	if p := g.at(name); p != nil {
		return *p
	}
	return ""
}

func (g *Gates) at(name Gate) *State {
	switch name {
	case GateConsent:
		return &g.Consent
	case GateDocuments:
		return &g.Documents
	case GateIdentity:
		return &g.Identity
	case GateTelecom:
		return &g.Telecom
	case GatePayment:
		return &g.Payment
	case GateReview:
		return &g.Review
	case GateAuthorisation:
		return &g.Authorisation
	case GateIssuance:
		return &g.Issuance
	case GateDelivery:
		return &g.Delivery
	case GateInvoice:
		return &g.Invoice
	}
	return nil
}

// TouchContent says that something an approval binds has changed: form fields, paper digests, the identity result or
// consents. It voids what was approved. Conflict "order_being_issued" once the signer may have been asked.
func (g *Gates) TouchContent() error {
	if g.Issuance != None && g.Issuance != Failed {
		return fault.New(fault.Conflict, "order_being_issued", nil)
	}
	g.ContentVersion++
	if g.Review == Approved {
		g.Review = Queued
		if g.Documents == Accepted {
			g.Documents = Uploaded
		}
	}
	if g.Authorisation == Authorised {
		g.Authorisation = Void
	}
	return nil
}

// Close ends the order for a reason. Conflict "order_being_issued" once the signer may have been asked: only a lead
// with revocation ends an order after that.
func (g *Gates) Close(why Reason) error {
	if g.Issuance != None && g.Issuance != Failed {
		return fault.New(fault.Conflict, "order_being_issued", nil)
	}
	g.Closed = why
	return nil
}

// CloseRevoked ends the order because the pair it led to was revoked before the holder had it, or because its money goes
// back after the pair was revoked. Conflict "order_being_issued" while nobody knows whether there is a pair.
func (g *Gates) CloseRevoked() error {
	if g.Issuance == Reserved || g.Issuance == Signed {
		return fault.New(fault.Conflict, "order_being_issued", nil)
	}
	g.Closed = ClosedRevoked
	return nil
}

// Repriced says that the order has another price and that so much of it is kept. What is paid in full stays settled; a
// difference is awaited, by a way that is yet to be chosen. Nobody waits for the old price any more.
func (g *Gates) Repriced(price, kept money.Fen) {
	g.Kept = kept
	switch {
	case kept == price && kept > 0:
		g.Payment = Settled
	case g.Payment == Settled:
		g.Payment, g.Method = Awaiting, NoMethod
	case g.Payment == Awaiting:
		g.Unchosen()
	}
}

// Unchosen says that the way to pay that was chosen leads nowhere any more: another has to be chosen.
func (g *Gates) Unchosen() {
	g.Payment, g.Method = None, NoMethod
	if g.Kept > 0 {
		g.Payment = Awaiting
	}
}

// AwaitsDifference tells of an order that was paid, costs more by now, and whose difference has not come.
func (g Gates) AwaitsDifference() bool { return g.Payment == Awaiting && g.Kept > 0 }

// ReadyForReview tells whether everything a reviewer needs is there: consent, papers, identity, money.
func (g Gates) ReadyForReview() bool {
	return g.Path == Reviewed && g.Closed == Open && g.Consent == Given &&
		(g.Documents == Uploaded || g.Documents == Accepted) &&
		g.Identity == Passed && g.Telecom != Mismatch && g.paid()
}

// ReadyForIssue tells whether every gate needed before signing is open.
func (g Gates) ReadyForIssue() bool {
	if g.Closed != Open || g.Consent != Given || !g.paid() || g.Authorisation != Authorised {
		return false
	}
	if g.Telecom == Mismatch {
		return false
	}
	switch g.Path {
	case Online:
		return true
	case ByHand:
		return g.vouched()
	case Reviewed:
	}
	return g.Documents == Accepted && g.Identity == Passed && g.Review == Approved
}

// ReadyForHolder tells whether the holder may authorise the renewal with the Ukey: on the online path every gate but the
// authorisation is open and nothing was signed by it.
func (g Gates) ReadyForHolder() bool {
	g.Authorisation = Authorised
	return g.Path == Online && g.ReadyForIssue() && (g.Issuance == None || g.Issuance == Failed)
}

// Expiry is what the end of the old certificate does to an order.
type Expiry int

// The three fates.
const (
	Untouched Expiry = iota // of the reviewed path, over, with the signer, or its money is going back
	Closes                  // nobody has paid
	Moves                   // paid, if only in part: it goes on by review and keeps its money
)

// AtExpiry says what the end of the old certificate does to the order.
func (g Gates) AtExpiry() Expiry {
	if g.Path != Online || g.Closed != Open || (g.Issuance != None && g.Issuance != Failed) {
		return Untouched
	}
	switch {
	case g.paid() || g.AwaitsDifference():
		return Moves
	case g.Payment == None || g.Payment == Awaiting:
		return Closes
	}
	return Untouched
}

// MoveToReviewed takes the order from the online to the reviewed path; check lets that happen once and never back.
func (g *Gates) MoveToReviewed() error {
	g.Path = Reviewed
	return g.TouchContent()
}

// ForgetAgent says that the order has another agent, or one with another number or phone: what carriers and identity
// vendor said was about somebody else. A try that runs counts as run out; it is the caller's to end it.
func (g *Gates) ForgetAgent() {
	g.Telecom = None
	switch g.Identity {
	case Pending:
		g.Identity = Expired
	case Passed, Failed, Expired:
		g.Identity = None
	default: // not begun
	}
}

// advance makes the moves nobody decides: into the review queue when all is there, out of it when something went missing.
func (g *Gates) advance() {
	ready := g.ReadyForReview()
	switch {
	case ready && (g.Review == None || (g.Review == Returned && g.Documents == Uploaded)):
		g.Review = Queued
	case !ready && (g.Review == Queued || g.Review == Claimed):
		g.Review = None
	}
}
