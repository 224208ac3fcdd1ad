// Package order holds the aggregate of the renewal: an order with its gates, its stage, who had which duty in it, and
// the persons it names.
//
// The order row is the lock (ARCHITECTURE rule 1). All gates are columns of the one orders row and only Change writes
// them: it locks the row, lets the caller set gates, moves what moves by itself (into the review queue, out of it),
// checks every move, derives the stage, and stores gates, events and audit entry in the caller's transaction.
//
//	consent  given ─────────────────────────────► withdrawn
//	documents missing ─► uploaded ─► accepted        (returned ─► uploaded)
//	identity  none ─► pending ─► passed | failed | expired ─► pending
//	payment   none ─► awaiting ─► settled ─► refunding ─► refunded   (settled ─► awaiting: a difference)
//	review    none ─► queued ─► claimed ─► approved | returned | rejected
//	authorisation none ─► authorised ─► void
//	issuance  none ─► reserved ─► signed ─► recorded  (failed ─► reserved)
//	delivery  none ─► offered ─► importing ─► confirmed
//	invoice   none ─► requested ─► issued ─► dispatched ─► red_lettered   (─► requested: another one)
package order

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/money"
	"caconsole/admin/seal"
)

// Kind is the sort of order.
type Kind string

// The kinds: a renewal by an applicant, or one opened by an issuer by hand.
const (
	Renewal Kind = "renewal"
	Manual  Kind = "manual"
)

// Order is one order as readers see it: persons only as masks.
type Order struct {
	ID          uuid.UUID
	No          string
	ProjectID   uuid.UUID
	Kind        Kind
	ApplicantID uuid.UUID
	OldPairID   uuid.UUID
	Serial      string    // of the old certificate, as found by what the applicant typed
	OldNotAfter time.Time // end of the old certificate; zero where it was not noted
	MediumNo    string
	CertType    string
	Years       int
	AmountFen   money.Fen
	Holder      string
	OrgIDKind   string
	OrgIDNumber string
	OrgIDFlag   string // "org_code" where a 9-character code was accepted for the new 18-character one
	Agent       Masked
	Legal       Masked
	Gates       Gates
	Stage       Stage
	StageSince  time.Time
	ReviewDueAt time.Time // zero unless the order is or was in the review queue
	SubmittedAt time.Time // first entry into the review queue
	ClosedAt    time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Same tells whether nothing has been written to an order between two readings of it.
func (o Order) Same(other Order) bool {
	return o.ID == other.ID && o.Gates == other.Gates && o.UpdatedAt.Equal(other.UpdatedAt) && o.Years == other.Years &&
		o.Agent == other.Agent && o.Legal == other.Legal
}

// Due is what has to be paid before the order goes on: the whole price, or a difference where a part of it is kept.
// Nothing once it is settled or over.
func (o Order) Due() money.Fen {
	if o.Gates.Closed != Open || o.Gates.Payment != None && o.Gates.Payment != Awaiting {
		return 0
	}
	return o.AmountFen - o.Gates.Kept
}

// Masked is a person as screens may show them without a reveal.
type Masked struct {
	Name, IDNumber, Phone, Email string
}

// Person is a person in clear: what an applicant typed, or what a vendor must be asked about.
type Person struct {
	Name, IDNumber, Phone, Email seal.Secret
}

// New is what it takes to open an order. Every value has been checked and normalised by the caller.
type New struct {
	ProjectID   uuid.UUID
	Kind        Kind
	Path        Path
	ApplicantID uuid.UUID
	OldPairID   uuid.UUID
	Serial      string
	OldNotAfter time.Time
	MediumNo    string
	CertType    string
	Years       int
	AmountFen   money.Fen
	Holder      string
	OrgIDKind   string
	OrgIDNumber string
	OrgIDFlag   string
	Agent       Person
	Legal       Person // Name empty where the path asks for none
}

// Duty is what a member of staff did in an order; one person has at most one (four eyes).
type Duty string

// The duties.
const (
	DutyReview       Duty = "review"
	DutySecondReview Duty = "second_review"
	DutyMatch        Duty = "match"
	DutyIssue        Duty = "issue"
	DutyIssueCheck   Duty = "issue_check"
)

// Event is one step of an order's course.
type Event struct {
	At        time.Time
	Move      Move
	ActorKind string
	ActorID   uuid.UUID
	Act       string
}

// Field names a sealed field of an order that may be revealed, one at a time and audited by the caller.
type Field string

// The fields that can be revealed.
const (
	FieldAgentName  Field = "agent_name"
	FieldAgentID    Field = "agent_id"
	FieldAgentPhone Field = "agent_phone"
	FieldAgentEmail Field = "agent_email"
	FieldLegalName  Field = "legal_name"
	FieldLegalID    Field = "legal_id"
)
