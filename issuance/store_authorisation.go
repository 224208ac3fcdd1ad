package issuance

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type authorisationRow struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	OrderID       uuid.UUID
	OldPairID     uuid.UUID
	Canonical     []byte
	Digest        []byte
	ContentDigest []byte
	ExpiresAt     time.Time
	State         string
	CreatedAt     time.Time
	ChangedAt     time.Time
}

// TableName tells gorm the table.
func (authorisationRow) TableName() string { return "authorisation" }

// lockedQ reads rows with FOR UPDATE.
type lockedQ struct{ tx pg.Tx }

// Gorm makes lockedQ a pg.Q.
func (l lockedQ) Gorm() *gorm.DB { return l.tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}) }

// Authorise makes the authorisation of an order, or returns the one there is if it says the same and still lives; one
// that says something else is voided. Fails with Conflict "authorisation_in_use" once it is being executed, Invalid
// "old_pair_unusable", Conflict "validity_beyond_ca", Unavailable "signer_unknown".
func (s *Service) Authorise(ctx context.Context, tx pg.Tx, g Grant) (Authorisation, error) {
	id, object, err := s.object(ctx, tx, g)
	if err != nil {
		return Authorisation{}, err
	}
	if same, err := s.live(ctx, tx, g.OrderID, object); err != nil || same.ID != uuid.Nil {
		return same, err
	}
	return s.insertAuthorisation(tx, g, id, object)
}

// object makes what is signed for a grant, under an id of its own.
func (s *Service) object(ctx context.Context, q pg.Q, g Grant) (uuid.UUID, cert.Authorisation, error) {
	p, err := load(q, g.OldPair)
	if err != nil {
		return uuid.Nil, cert.Authorisation{}, err
	}
	old, err := cert.ParseOld(p.DER())
	if err != nil {
		return uuid.Nil, cert.Authorisation{}, err
	}
	if _, err := s.ValidUntil(ctx, q, p, g.Years); err != nil {
		return uuid.Nil, cert.Authorisation{}, err
	}
	auth, err := s.Authority(ctx, q)
	if err != nil {
		return uuid.Nil, cert.Authorisation{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, cert.Authorisation{}, fault.Wrap("random_unavailable", err)
	}
	object, err := cert.NewAuthorisation(old, cert.Grant{
		ID: id.String(), Order: g.OrderNo, Origin: g.Origin, Content: g.Content, Profile: auth.Profile.Ref(), Years: g.Years,
		Keys: cmp.Or(g.Keys, cert.KeepKeys), Now: s.now(), Expires: g.Expires,
	})
	return id, object, err
}

// live returns the order's authorisation if it says what object says, and voids it otherwise.
func (s *Service) live(ctx context.Context, tx pg.Tx, order uuid.UUID, object cert.Authorisation) (Authorisation, error) {
	have, err := s.ForOrder(ctx, tx, order)
	if fault.HasKey(err, "authorisation_missing") {
		return Authorisation{}, nil
	}
	if err != nil {
		return Authorisation{}, err
	}
	if have.State == AuthorisationUsed {
		return Authorisation{}, fault.New(fault.Conflict, "authorisation_in_use", nil)
	}
	object.ID, object.Expires = have.Object.ID, have.Object.Expires
	if object == have.Object && s.now().Before(have.ExpiresAt) {
		return have, nil
	}
	return Authorisation{}, s.Void(ctx, tx, order)
}

func (s *Service) insertAuthorisation(tx pg.Tx, g Grant, id uuid.UUID, object cert.Authorisation) (Authorisation, error) {
	a := Authorisation{
		ID: id, OrderID: g.OrderID, OldPair: g.OldPair, Object: object, Canonical: object.Canonical(), Digest: object.Digest(),
		ExpiresAt: object.ExpiresAt(), State: AuthorisationOpen,
	}
	now := s.now()
	err := tx.Gorm().Create(&authorisationRow{
		ID: id, OrderID: g.OrderID, OldPairID: g.OldPair, Canonical: a.Canonical, Digest: a.Digest[:], ContentDigest: g.Content[:],
		ExpiresAt: a.ExpiresAt, State: a.State, CreatedAt: now, ChangedAt: now,
	}).Error
	if err != nil {
		return a, pg.Fault(err)
	}
	return a, keepCSR(tx, id, g.CSR)
}

// ForOrder returns an order's authorisation that is not void, with its approvals. Fails with NotFound
// "authorisation_missing".
func (s *Service) ForOrder(_ context.Context, q pg.Q, order uuid.UUID) (Authorisation, error) {
	return loadAuthorisation(q, "order_id = ? AND state <> ?", order, AuthorisationVoid)
}

func loadAuthorisation(q pg.Q, where string, args ...any) (Authorisation, error) {
	var rows []authorisationRow
	if err := q.Gorm().Where(where, args...).Order("created_at DESC").Limit(1).Find(&rows).Error; err != nil {
		return Authorisation{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Authorisation{}, fault.New(fault.NotFound, "authorisation_missing", nil)
	}
	r := rows[0]
	object, err := cert.ParseAuthorisation(r.Canonical)
	if err != nil {
		return Authorisation{}, err
	}
	a := Authorisation{
		ID: r.ID, OrderID: r.OrderID, OldPair: r.OldPairID, Object: object, Canonical: r.Canonical,
		Digest: cert.Digest(r.Digest), ExpiresAt: r.ExpiresAt.UTC(), State: r.State,
	}
	if a.Approvals, err = approvals(q, "approval_item", "i.authorisation_id = ?", r.ID); err != nil {
		return Authorisation{}, err
	}
	a.Holder, a.holderUpdate, err = holderProof(q, r.ID)
	return a, err
}

// Void ends an order's open authorisation, after a change of what it approved; without one it does nothing. Fails
// with Conflict "authorisation_in_use" once it is being executed.
func (s *Service) Void(ctx context.Context, tx pg.Tx, order uuid.UUID) error {
	a, err := s.ForOrder(ctx, tx, order)
	if fault.HasKey(err, "authorisation_missing") {
		return nil
	}
	if err != nil {
		return err
	}
	return s.moveAuthorisation(tx, a.ID, AuthorisationOpen, AuthorisationVoid)
}

// Lapsed names the orders whose authorisation ran out before a request used it, the longest first.
func (s *Service) Lapsed(_ context.Context, q pg.Q, limit int) ([]uuid.UUID, error) {
	var orders []uuid.UUID
	err := q.Gorm().Model(&authorisationRow{}).Where("state = ? AND expires_at < ?", AuthorisationOpen, s.now()).
		Order("expires_at").Limit(limit).Pluck("order_id", &orders).Error
	return orders, pg.Fault(err)
}

func (s *Service) moveAuthorisation(tx pg.Tx, id uuid.UUID, from, to string) error {
	res := tx.Gorm().Model(&authorisationRow{}).Where("id = ? AND state = ?", id, from).
		Updates(map[string]any{"state": to, "changed_at": s.now()})
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "authorisation_in_use", nil)
	}
	return pg.Fault(res.Error)
}
