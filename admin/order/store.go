package order

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

func init() {
	pg.Constraint("orders_one_open", fault.Conflict, "renewal_open")
	pg.Constraint("order_duty_one", fault.Conflict, "four_eyes")
}

// row is an order as the table holds it.
type row struct {
	ID               uuid.UUID `gorm:"primaryKey"`
	No               string
	ProjectID        uuid.UUID
	Kind             Kind
	Path             Path
	ApplicantID      *uuid.UUID
	OldPairID        uuid.UUID
	CertSerial       string
	OldNotAfter      *time.Time
	MediumNo         string
	CertType         string
	Years            int
	AmountFen        money.Fen
	Holder           string
	OrgIDKind        string
	OrgIDNumber      string
	OrgIDFlag        string
	AgentNameSealed  []byte
	AgentNameIndex   []byte
	AgentNameMask    string
	AgentIDSealed    []byte
	AgentIDIndex     []byte
	AgentIDMask      string
	AgentPhoneSealed []byte
	AgentPhoneIndex  []byte
	AgentPhoneMask   string
	AgentEmailSealed []byte
	AgentEmailMask   string
	LegalNameSealed  []byte
	LegalNameMask    string
	LegalIDSealed    []byte
	LegalIDMask      string
	Consent          State
	Documents        State
	Identity         State
	Telecom          State
	Payment          State
	PaymentMethod    Method
	KeptFen          money.Fen
	Review           State
	Authorisation    State
	Issuance         State
	Delivery         State
	Invoice          State
	ContentVersion   int
	Stage            Stage
	StageSince       time.Time
	ReviewDueAt      *time.Time
	SubmittedAt      *time.Time
	ClosedReason     Reason
	ClosedAt         *time.Time
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// TableName tells gorm the table; "order" is a reserved word.
func (row) TableName() string { return "orders" }

func (r row) gates() Gates {
	return Gates{
		Path: r.Path, Consent: r.Consent, Documents: r.Documents, Identity: r.Identity, Telecom: r.Telecom,
		Payment: r.Payment, Method: r.PaymentMethod, Kept: r.KeptFen, Review: r.Review, Authorisation: r.Authorisation,
		Issuance: r.Issuance, Delivery: r.Delivery, Invoice: r.Invoice, ContentVersion: r.ContentVersion, Closed: r.ClosedReason,
	}
}

func (r *row) setGates(g Gates) {
	r.Path, r.Consent, r.Documents, r.Identity, r.Telecom = g.Path, g.Consent, g.Documents, g.Identity, g.Telecom
	r.Payment, r.PaymentMethod, r.KeptFen, r.Review, r.Authorisation = g.Payment, g.Method, g.Kept, g.Review, g.Authorisation
	r.Issuance, r.Delivery, r.Invoice = g.Issuance, g.Delivery, g.Invoice
	r.ContentVersion, r.ClosedReason = g.ContentVersion, g.Closed
}

// columns are those that Change may write.
func (r row) columns() map[string]any {
	return map[string]any{
		"path": r.Path, "consent": r.Consent, "documents": r.Documents, "identity": r.Identity, "telecom": r.Telecom,
		"payment": r.Payment, "payment_method": r.PaymentMethod, "kept_fen": r.KeptFen, "review": r.Review, "authorisation": r.Authorisation,
		"issuance": r.Issuance, "delivery": r.Delivery, "invoice": r.Invoice, "content_version": r.ContentVersion,
		"stage": r.Stage, "stage_since": r.StageSince, "review_due_at": r.ReviewDueAt, "submitted_at": r.SubmittedAt,
		"closed_reason": r.ClosedReason, "closed_at": r.ClosedAt, "updated_at": r.UpdatedAt,
	}
}

func (r row) order() Order {
	return Order{
		ID: r.ID, No: r.No, ProjectID: r.ProjectID, Kind: r.Kind, ApplicantID: deref(r.ApplicantID), OldPairID: r.OldPairID,
		Serial: r.CertSerial, OldNotAfter: deref(r.OldNotAfter), MediumNo: r.MediumNo, CertType: r.CertType, Years: r.Years, AmountFen: r.AmountFen,
		Holder: r.Holder, OrgIDKind: r.OrgIDKind, OrgIDNumber: r.OrgIDNumber, OrgIDFlag: r.OrgIDFlag,
		Agent: Masked{Name: r.AgentNameMask, IDNumber: r.AgentIDMask, Phone: r.AgentPhoneMask, Email: r.AgentEmailMask},
		Legal: Masked{Name: r.LegalNameMask, IDNumber: r.LegalIDMask},
		Gates: r.gates(), Stage: r.Stage, StageSince: r.StageSince, ReviewDueAt: deref(r.ReviewDueAt),
		SubmittedAt: deref(r.SubmittedAt), ClosedAt: deref(r.ClosedAt), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

func deref[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

// Orders is the store of orders.
type Orders struct {
	ring *seal.Ring
	now  func() time.Time
	due  Due
}

// Due says when an order that enters the review queue now must be decided by, in working hours of its project.
type Due func(ctx context.Context, q pg.Q, project uuid.UUID, from time.Time) (time.Time, error)

// NewOrders makes the store. due computes promised review times.
func NewOrders(ring *seal.Ring, now func() time.Time, due Due) *Orders {
	return &Orders{ring: ring, now: now, due: due}
}

// Get returns an order by number. NotFound "order_unknown" where it does not exist or lies outside the actor's scope;
// an applicant sees only their own.
func (o *Orders) Get(_ context.Context, q pg.Q, a actor.Actor, no string) (Order, error) {
	var r row
	if err := q.Gorm().Where("no = ?", no).Take(&r).Error; err != nil {
		return Order{}, unknown(err)
	}
	return r.order(), visible(a, r)
}

// ByID is Get by id.
func (o *Orders) ByID(_ context.Context, q pg.Q, a actor.Actor, id uuid.UUID) (Order, error) {
	var r row
	if err := q.Gorm().Where("id = ?", id).Take(&r).Error; err != nil {
		return Order{}, unknown(err)
	}
	return r.order(), visible(a, r)
}

// OpenOf returns the open order of a certificate pair. NotFound "order_unknown" where there is none.
func (o *Orders) OpenOf(_ context.Context, q pg.Q, pair uuid.UUID) (Order, error) {
	var r row
	err := q.Gorm().Where("old_pair_id = ? AND closed_at IS NULL AND delivery <> 'confirmed'", pair).Take(&r).Error
	if err != nil {
		return Order{}, unknown(err)
	}
	return r.order(), nil
}

// OfApplicant lists an applicant's orders, newest first, at most 100.
func (o *Orders) OfApplicant(_ context.Context, q pg.Q, applicant uuid.UUID) ([]Order, error) {
	var rows []row
	err := q.Gorm().Where("applicant_id = ?", applicant).Order("created_at DESC, id DESC").Limit(100).Find(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Order, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.order())
	}
	return out, nil
}

func visible(a actor.Actor, r row) error {
	ok := a.InScope(r.ProjectID)
	if a.Kind == actor.Applicant {
		ok = r.ApplicantID != nil && *r.ApplicantID == a.ID
	}
	if !ok {
		return fault.New(fault.NotFound, "order_unknown", nil)
	}
	return nil
}

func unknown(err error) error {
	if fault.Is(pg.Fault(err), fault.NotFound) {
		return fault.New(fault.NotFound, "order_unknown", nil)
	}
	return pg.Fault(err)
}

// NextQueued locks and returns the queued order that must be decided first and in which this member of staff has no
// other duty. Orders somebody else is locking right now are passed over, so two people get two orders. NotFound
// "queue_empty" where there is none.
func (o *Orders) NextQueued(_ context.Context, tx pg.Tx, a actor.Actor) (Order, error) {
	var r row
	find := tx.Gorm().Where("stage = ? AND review = ?", StageReview, Queued).
		Where("NOT EXISTS (SELECT 1 FROM order_duty d WHERE d.order_id = orders.id AND d.staff_id = ? AND d.duty <> ?)", a.ID, DutyReview)
	if !a.AllProjects {
		find = find.Where("project_id IN ?", a.Projects)
	}
	err := find.Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).
		Order("review_due_at, id").Take(&r).Error
	if fault.Is(pg.Fault(err), fault.NotFound) {
		return Order{}, fault.New(fault.NotFound, "queue_empty", nil)
	}
	return r.order(), pg.Fault(err)
}
