// Package document keeps the papers of an order: the application form with its signature and stamp, the business
// licence, the remittance voucher. It knows orders by id and number only; whether an order may take a paper now is
// decided by its gates, in admin/flow.
//
// Originals are sealed under a key of their own and never served: staff look at page images made here, with who looks
// burnt in. A paper in force goes
//
//	uploaded ─► accepted
//	   ▲  └───► returned(reason)
//	   └ replaced: the earlier one becomes superseded
package document

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// Kind is the sort of paper.
type Kind string

// The kinds of paper.
const (
	ApplicationForm   Kind = "application_form"
	BusinessLicence   Kind = "business_licence"
	RemittanceVoucher Kind = "remittance_voucher"
)

// The kinds of paper that an issuer adds to an order opened by hand; no applicant sends them.
const (
	IdentityEvidence Kind = "identity_evidence" // by what the agent was identified
	ConsentPaper     Kind = "consent_paper"     // the holder's consent, signed
	GroundsPaper     Kind = "grounds_paper"     // why it is done by hand: a letter of the unit, a report
)

// ByHand are the kinds that an issuer adds, in the order they are shown.
var ByHand = []Kind{IdentityEvidence, ConsentPaper, GroundsPaper}

// Required are the kinds an order cannot be reviewed without.
var Required = []Kind{ApplicationForm, BusinessLicence}

// Kinds are the kinds that applicants send, in the order they are shown.
var Kinds = []Kind{ApplicationForm, BusinessLicence, RemittanceVoucher}

// ParseKind reads a kind as callers send it. Error: NotFound "document_kind_unknown".
func ParseKind(s string) (Kind, error) {
	if k := Kind(s); slices.Contains(Kinds, k) {
		return k, nil
	}
	return "", fault.New(fault.NotFound, "document_kind_unknown", nil)
}

// State is where a paper stands.
type State string

// The states of a paper.
const (
	Uploaded   State = "uploaded"
	Accepted   State = "accepted"
	Returned   State = "returned"
	Superseded State = "superseded"
)

// Images is how far the page images are.
type Images string

// The states of page images.
const (
	ImagesPending Images = "pending"
	ImagesReady   Images = "ready"
	ImagesFailed  Images = "failed"
)

// Document is an uploaded paper without its content.
type Document struct {
	ID             uuid.UUID
	OrderID        uuid.UUID
	ProjectID      uuid.UUID
	Kind           Kind
	Version        int // counts the uploads of this kind for this order, from 1
	State          State
	ReturnedReason string
	FormVersion    int    // of the application form that was scanned, 0 for other kinds
	Mime           string // image/jpeg, image/png or application/pdf
	Pages          int
	Size           int64 // bytes of the original
	SM3            string
	Images         Images
	PaidFen        money.Fen // what the applicant says, on a voucher; 0 where nothing was said
	PaidOn         time.Time // a date, zero where nothing was said
	CreatedAt      time.Time
	DecidedAt      time.Time // accepted or returned; zero before
}

// Documents is the domain's service. It is safe for concurrent use.
type Documents struct {
	db    *pg.DB
	vault seal.Vault
	now   func() time.Time
}

// New makes the service. Files lie in the vault, fields are sealed by its ring.
func New(db *pg.DB, vault seal.Vault, now func() time.Time) *Documents {
	return &Documents{db: db, vault: vault, now: now}
}

func init() {
	pg.Constraint("document_one_current", fault.Conflict, "document_changed")
	pg.Constraint("document_version_key", fault.Conflict, "document_changed")
	pg.Constraint("form_version_key", fault.Conflict, "form_changed")
}
