package issuance

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type collectProofRow struct {
	UpdateID  uuid.UUID `gorm:"primaryKey"`
	Signature []byte
	At        time.Time
}

// TableName tells gorm the table.
func (collectProofRow) TableName() string { return "collect_proof" }

// brought is what a request's keys come from besides the old pair.
type brought struct {
	csr     []byte
	proof   []byte        // the old Ukey's signature; nil where there is none to ask for
	collect *cert.Collect // of a driver that collects with a CSR: what its signature names
}

// brought gathers what came with an authorisation: a CSR that staff have seen, or the one of a driver's session.
func (s *Service) brought(q pg.Q, a Authorisation, update *uuid.UUID) (brought, error) {
	if update == nil {
		csr, err := csrOf(q, a.ID)
		return brought{csr: csr, proof: a.Holder}, err
	}
	row, err := loadUpdate(q, *update)
	if err != nil {
		return brought{}, err
	}
	if row.Kind == KindRenew {
		return brought{csr: row.CSR, proof: a.Holder}, nil
	}
	var proofs []collectProofRow
	if err := q.Gorm().Where("update_id = ?", row.ID).Limit(1).Find(&proofs).Error; err != nil {
		return brought{}, pg.Fault(err)
	}
	if len(proofs) == 0 {
		return brought{}, fault.New(fault.Forbidden, "holder_proof_missing", nil)
	}
	return brought{csr: row.CSR, proof: proofs[0].Signature, collect: &cert.Collect{ID: row.ID.String(), Nonce: row.Nonce}}, nil
}

// needsKey reports whether a request waits for the key centre: a CSR for a pair whose encryption key is not kept.
func (s *Service) needsKey(a Authorisation, p cert.Profile) bool {
	return a.Object.Keys == cert.CSRKeys && p.EncKey == cert.EncKeyKMC
}

// applyForKey commits to asking the key centre for what a request is to certify, under the id that request will have.
func (s *Service) applyForKey(ctx context.Context, tx pg.Tx, a Authorisation, update *uuid.UUID, with brought) (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return id, fault.Wrap("random_unavailable", err)
	}
	csr, err := cert.ParseCSR(with.csr)
	if err != nil {
		return id, err
	}
	old, err := load(tx, a.OldPair)
	if err != nil {
		return id, err
	}
	until, err := s.ValidUntil(ctx, tx, old, a.Object.Term.Years)
	if err != nil {
		return id, err
	}
	return id, s.ApplyForKey(ctx, tx, KeyApplication{
		RequestID: id, OrderID: a.OrderID, AuthorisationID: a.ID, UpdateID: update, SignKey: csr.SPKI, UserID: old.OrgIDNumber,
		NotBefore: s.now(), NotAfter: until,
	})
}

// ReserveWithKey makes the request that an application for a key was for, once the centre has answered; done before, it
// changes nothing. Fails with NotFound "kmc_key_unknown", and like Reserve.
func (s *Service) ReserveWithKey(ctx context.Context, tx pg.Tx, id uuid.UUID) error {
	if _, _, err := loadRequest(tx, id); !fault.HasKey(err, "request_unknown") {
		return err
	}
	k, err := loadKeyApplication(tx, id)
	if err != nil {
		return err
	}
	answer, err := s.KeyAnswer(ctx, tx, id)
	if err != nil {
		return err
	}
	a, err := loadAuthorisation(tx, "id = ?", k.AuthorisationID)
	if err != nil {
		return err
	}
	if err := s.ready(a); err != nil {
		return err
	}
	with, err := s.brought(tx, a, k.UpdateID)
	if err != nil {
		return err
	}
	return s.reserve(ctx, tx, a, id, k.UpdateID, with, &answer.Evidence)
}

// Applied names the order of a key that was asked for. Fails with NotFound "kmc_key_unknown", Conflict "request_closed"
// where the centre refused it.
func (s *Service) Applied(_ context.Context, q pg.Q, id uuid.UUID) (Hanging, error) {
	var rows []keyApplicationRow
	if err := q.Gorm().Where("request_id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return Hanging{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Hanging{}, fault.New(fault.NotFound, "kmc_key_unknown", nil)
	}
	if rows[0].Reason != "" {
		return Hanging{}, fault.New(fault.Conflict, "request_closed", nil)
	}
	return appliedFor(q, rows[0])
}

func appliedFor(q pg.Q, r keyApplicationRow) (Hanging, error) {
	a, err := loadAuthorisation(q, "id = ?", r.AuthorisationID)
	return Hanging{RequestID: r.RequestID, OrderID: r.OrderID, OrderNo: a.Object.Order, CreatedAt: r.CreatedAt.UTC()}, err
}

// HangingKeys lists keys that were asked for before a moment and neither led to a request nor were refused, oldest first.
func (s *Service) HangingKeys(_ context.Context, q pg.Q, before time.Time, limit int) ([]Hanging, error) {
	var rows []keyApplicationRow
	err := q.Gorm().Where("reason = '' AND created_at < ? AND NOT EXISTS (SELECT FROM issuance_request r WHERE r.id = key_application.request_id)", before).
		Order("created_at, request_id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Hanging, 0, len(rows))
	for _, r := range rows {
		h, err := appliedFor(q, r)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// KeyRefused notes why (a fault key) nothing comes of a key that was asked for. Fails with Conflict "request_closed" where
// that is known already.
func (s *Service) KeyRefused(_ context.Context, tx pg.Tx, id uuid.UUID, reason string) error {
	res := tx.Gorm().Model(&keyApplicationRow{}).Where("request_id = ? AND reason = ''", id).Update("reason", reason)
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "request_closed", nil)
	}
	return pg.Fault(res.Error)
}

// Collectable reports whether a new pair lies ready for the Ukey that holds a pair, which may be the new one already.
func (s *Service) Collectable(_ context.Context, q pg.Q, pair uuid.UUID) (bool, error) {
	var made []uuid.UUID
	err := q.Gorm().Model(&requestRow{}).Where("state = ? AND (new_pair_id = ? OR authorisation_id IN (SELECT id FROM authorisation WHERE old_pair_id = ?))", RequestRecorded, pair, pair).
		Limit(1).Pluck("id", &made).Error
	return len(made) > 0, pg.Fault(err)
}
