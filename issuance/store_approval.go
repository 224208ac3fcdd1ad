package issuance

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type approvalRow struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	Duty       string
	StaffID    uuid.UUID
	At         time.Time
	Digests    string // one a line
	Kind       string
	Signature  []byte
	Assertion  []byte
	Delegation []byte
	CreatedAt  time.Time
}

// TableName tells gorm the table.
func (approvalRow) TableName() string { return "approval" }

type approvalItemRow struct {
	AuthorisationID uuid.UUID `gorm:"primaryKey"`
	ApprovalID      uuid.UUID
	Duty            string `gorm:"primaryKey"`
	StaffID         uuid.UUID
}

// TableName tells gorm the table.
func (approvalItemRow) TableName() string { return "approval_item" }

type approvalObjectRow struct {
	Digest     []byte `gorm:"primaryKey"`
	ApprovalID uuid.UUID
	Duty       string
	StaffID    uuid.UUID `gorm:"primaryKey"`
}

// TableName tells gorm the table.
func (approvalObjectRow) TableName() string { return "approval_object" }

// AddApproval stores a signature for one of the authorisations it covers. Fails with Forbidden "signature_wrong" where
// the authorisation is not in the signed list, Conflict "authorisation_in_use", "authorisation_expired",
// "approval_given" (this duty has its approval) or "four_eyes" (this person has approved it in the other duty).
func (s *Service) AddApproval(_ context.Context, tx pg.Tx, authorisation uuid.UUID, in Approval) error {
	a, err := loadAuthorisation(tx, "id = ?", authorisation)
	if err != nil {
		return err
	}
	if a.State != AuthorisationOpen {
		return fault.New(fault.Conflict, "authorisation_in_use", nil)
	}
	if in.At.After(a.ExpiresAt) {
		return fault.New(fault.Conflict, "authorisation_expired", nil)
	}
	if !in.Names(a.Digest) {
		return fault.New(fault.Forbidden, "signature_wrong", nil)
	}
	who, err := s.insertApproval(tx, in)
	if err != nil {
		return err
	}
	return pg.Fault(tx.Gorm().Create(&approvalItemRow{AuthorisationID: a.ID, ApprovalID: in.ID, Duty: in.Duty, StaffID: who}).Error)
}

// KeepApproval stores a signature for another object it covers: a revocation, a profile, a change of the staff keys.
// Fails like AddApproval, but knows no end.
func (s *Service) KeepApproval(_ context.Context, tx pg.Tx, object cert.Digest, in Approval) error {
	if !in.Names(object) {
		return fault.New(fault.Forbidden, "signature_wrong", nil)
	}
	who, err := s.insertApproval(tx, in)
	if err != nil {
		return err
	}
	return pg.Fault(tx.Gorm().Create(&approvalObjectRow{Digest: object[:], ApprovalID: in.ID, Duty: in.Duty, StaffID: who}).Error)
}

// insertApproval stores a signature once, however many objects it is for.
func (s *Service) insertApproval(tx pg.Tx, in Approval) (uuid.UUID, error) {
	who, err := uuid.Parse(in.StaffID)
	if err != nil {
		return who, fault.Wrap("approver_unknown", err)
	}
	row := approvalRow{
		ID: in.ID, Duty: in.Duty, StaffID: who, At: in.At, Digests: strings.Join(in.Digests, "\n"), Kind: in.Kind, Signature: in.Signature, CreatedAt: s.now(),
	}
	if in.WebAuthn != nil {
		if row.Assertion, err = json.Marshal(in.WebAuthn); err != nil {
			return who, fault.Wrap("approval_unwritable", err)
		}
	}
	if in.Delegation != nil {
		if row.Delegation, err = json.Marshal(in.Delegation); err != nil {
			return who, fault.Wrap("approval_unwritable", err)
		}
	}
	once := clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoNothing: true}
	return who, pg.Fault(tx.Gorm().Clauses(once).Create(&row).Error)
}

// ApprovalsOf returns the signatures kept for an object, the first given first.
func (s *Service) ApprovalsOf(_ context.Context, q pg.Q, object cert.Digest) ([]cert.Approval, error) {
	return approvals(q, "approval_object", "i.digest = ?", object[:])
}

// approvals reads the signatures that one of the two tables names.
func approvals(q pg.Q, items, where string, args ...any) ([]cert.Approval, error) {
	var rows []approvalRow
	err := q.Gorm().Joins("JOIN "+items+" i ON i.approval_id = approval.id").Where(where, args...).Order("approval.at, approval.id").Find(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]cert.Approval, 0, len(rows))
	for _, r := range rows {
		a, err := r.approval()
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

func (r approvalRow) approval() (cert.Approval, error) {
	a := cert.Approval{
		Kind: r.Kind, Duty: r.Duty, StaffID: r.StaffID.String(), At: r.At.UTC(), Digests: strings.Split(r.Digests, "\n"), Signature: r.Signature,
	}
	if r.Assertion != nil {
		a.WebAuthn = &cert.Assertion{}
		if err := json.Unmarshal(r.Assertion, a.WebAuthn); err != nil {
			return a, fault.Wrap("approval_unreadable", err)
		}
	}
	if r.Delegation != nil {
		a.Delegation = &cert.SignedDelegation{}
		if err := json.Unmarshal(r.Delegation, a.Delegation); err != nil {
			return a, fault.Wrap("approval_unreadable", err)
		}
	}
	return a, nil
}
