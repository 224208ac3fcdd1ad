package issuance

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type revocationRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	ProjectID uuid.UUID
	PairID    uuid.UUID
	Canonical []byte
	Digest    []byte
	Reason    int
	AskedBy   string
	Grounds   string
	ExpiresAt time.Time
	CreatedBy uuid.UUID
	CreatedAt time.Time
}

// TableName tells gorm the table.
func (revocationRow) TableName() string { return "revocation" }

type revocationStateRow struct {
	RevocationID uuid.UUID `gorm:"primaryKey"`
	ProjectID    uuid.UUID
	PairID       uuid.UUID
	State        RevocationState
	Note         string
	RevokedAt    *time.Time
	SignerSeq    *uint64
	SignerHead   []byte
	Listed       *uint64
	OrdersEnded  bool
	CreatedAt    time.Time
	ChangedAt    time.Time
}

// TableName tells gorm the table.
func (revocationStateRow) TableName() string { return "revocation_state" }

// Revocable says whether this signer can revoke a pair now. Fails with Conflict "already_revoked", "revocation_foreign"
// (another CA issued it), Unavailable "signer_unknown".
func (s *Service) Revocable(ctx context.Context, q pg.Q, p Pair) error {
	if p.State == Revoked {
		return fault.New(fault.Conflict, "already_revoked", fault.Args{"serial": string(p.Sign.Serial)})
	}
	by, err := s.Authority(ctx, q)
	if err != nil {
		return err
	}
	if p.Algorithm != SM2 || len(p.Enc.DER) == 0 || !issuedBy(p.Sign.DER, by.CA) || !issuedBy(p.Enc.DER, by.CA) {
		return fault.New(fault.Conflict, "revocation_foreign", nil)
	}
	return nil
}

// Draft makes the revocation of both certificates of a pair that somebody is to sign first, or returns the one they were
// shown before where it says the same. Fails with Invalid on "reason", "asked_by", "grounds", like Get and Revocable, and
// with Conflict "revocation_open" where another one is under way.
func (s *Service) Draft(ctx context.Context, tx pg.Tx, a actor.Actor, in Proposal) (Revocation, error) {
	if err := in.check(); err != nil {
		return Revocation{}, err
	}
	p, err := s.Get(ctx, tx, a, in.Pair)
	if err != nil {
		return Revocation{}, err
	}
	if err := s.Revocable(ctx, tx, p); err != nil {
		return Revocation{}, err
	}
	var open int64
	err = tx.Gorm().Model(&revocationStateRow{}).Where("pair_id = ? AND state IN ?", p.ID, []RevocationState{RevocationProposed, RevocationApproved, RevocationRevoked}).Count(&open).Error
	if err != nil {
		return Revocation{}, pg.Fault(err)
	}
	if open > 0 {
		return Revocation{}, fault.New(fault.Conflict, "revocation_open", nil)
	}
	var rows []revocationRow
	err = tx.Gorm().Joins("JOIN revocation_state s ON s.revocation_id = revocation.id").
		Where("s.state = ? AND revocation.pair_id = ? AND created_by = ? AND reason = ? AND asked_by = ? AND grounds = ? AND revocation.created_at > ?",
			RevocationDraft, p.ID, a.ID, in.Reason, in.AskedBy, in.Grounds, s.now().Add(-time.Hour)).
		Order("revocation.created_at DESC").Limit(1).Find(&rows).Error
	if err != nil {
		return Revocation{}, pg.Fault(err)
	}
	if len(rows) > 0 {
		return s.Revocation(ctx, tx, a, rows[0].ID)
	}
	return s.insertDraft(ctx, tx, a, p, in)
}

func (s *Service) insertDraft(ctx context.Context, tx pg.Tx, a actor.Actor, p Pair, in Proposal) (Revocation, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Revocation{}, fault.Wrap("random_unavailable", err)
	}
	now := s.now()
	r, err := cert.NewRevocation(id.String(), []cert.Serial{p.Sign.Serial, p.Enc.Serial}, in.Reason, in.groundsDigest(), now.Add(RevocationLife))
	if err != nil {
		return Revocation{}, err
	}
	digest := r.Digest()
	err = tx.Gorm().Create(&revocationRow{
		ID: id, ProjectID: p.ProjectID, PairID: p.ID, Canonical: r.Canonical(), Digest: digest[:], Reason: in.Reason, AskedBy: in.AskedBy,
		Grounds: in.Grounds, ExpiresAt: r.ExpiresAt(), CreatedBy: a.ID, CreatedAt: now,
	}).Error
	if err != nil {
		return Revocation{}, pg.Fault(err)
	}
	err = tx.Gorm().Create(&revocationStateRow{
		RevocationID: id, ProjectID: p.ProjectID, PairID: p.ID, State: RevocationDraft, CreatedAt: now, ChangedAt: now,
	}).Error
	if err != nil {
		return Revocation{}, pg.Fault(err)
	}
	return s.Revocation(ctx, tx, a, id)
}

