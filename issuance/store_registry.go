package issuance

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type registryRow struct {
	Digest    []byte `gorm:"primaryKey"`
	Authority []byte
	Seq       uint64
	Canonical []byte
	CreatedAt time.Time
}

// TableName tells gorm the table.
func (registryRow) TableName() string { return "signer_registry" }

// KeepRegistry stores whose keys the current authority's signer says count, if that is new. Fails with Invalid
// "registry_malformed", Conflict "registry_forked" where the signer knew another registry of this number before,
// Unavailable "signer_unknown".
func (s *Service) KeepRegistry(ctx context.Context, tx pg.Tx, state cert.RegistryState) error {
	auth, err := s.Authority(ctx, tx)
	if err != nil {
		return err
	}
	r, err := cert.ParseRegistry(state.Registry)
	if err != nil {
		return err
	}
	sum := r.Digest()
	row := registryRow{Digest: sum[:], Authority: auth.sm3, Seq: r.Seq, Canonical: state.Registry, CreatedAt: s.now()}
	once := clause.OnConflict{Columns: []clause.Column{{Name: "digest"}}, DoNothing: true}
	return pg.Fault(tx.Gorm().Clauses(once).Create(&row).Error)
}

// Registry returns whose keys count, as the console last heard of the current authority's signer. Fails with
// Unavailable "signer_unknown".
func (s *Service) Registry(ctx context.Context, q pg.Q) (cert.Registry, error) {
	auth, err := s.Authority(ctx, q)
	if err != nil {
		return cert.Registry{}, err
	}
	return registryOf(q, auth)
}

func registryOf(q pg.Q, auth Authority) (cert.Registry, error) {
	var rows []registryRow
	if err := q.Gorm().Where("authority = ?", auth.sm3).Order("seq DESC").Limit(1).Find(&rows).Error; err != nil {
		return cert.Registry{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return cert.Registry{}, fault.Down("signer_unknown", time.Minute, nil)
	}
	return cert.ParseRegistry(rows[0].Canonical)
}

// Trust is whom the signer believes, as the console last heard. Fails like Registry.
func (s *Service) Trust(ctx context.Context, q pg.Q) (*cert.Trust, error) {
	auth, err := s.Authority(ctx, q)
	if err != nil {
		return nil, err
	}
	r, err := registryOf(q, auth)
	if err != nil {
		return nil, err
	}
	return cert.NewTrust(auth.Rules, r)
}

// SigningKeys are the keys a person can sign with now.
type SigningKeys struct {
	Ukey       bool
	Passkeys   [][]byte // credential ids
	RPID       string   // host for which passkeys sign
	Delegation string   // id of a delegation of this session, "" without one
	// PasskeysAllowed is false where the signer counts Ukeys only.
	PasskeysAllowed bool
}

// SigningKeys tells by which keys a person can sign for a duty. Fails like Registry.
func (s *Service) SigningKeys(ctx context.Context, q pg.Q, a actor.Actor, duty string) (SigningKeys, error) {
	trust, err := s.Trust(ctx, q)
	if err != nil {
		return SigningKeys{}, err
	}
	rules := trust.Rules()
	out := SigningKeys{RPID: rules.Party.ID, PasskeysAllowed: !rules.SM2Only && rules.Party.ID != ""}
	for _, k := range trust.Registry().Keys {
		switch {
		case k.StaffID != a.ID.String() || !k.Holds(s.now()):
		case k.Kind == cert.KindSM2:
			out.Ukey = true
		case k.Kind == cert.KindWebAuthn && out.PasskeysAllowed:
			out.Passkeys = append(out.Passkeys, k.Credential())
		}
	}
	if duty == cert.DutyReview && len(out.Passkeys) > 0 {
		switch d, err := s.LiveDelegation(ctx, q, a.ID, a.SessionID); {
		case err == nil:
			out.Delegation = d.ID.String()
		case !fault.Is(err, fault.NotFound):
			return out, err
		}
	}
	return out, nil
}
