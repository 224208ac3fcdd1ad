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
	Keys    string // cert.KeepKeys or CSRKeys; "" is the first
	CSR     []byte // DER, of a manual order: those who sign have seen it. Empty where the driver brings one.
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

	holderUpdate uuid.UUID // the session in which the Ukey signed
}
