package issuance

import (
	"time"

	"github.com/google/uuid"

	"caconsole/issuance/cert"
)

// Grant asks for the authorisation of an order's renewal.
type Grant struct {
	OrderID uuid.UUID
	OrderNo string
	OldPair uuid.UUID
	Origin  string      // cert.OriginReviewed, OriginOnline or OriginManual: who must say yes
	Content cert.Digest // of the form fields, papers, identity result and consents that are approved
	Years   int
	Expires time.Time
}

// States of an authorisation.
const (
	AuthorisationOpen = "open" // may be approved and executed
	AuthorisationUsed = "used" // a request executes or executed it
	AuthorisationVoid = "void"
)

// Authorisation is what staff, or the holder, sign for one order.
type Authorisation struct {
	ID        uuid.UUID
	OrderID   uuid.UUID
	OldPair   uuid.UUID
	Object    cert.Authorisation
	Canonical []byte
	Digest    cert.Digest
	ExpiresAt time.Time
	State     string
	Approvals []cert.Approval // given so far
	Holder    []byte          // the Ukey's own signature, which stands for the two approvals; empty without one
}

// Approval is one signature of a member of staff, over one or many authorisations.
type Approval struct {
	ID        uuid.UUID // one per signature, the same for each authorisation it is added to
	Duty      string    // cert.DutyReview or cert.DutyIssue
	StaffID   uuid.UUID
	At        time.Time // as signed: cut to the second
	Digests   []cert.Digest
	Signature []byte // SM2-SM3, DER
	PublicKey []byte // the person's key, DER SubjectPublicKeyInfo
}
