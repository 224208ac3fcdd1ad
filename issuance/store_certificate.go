package issuance

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type certificateRow struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	PairID      uuid.UUID
	Kind        cert.Kind
	ProjectID   uuid.UUID
	Serial      cert.Serial
	MediumNo    string
	Holder      string
	OrgIDKind   string
	OrgIDNumber string
	Algorithm   string
	NotBefore   time.Time
	NotAfter    time.Time
	DER         []byte `gorm:"column:der"`
	SM3         []byte `gorm:"column:sm3"`
	CreatedAt   time.Time
}

// TableName tells gorm the table.
func (certificateRow) TableName() string { return "certificate" }

type stateRow struct {
	PairID    uuid.UUID `gorm:"primaryKey"`
	ProjectID uuid.UUID
	State     State
	Successor *uuid.UUID
	NotAfter  time.Time // of the sign certificate; never changes
	CreatedAt time.Time
	ChangedAt time.Time
}

// TableName tells gorm the table.
func (stateRow) TableName() string { return "certificate_state" }

// Find looks a pair up by the serial of either certificate, as a person typed it. Fails with NotFound
// "serial_unknown" (also for a pair outside the actor's projects), and with Invalid on the field "serial": key
// "medium_not_serial" where a medium number was typed, "serial_malformed" where neither fits. To tell an applicant
// that a certificate belongs to another project, look it up as actor.Job and compare.
func (s *Service) Find(_ context.Context, q pg.Q, a actor.Actor, input string) (Pair, error) {
	serials, malformed := cert.ParseSerial(input)
	if malformed == nil {
		var rows []certificateRow
		if err := q.Gorm().Where("serial IN ?", serials).Find(&rows).Error; err != nil {
			return Pair{}, pg.Fault(err)
		}
		for _, serial := range serials { // hex before decimal
			i := slices.IndexFunc(rows, func(r certificateRow) bool { return r.Serial == serial })
			if i >= 0 && a.InScope(rows[i].ProjectID) {
				return load(q, rows[i].PairID)
			}
		}
	}
	var media []uuid.UUID
	medium := strings.ToUpper(strings.Join(strings.Fields(input), ""))
	if err := q.Gorm().Model(&certificateRow{}).Where("medium_no = ?", medium).Limit(1).Pluck("pair_id", &media).Error; err != nil {
		return Pair{}, pg.Fault(err)
	}
	switch {
	case len(media) > 0:
		return Pair{}, fault.InvalidField("serial", "medium_not_serial")
	case malformed != nil:
		return Pair{}, malformed
	default:
		return Pair{}, fault.New(fault.NotFound, "serial_unknown", nil)
	}
}

// Get returns a pair by id. Fails with NotFound "serial_unknown", also outside the actor's projects.
func (s *Service) Get(_ context.Context, q pg.Q, a actor.Actor, id uuid.UUID) (Pair, error) {
	p, err := load(q, id)
	if err == nil && !a.InScope(p.ProjectID) {
		return Pair{}, fault.New(fault.NotFound, "serial_unknown", nil)
	}
	return p, err
}