// Revocation returns a revocation with its signatures. Fails with NotFound "revocation_unknown", also outside the
// actor's projects.
func (s *Service) Revocation(ctx context.Context, q pg.Q, a actor.Actor, id uuid.UUID) (Revocation, error) {
	var rows []revocationRow
	var states []revocationStateRow
	if err := q.Gorm().Where("revocation_id = ?", id).Limit(1).Find(&states).Error; err != nil { // the row that is locked
		return Revocation{}, pg.Fault(err)
	}
	if len(states) == 0 || !a.InScope(states[0].ProjectID) {
		return Revocation{}, fault.New(fault.NotFound, "revocation_unknown", nil)
	}
	if err := q.Gorm().Where("id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return Revocation{}, pg.Fault(err)
	}
	r, st := rows[0], states[0]
	object, err := cert.ParseRevocation(r.Canonical)
	if err != nil {
		return Revocation{}, err
	}
	out := Revocation{
		ID: id, Project: r.ProjectID, Proposal: Proposal{Pair: r.PairID, Reason: r.Reason, AskedBy: r.AskedBy, Grounds: r.Grounds},
		Canonical: r.Canonical, Digest: cert.Digest(r.Digest), State: st.State, Note: st.Note, CreatedBy: r.CreatedBy,
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), ChangedAt: st.ChangedAt.UTC(),
	}
	for _, serial := range object.Serials {
		out.Serials = append(out.Serials, cert.Serial(serial))
	}
	if st.State == RevocationRevoked {
		out.RevokedAt, out.Head = st.RevokedAt.UTC(), cert.JournalHead{Seq: *st.SignerSeq, Head: cert.Digest(st.SignerHead).Hex()}
	}
	if st.Listed != nil {
		out.Listed = *st.Listed
	}
	out.OrdersEnded = st.OrdersEnded
	out.Approvals, err = s.ApprovalsOf(ctx, q, out.Digest)
	return out, err
}

// LockRevocation returns a revocation whose state nobody else changes before the transaction ends. Fails like
// Revocation.
func (s *Service) LockRevocation(ctx context.Context, tx pg.Tx, a actor.Actor, id uuid.UUID) (Revocation, error) {
	var locked []uuid.UUID
	err := lockedQ{tx}.Gorm().Model(&revocationStateRow{}).Where("revocation_id = ?", id).Pluck("revocation_id", &locked).Error
	if err != nil {
		return Revocation{}, pg.Fault(err)
	}
	return s.Revocation(ctx, tx, a, id)
}

// MoveRevocation takes a revocation to its next state; note says why where it goes no further. Fails with Conflict
// "revocation_moved" where it is not in the state it should come from, "revocation_open".
func (s *Service) MoveRevocation(_ context.Context, tx pg.Tx, id uuid.UUID, from, to RevocationState, note string) error {
	return s.moveRevocation(tx, id, from, map[string]any{"state": to, "note": note})
}

func (s *Service) moveRevocation(tx pg.Tx, id uuid.UUID, from RevocationState, to map[string]any) error {
	to["changed_at"] = s.now()
	res := tx.Gorm().Model(&revocationStateRow{}).Where("revocation_id = ? AND state = ?", id, from).Updates(to)
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "revocation_moved", nil)
	}
	return pg.Fault(res.Error)
}

// ExecuteRevocation has the signer revoke and returns its answer for RecordRevocation. It may be repeated: the answer
// stays the same. Not to be called inside a transaction. Fails with the signer's refusal, Unavailable where it does not
// answer, Internal "signer_answer_wrong".
func (s *Service) ExecuteRevocation(ctx context.Context, r Revocation) (cert.Revoked, error) {
	done, err := s.revoker.Revoke(ctx, cert.RevocationOrder{Revocation: r.Canonical, Approvals: r.Approvals})
	if err != nil {
		return cert.Revoked{}, err
	}
	_, badTime := time.Parse(time.RFC3339, done.At)
	_, badHead := cert.ParseDigest(done.Head)
	if done.ID != r.ID.String() || badTime != nil || badHead != nil {
		return cert.Revoked{}, fault.New(fault.Internal, "signer_answer_wrong", nil)
	}
	return done, nil
}

