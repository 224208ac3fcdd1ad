package issuance

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

func init() {
	pg.Constraint("profile_version_one_open", fault.Conflict, "profile_open")
	pg.Constraint("profile_version_one_taken", fault.Internal, "profile_forked")
}

type profileRow struct {
	Digest     []byte `gorm:"primaryKey"`
	ProfileID  string
	Revision   int
	Canonical  []byte
	Authority  []byte // whose signer took it
	State      string
	ProposedBy *uuid.UUID
	CreatedAt  time.Time
	EndedAt    *time.Time
	Refusal    string
}

// TableName tells gorm the table.
func (profileRow) TableName() string { return "profile_version" }

func (r profileRow) version(q pg.Q) (ProfileVersion, error) {
	p, err := cert.ParseProfile(r.Canonical)
	if err != nil {
		return ProfileVersion{}, err
	}
	v := ProfileVersion{Profile: p, Sum: cert.Digest(r.Digest), State: r.State, CreatedAt: r.CreatedAt.UTC(), Refusal: r.Refusal}
	if r.ProposedBy != nil {
		v.ProposedBy = *r.ProposedBy
	}
	if r.EndedAt != nil {
		v.EndedAt = r.EndedAt.UTC()
	}
	v.Approvals, err = approvals(q, "approval_object", "i.digest = ?", r.Digest)
	return v, err
}

// ProposeProfile opens the change of a profile to a new version. Fails like cert.Profile.Check, and with Conflict
// "profile_open" where another change is open, "profile_known" where the very same was proposed before.
func (s *Service) ProposeProfile(_ context.Context, tx pg.Tx, by uuid.UUID, p cert.Profile) (ProfileVersion, error) {
	if err := p.Check(); err != nil {
		return ProfileVersion{}, err
	}
	sum := p.Hash()
	row := profileRow{Digest: sum[:], ProfileID: p.ID, Revision: p.Revision, Canonical: p.Canonical(), State: ProfileOpen, ProposedBy: &by, CreatedAt: s.now()}
	res := tx.Gorm().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "digest"}}, DoNothing: true}).Create(&row)
	if res.Error != nil {
		return ProfileVersion{}, pg.Fault(res.Error)
	}
	if res.RowsAffected == 0 { // its signatures still lie there, and nobody signs twice
		return ProfileVersion{}, fault.New(fault.Conflict, "profile_known", nil)
	}
	return row.version(tx)
}

// keepProfiles stores the versions by which an authority's signer says it works. The open change is over once it is among
// them.
func (s *Service) keepProfiles(tx pg.Tx, authority []byte, all [][]byte) error {
	for _, raw := range all {
		p, err := cert.ParseProfile(raw)
		if err != nil {
			return err
		}
		sum, now := p.Hash(), s.now()
		row := profileRow{Digest: sum[:], ProfileID: p.ID, Revision: p.Revision, Canonical: raw, Authority: authority, State: ProfileTaken, CreatedAt: now, EndedAt: &now}
		err = tx.Gorm().Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "digest"}}, Where: clause.Where{Exprs: []clause.Expression{gorm.Expr("profile_version.authority IS DISTINCT FROM excluded.authority")}},
			DoUpdates: clause.Assignments(map[string]any{"authority": authority, "state": ProfileTaken, "ended_at": now, "refusal": ""}),
		}).Create(&row).Error
		if err != nil {
			return pg.Fault(err)
		}
	}
	return nil
}

// Profiles lists every version, by profile and then the newest first, at most 200.
func (s *Service) Profiles(_ context.Context, q pg.Q) ([]ProfileVersion, error) {
	var rows []profileRow
	if err := q.Gorm().Order("profile_id, revision DESC, created_at DESC").Limit(200).Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]ProfileVersion, 0, len(rows))
	for _, r := range rows {
		v, err := r.version(q)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// ProfileVersion returns a version by its digest. Fails with NotFound "profile_unknown".
func (s *Service) ProfileVersion(_ context.Context, q pg.Q, sum cert.Digest) (ProfileVersion, error) {
	return loadProfile(q, "digest = ?", sum[:])
}

// LockProfile is ProfileVersion with the row locked.
func (s *Service) LockProfile(_ context.Context, tx pg.Tx, sum cert.Digest) (ProfileVersion, error) {
	r, err := profileRowOf(lockedQ{tx}, "digest = ?", sum[:])
	if err != nil {
		return ProfileVersion{}, err
	}
	return r.version(tx) // signatures are never changed, so not locked
}

// CurrentProfile returns the version by which the signer issues. Fails with NotFound "profile_unknown".
func (s *Service) CurrentProfile(ctx context.Context, q pg.Q, id string) (ProfileVersion, error) {
	by, err := s.Authority(ctx, q)
	if err != nil {
		return ProfileVersion{}, err
	}
	return loadProfile(q, "profile_id = ? AND authority = ?", id, by.sm3)
}

// OpenProfile returns the change that is open. Fails with NotFound "profile_unknown" where there is none.
func (s *Service) OpenProfile(_ context.Context, q pg.Q) (ProfileVersion, error) {
	return loadProfile(q, "state = ?", ProfileOpen)
}

func loadProfile(q pg.Q, where string, args ...any) (ProfileVersion, error) {
	r, err := profileRowOf(q, where, args...)
	if err != nil {
		return ProfileVersion{}, err
	}
	return r.version(q)
}

func profileRowOf(q pg.Q, where string, args ...any) (profileRow, error) {
	var rows []profileRow
	if err := q.Gorm().Where(where, args...).Order("revision DESC").Limit(1).Find(&rows).Error; err != nil {
		return profileRow{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return profileRow{}, fault.New(fault.NotFound, "profile_unknown", nil)
	}
	return rows[0], nil
}

// WithdrawProfile gives the open change up. Fails with Conflict "profile_over" where it is not open any more.
func (s *Service) WithdrawProfile(_ context.Context, tx pg.Tx, sum cert.Digest) error {
	return s.moveProfile(tx, sum, map[string]any{"state": ProfileWithdrawn, "ended_at": s.now()})
}

// RefusedProfile keeps why (a fault key) the signer did not take the open change. Fails like WithdrawProfile.
func (s *Service) RefusedProfile(_ context.Context, tx pg.Tx, sum cert.Digest, why string) error {
	return s.moveProfile(tx, sum, map[string]any{"refusal": why})
}

func (s *Service) moveProfile(tx pg.Tx, sum cert.Digest, to map[string]any) error {
	res := tx.Gorm().Model(&profileRow{}).Where("digest = ? AND state = ?", sum[:], ProfileOpen).Updates(to)
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "profile_over", nil)
	}
	return pg.Fault(res.Error)
}

// Outdated names orders whose authorisation is for a version of the profile by which the signer issues no more: nobody
// can sign by it.
func (s *Service) Outdated(ctx context.Context, q pg.Q, limit int) ([]uuid.UUID, error) {
	by, err := s.Authority(ctx, q)
	if err != nil {
		return nil, err
	}
	ref := by.Profile.Ref()
	var orders []uuid.UUID
	err = q.Gorm().Model(&authorisationRow{}).Where("state = ?", AuthorisationOpen).
		Where("convert_from(canonical, 'UTF8')::jsonb #>> '{profile,id}' = ? AND convert_from(canonical, 'UTF8')::jsonb #>> '{profile,hash}' <> ?", ref.ID, ref.Hash).
		Order("created_at").Limit(limit).Pluck("order_id", &orders).Error
	return orders, pg.Fault(err)
}