// load reads a pair with its state and its successor's serial.
func load(q pg.Q, id uuid.UUID) (Pair, error) {
	var rows []certificateRow
	var st stateRow
	if err := q.Gorm().Where("pair_id = ?", id).Find(&rows).Error; err != nil {
		return Pair{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Pair{}, fault.New(fault.NotFound, "serial_unknown", nil)
	}
	if err := q.Gorm().Take(&st, "pair_id = ?", id).Error; err != nil {
		return Pair{}, pg.Fault(err)
	}
	p := Pair{
		ID: id, ProjectID: st.ProjectID, MediumNo: rows[0].MediumNo, Holder: rows[0].Holder,
		OrgIDKind: rows[0].OrgIDKind, OrgIDNumber: rows[0].OrgIDNumber, State: st.State,
	}
	for _, r := range rows {
		c := Certificate{ID: r.ID, Serial: r.Serial, NotBefore: r.NotBefore.UTC(), NotAfter: r.NotAfter.UTC(), DER: r.DER, SM3: cert.Digest(r.SM3)}
		if r.Kind == cert.Sign {
			p.Sign, p.Algorithm = c, r.Algorithm
		} else {
			p.Enc = c
		}
	}
	if st.Successor == nil {
		return p, nil
	}
	p.Successor = *st.Successor
	var next certificateRow
	err := q.Gorm().Select("serial").Take(&next, "pair_id = ? AND kind = ?", p.Successor, cert.Sign).Error
	p.SuccessorSerial = next.Serial
	return p, pg.Fault(err)
}

// Import takes an existing pair into the store: migration from an earlier system, or a demonstration. Fails with
// Invalid "certificate_unreadable" or "old_pair_unusable", Conflict "certificate_known".
func (s *Service) Import(_ context.Context, tx pg.Tx, in Import) (Pair, error) {
	if in.State == "" {
		in.State = Active
	}
	sign, alg, err := newCertificate(in.Certs.Sign)
	if err != nil {
		return Pair{}, err
	}
	p := Pair{
		ProjectID: in.ProjectID, MediumNo: in.MediumNo, Holder: in.Holder, OrgIDKind: in.OrgIDKind, OrgIDNumber: in.OrgIDNumber,
		Algorithm: alg, State: in.State, Sign: sign,
	}
	if alg == SM2 {
		if _, err := cert.ParseOld(in.Certs); err != nil {
			return Pair{}, err
		}
	}
	if len(in.Certs.Enc) > 0 {
		if p.Enc, _, err = newCertificate(in.Certs.Enc); err != nil {
			return Pair{}, err
		}
	}
	return s.insert(tx, p)
}

// insert stores a new pair under a new id.
func (s *Service) insert(tx pg.Tx, p Pair) (Pair, error) {
	var err error
	if p.ID, err = uuid.NewV7(); err != nil {
		return Pair{}, fault.Wrap("random_unavailable", err)
	}
	now := s.now()
	st := stateRow{PairID: p.ID, ProjectID: p.ProjectID, State: p.State, NotAfter: p.Sign.NotAfter, CreatedAt: now, ChangedAt: now}
	if err := tx.Gorm().Create(&st).Error; err != nil {
		return Pair{}, pg.Fault(err)
	}
	rows := []certificateRow{p.row(cert.Sign, p.Sign, now)}
	if len(p.Enc.DER) > 0 {
		rows = append(rows, p.row(cert.Enc, p.Enc, now))
	}
	return p, pg.Fault(tx.Gorm().Create(&rows).Error)
}

func (p Pair) row(kind cert.Kind, c Certificate, now time.Time) certificateRow {
	return certificateRow{
		ID: c.ID, PairID: p.ID, Kind: kind, ProjectID: p.ProjectID, Serial: c.Serial, MediumNo: p.MediumNo, Holder: p.Holder,
		OrgIDKind: p.OrgIDKind, OrgIDNumber: p.OrgIDNumber, Algorithm: p.Algorithm,
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, DER: c.DER, SM3: c.SM3[:], CreatedAt: now,
	}
}

// succeed names the pair that takes over. Fails with Conflict "already_renewed" where another one has been named.
func (s *Service) succeed(tx pg.Tx, old, successor uuid.UUID) error {
	res := tx.Gorm().Model(&stateRow{}).Where("pair_id = ? AND successor IS NULL", old).
		Updates(map[string]any{"successor": successor, "changed_at": s.now()})
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "already_renewed", nil)
	}
	return pg.Fault(res.Error)
}

// renewed marks an old pair after the driver's confirmation. One that was revoked or held meanwhile stays so.
func (s *Service) renewed(tx pg.Tx, old uuid.UUID) error {
	return pg.Fault(tx.Gorm().Model(&stateRow{}).Where("pair_id = ? AND state = ?", old, Active).
		Updates(map[string]any{"state": Renewed, "changed_at": s.now()}).Error)
}
