package issuance

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type delegationRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	StaffID   uuid.UUID
	SessionID uuid.UUID
	Canonical []byte
	Assertion []byte
	Signature []byte
	ExpiresAt time.Time
	CreatedAt time.Time
	EndedAt   *time.Time
	EndedWhy  string
	ToldAt    *time.Time
}

// TableName tells gorm the table.
func (delegationRow) TableName() string { return "staff_delegation" }

func (r delegationRow) shift() Shift {
	return Shift{ID: r.ID, StaffID: r.StaffID, SessionID: r.SessionID, ExpiresAt: r.ExpiresAt.UTC()}
}

func (r delegationRow) signed() (cert.SignedDelegation, error) {
	out := cert.SignedDelegation{Delegation: r.Canonical, Signature: r.Signature}
	if err := json.Unmarshal(r.Assertion, &out.WebAuthn); err != nil {
		return out, fault.Wrap("delegation_unreadable", err)
	}
	return out, nil
}

func insertDelegation(tx pg.Tx, d cert.Delegation, a actor.Actor, id uuid.UUID, now time.Time) error {
	_, expires := d.Life()
	row := delegationRow{ID: id, StaffID: a.ID, SessionID: a.SessionID, Canonical: d.Canonical(), ExpiresAt: expires, CreatedAt: now}
	return pg.Fault(tx.Gorm().Create(&row).Error)
}

// loadDelegation fails with Forbidden "delegation_forbidden".
func loadDelegation(q pg.Q, id uuid.UUID) (delegationRow, error) {
	var rows []delegationRow
	if err := q.Gorm().Where("id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return delegationRow{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return delegationRow{}, fault.New(fault.Forbidden, "delegation_forbidden", nil)
	}
	return rows[0], nil
}

// liveDelegation tells also whether there is one.
func liveDelegation(q pg.Q, staffID, session uuid.UUID, now time.Time) (delegationRow, bool, error) {
	var rows []delegationRow
	err := q.Gorm().Where("staff_id = ? AND session_id = ? AND signature IS NOT NULL AND ended_at IS NULL AND expires_at > ?", staffID, session, now).
		Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return delegationRow{}, false, pg.Fault(err)
	}
	return rows[0], true, nil
}

// signDelegation keeps a signature, once. Fails with Conflict "delegation_kept".
func signDelegation(tx pg.Tx, id uuid.UUID, w cert.Assertion, signature []byte) error {
	assertion, err := json.Marshal(w)
	if err != nil {
		return fault.Wrap("approval_unwritable", err)
	}
	res := tx.Gorm().Model(&delegationRow{}).Where("id = ? AND signature IS NULL AND ended_at IS NULL", id).
		Updates(map[string]any{"assertion": assertion, "signature": signature})
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "delegation_kept", nil)
	}
	return pg.Fault(res.Error)
}

// EndDelegations ends what a person's session delegated, signed or only offered, or what all their sessions did where
// session is zero, and returns the ids the signer must be told. Why is one of the words of Delegation…
func (s *Service) EndDelegations(_ context.Context, tx pg.Tx, staffID, session uuid.UUID, why string) ([]uuid.UUID, error) {
	where := tx.Gorm().Model(&delegationRow{}).Where("staff_id = ? AND ended_at IS NULL", staffID)
	if session != uuid.Nil {
		where = where.Where("session_id = ?", session)
	}
	if why == DelegationReplaced { // the offer that is being signed stays
		where = where.Where("signature IS NOT NULL")
	}
	var rows []delegationRow
	if err := where.Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	var told []uuid.UUID
	for _, r := range rows {
		res := tx.Gorm().Model(&delegationRow{}).Where("id = ? AND ended_at IS NULL", r.ID).Updates(map[string]any{"ended_at": s.now(), "ended_why": why})
		if res.Error != nil {
			return nil, pg.Fault(res.Error)
		}
		if r.Signature != nil && s.now().Before(r.ExpiresAt) {
			told = append(told, r.ID)
		}
	}
	return told, nil
}

// UntoldDelegations lists the oldest delegations that ended before their time and of which the signer has not answered
// yet that it knows.
func (s *Service) UntoldDelegations(_ context.Context, q pg.Q, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := q.Gorm().Model(&delegationRow{}).
		Where("signature IS NOT NULL AND ended_at IS NOT NULL AND told_at IS NULL AND ended_at < expires_at").Order("ended_at").Limit(limit).Pluck("id", &ids).Error
	return ids, pg.Fault(err)
}

// DelegationTold notes that the signer knows of an end. Again is no error.
func (s *Service) DelegationTold(_ context.Context, tx pg.Tx, id uuid.UUID) error {
	return pg.Fault(tx.Gorm().Model(&delegationRow{}).Where("id = ? AND ended_at IS NOT NULL AND told_at IS NULL", id).Update("told_at", s.now()).Error)
}

// Shifts lists delegations that nobody has ended, those that have run out among them.
func (s *Service) Shifts(_ context.Context, q pg.Q, limit int) ([]Shift, error) {
	var rows []delegationRow
	if err := q.Gorm().Where("ended_at IS NULL").Order("expires_at").Limit(limit).Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Shift, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.shift())
	}
	return out, nil
}