// RecordRevocation stores the signer's answer and marks the pair. The caller has locked the revocation in
// RevocationApproved.
func (s *Service) RecordRevocation(_ context.Context, tx pg.Tx, r Revocation, done cert.Revoked) error {
	at, err := time.Parse(time.RFC3339, done.At)
	if err != nil {
		return fault.Wrap("signer_answer_wrong", err)
	}
	head, err := cert.ParseDigest(done.Head)
	if err != nil {
		return fault.Wrap("signer_answer_wrong", err)
	}
	err = s.moveRevocation(tx, r.ID, RevocationApproved, map[string]any{
		"state": RevocationRevoked, "note": "", "revoked_at": at, "signer_seq": done.Seq, "signer_head": head[:],
	})
	if err != nil {
		return err
	}
	return pg.Fault(tx.Gorm().Model(&stateRow{}).Where("pair_id = ?", r.Pair).Updates(map[string]any{"state": Revoked, "changed_at": s.now()}).Error)
}

// HangingRevocations names those both persons signed before a moment and the signer has not answered, the longest first.
func (s *Service) HangingRevocations(_ context.Context, q pg.Q, before time.Time, limit int) ([]uuid.UUID, error) {
	return revocationIDs(q, limit, "state = ? AND changed_at < ?", RevocationApproved, before)
}

// LapsedRevocations names those that waited for a second person until they expired.
func (s *Service) LapsedRevocations(_ context.Context, q pg.Q, limit int) ([]uuid.UUID, error) {
	expired := q.Gorm().Model(&revocationRow{}).Select("id").Where("expires_at < ?", s.now())
	return revocationIDs(q, limit, "state = ? AND revocation_id IN (?)", RevocationProposed, expired)
}

// UnendedRevocations names those done whose orders are not closed yet.
func (s *Service) UnendedRevocations(_ context.Context, q pg.Q, limit int) ([]uuid.UUID, error) {
	return revocationIDs(q, limit, "state = ? AND NOT orders_ended", RevocationRevoked)
}

func revocationIDs(q pg.Q, limit int, where string, args ...any) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := q.Gorm().Model(&revocationStateRow{}).Where(where, args...).Order("changed_at").Limit(limit).Pluck("revocation_id", &ids).Error
	return ids, pg.Fault(err)
}

// OrdersEnded notes that what stood on a revoked pair is closed.
func (s *Service) OrdersEnded(_ context.Context, tx pg.Tx, id uuid.UUID) error {
	return pg.Fault(tx.Gorm().Model(&revocationStateRow{}).Where("revocation_id = ?", id).Update("orders_ended", true).Error)
}

// MadeBy names the order that led to a pair; the zero id where an earlier system made it.
func (s *Service) MadeBy(_ context.Context, q pg.Q, pair uuid.UUID) (uuid.UUID, error) {
	var orders []uuid.UUID
	err := q.Gorm().Model(&requestRow{}).Where("new_pair_id = ?", pair).Limit(1).Pluck("order_id", &orders).Error
	if err != nil || len(orders) == 0 {
		return uuid.Nil, pg.Fault(err)
	}
	return orders[0], nil
}

// Made returns the pair an order led to. NotFound "request_unknown" before it was recorded.
func (s *Service) Made(_ context.Context, q pg.Q, order uuid.UUID) (Pair, error) {
	var pairs []uuid.UUID
	err := q.Gorm().Model(&requestRow{}).Where("order_id = ? AND state = ?", order, RequestRecorded).Limit(1).Pluck("new_pair_id", &pairs).Error
	if err != nil {
		return Pair{}, pg.Fault(err)
	}
	if len(pairs) == 0 {
		return Pair{}, fault.New(fault.NotFound, "request_unknown", nil)
	}
	return load(q, pairs[0])
}

// OpenRevocation returns the revocation of a pair that is under way, done or failed, newest first. NotFound
// "revocation_unknown" where there is none.
func (s *Service) OpenRevocation(ctx context.Context, q pg.Q, a actor.Actor, pair uuid.UUID) (Revocation, error) {
	var ids []uuid.UUID
	err := q.Gorm().Model(&revocationStateRow{}).Where("pair_id = ? AND state IN ?", pair,
		[]RevocationState{RevocationProposed, RevocationApproved, RevocationRevoked, RevocationFailed}).
		Order("created_at DESC").Limit(1).Pluck("revocation_id", &ids).Error
	if err != nil {
		return Revocation{}, pg.Fault(err)
	}
	if len(ids) == 0 {
		return Revocation{}, fault.New(fault.NotFound, "revocation_unknown", nil)
	}
	return s.Revocation(ctx, q, a, ids[0])
}
