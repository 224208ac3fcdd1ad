package issuance

import (
	"context"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type authorityRow struct {
	SM3          []byte `gorm:"column:sm3;primaryKey"`
	CADER        []byte `gorm:"column:ca_der"`
	RootDER      []byte `gorm:"column:root_der"`
	Profile      []byte
	SoftwareKeys bool
	SM2Only      bool   `gorm:"column:sm2_only"`
	RPID         string `gorm:"column:rp_id"`
	RPOrigins    string `gorm:"column:rp_origins"`
	NotAfter     time.Time
	Current      bool
	CreatedAt    time.Time
}

// TableName tells gorm the table.
func (authorityRow) TableName() string { return "issuing_authority" }

// Authority is what new pairs come from.
type Authority struct {
	CA       []byte // issuing certificate, DER
	Root     []byte // its issuer, DER
	Profile  cert.Profile
	Rules    cert.TrustRules // which keys of staff count at all
	NotAfter time.Time       // end of the issuing certificate
	sm3      []byte          // of CA
}

// KeepAuthority stores what the signer said it works by, with its profiles, where that is new. A signer with another CA
// becomes the current one. Fails with Invalid "certificate_unreadable" or "profile_malformed".
func (s *Service) KeepAuthority(_ context.Context, tx pg.Tx, c cert.Chain) error {
	ca, err := smx509.ParseCertificate(c.CA)
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Key: "certificate_unreadable", Cause: err}
	}
	if _, err := cert.ParseProfile(c.Profile); err != nil {
		return err
	}
	sum := cert.SM3(c.CA)
	if err := tx.Gorm().Model(&authorityRow{}).Where("current AND sm3 <> ?", sum[:]).Update("current", false).Error; err != nil {
		return pg.Fault(err)
	}
	row := authorityRow{
		SM3: sum[:], CADER: c.CA, RootDER: c.Root, Profile: c.Profile, SoftwareKeys: c.SoftwareKeys, SM2Only: c.SM2Only,
		RPID: c.Party.ID, RPOrigins: strings.Join(c.Party.Origins, "\n"), NotAfter: ca.NotAfter, Current: true, CreatedAt: s.now(),
	}
	err = tx.Gorm().Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "sm3"}}, DoUpdates: clause.AssignmentColumns([]string{"current", "profile", "sm2_only", "rp_id", "rp_origins"}),
	}).Create(&row).Error
	if err != nil {
		return pg.Fault(err)
	}
	return s.keepProfiles(tx, sum[:], c.Profiles)
}

// Authority returns the current authority. Fails with Unavailable "signer_unknown" before the signer was first heard.
func (s *Service) Authority(_ context.Context, q pg.Q) (Authority, error) {
	return authority(q, "current")
}

func authority(q pg.Q, where string, args ...any) (Authority, error) {
	var rows []authorityRow
	if err := q.Gorm().Where(where, args...).Limit(1).Find(&rows).Error; err != nil {
		return Authority{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Authority{}, fault.Down("signer_unknown", time.Minute, nil)
	}
	r := rows[0]
	rules := cert.TrustRules{SoftwareKeys: r.SoftwareKeys, SM2Only: r.SM2Only}
	if r.RPID != "" {
		rules.Party = cert.RelyingParty{ID: r.RPID, Origins: strings.Split(r.RPOrigins, "\n")}
	}
	p, err := cert.ParseProfile(r.Profile)
	return Authority{CA: r.CADER, Root: r.RootDER, Profile: p, Rules: rules, NotAfter: r.NotAfter.UTC(), sm3: r.SM3}, err
}

// ValidUntil works out when a pair renewed now for a number of years would end. Fails with Conflict
// "validity_beyond_ca", so ask before showing a price; with Unavailable "signer_unknown" like Authority.
func (s *Service) ValidUntil(ctx context.Context, q pg.Q, p Pair, years int) (time.Time, error) {
	a, err := s.Authority(ctx, q)
	if err != nil {
		return time.Time{}, err
	}
	now := s.now()
	return cert.NewTerm(years, p.NotAfter(), now).End(now, p.NotAfter(), a.NotAfter)
}
