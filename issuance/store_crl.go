package issuance

import (
	"context"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type crlRow struct {
	Authority  []byte `gorm:"primaryKey"`
	Number     uint64 `gorm:"primaryKey"`
	DER        []byte `gorm:"column:der"`
	SM3        []byte `gorm:"column:sm3"`
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    int
	SignerSeq  uint64
	SignerHead []byte
	CreatedAt  time.Time
}

// TableName tells gorm the table.
func (crlRow) TableName() string { return "crl" }

func (r crlRow) list() List {
	return List{
		Number: r.Number, ThisUpdate: r.ThisUpdate.UTC(), NextUpdate: r.NextUpdate.UTC(), Entries: r.Entries, SM3: cert.Digest(r.SM3),
		Head: cert.JournalHead{Seq: r.SignerSeq, Head: cert.Digest(r.SignerHead).Hex()}, DER: r.DER,
	}
}

type crlAlarmRow struct {
	Authority []byte `gorm:"primaryKey"`
	Number    uint64 `gorm:"primaryKey"`
	Reason    string
	At        time.Time
}

// TableName tells gorm the table.
func (crlAlarmRow) TableName() string { return "crl_alarm" }

// LastList returns the newest list of the current authority. NotFound "crl_unknown" before the first; Unavailable
// "signer_unknown".
func (s *Service) LastList(ctx context.Context, q pg.Q) (List, error) { return s.lastList(ctx, q, "*") }

// LastListHead is LastList without the list itself.
func (s *Service) LastListHead(ctx context.Context, q pg.Q) (List, error) {
	return s.lastList(ctx, q, "number, sm3, this_update, next_update, entries, signer_seq, signer_head")
}

func (s *Service) lastList(ctx context.Context, q pg.Q, columns string) (List, error) {
	by, err := s.Authority(ctx, q)
	if err != nil {
		return List{}, err
	}
	return oneList(q.Gorm().Select(columns).Where("authority = ?", by.sm3).Order("number DESC"))
}

// ListNumber returns one list of the current authority. Fails like LastList.
func (s *Service) ListNumber(ctx context.Context, q pg.Q, number uint64) (List, error) {
	by, err := s.Authority(ctx, q)
	if err != nil {
		return List{}, err
	}
	return oneList(q.Gorm().Where("authority = ? AND number = ?", by.sm3, number))
}

// Lists lists the current authority's lists without their content, the newest first: those before a number, or from the
// last on where it is 0.
func (s *Service) Lists(ctx context.Context, q pg.Q, before uint64, limit int) ([]List, error) {
	by, err := s.Authority(ctx, q)
	if err != nil {
		return nil, err
	}
	find := q.Gorm().Omit("der").Where("authority = ?", by.sm3)
	if before > 0 {
		find = find.Where("number < ?", before)
	}
	var rows []crlRow
	if err := find.Order("number DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]List, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.list())
	}
	return out, nil
}

// KeepList stores a list that AskList gave, and which revocations stand on it for the first time. fresh tells whether it
// was not there yet: another process may have asked for the same number.
func (s *Service) KeepList(ctx context.Context, tx pg.Tx, l List) (fresh bool, err error) {
	by, err := s.Authority(ctx, tx)
	if err != nil {
		return false, err
	}
	head, err := cert.ParseDigest(l.Head.Head)
	if err != nil {
		return false, fault.Wrap("crl_wrong", err)
	}
	res := tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(&crlRow{
		Authority: by.sm3, Number: l.Number, DER: l.DER, SM3: l.SM3[:], ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate, Entries: l.Entries,
		SignerSeq: l.Head.Seq, SignerHead: head[:], CreatedAt: s.now(),
	})
	if res.Error != nil || res.RowsAffected == 0 {
		return false, pg.Fault(res.Error)
	}
	return true, s.markListed(tx, l, by)
}

// markListed notes the number of the list on the revocations that were waiting for one.
func (s *Service) markListed(tx pg.Tx, l List, by Authority) error {
	waiting, err := s.unlisted(tx)
	if err != nil || len(waiting) == 0 {
		return err
	}
	ca, err := smx509.ParseCertificate(by.CA)
	if err != nil {
		return fault.Wrap("certificate_unreadable", err)
	}
	parsed, err := cert.ParseRevocationList(l.DER, ca)
	if err != nil {
		return err
	}
	on := make(map[string]bool, len(parsed.Entries))
	for _, e := range parsed.Entries {
		on[string(e.Serial)] = true
	}
	for _, r := range waiting {
		object, err := cert.ParseRevocation(r.Canonical)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(object.Serials, func(serial string) bool { return !on[serial] }) {
			continue
		}
		if err := tx.Gorm().Model(&revocationStateRow{}).Where("revocation_id = ?", r.ID).Update("listed", l.Number).Error; err != nil {
			return pg.Fault(err)
		}
	}
	return nil
}

// unlisted are the revocations that stand on no list yet.
func (s *Service) unlisted(q pg.Q) ([]revocationRow, error) {
	var rows []revocationRow
	err := q.Gorm().Joins("JOIN revocation_state s ON s.revocation_id = revocation.id").Where("s.state = ? AND s.listed IS NULL", RevocationRevoked).
		Order("s.revoked_at").Limit(1000).Find(&rows).Error
	return rows, pg.Fault(err)
}

// Unlisted tells whether a revocation waits for a list, that took effect when or after the last one was made.
func (s *Service) Unlisted(_ context.Context, q pg.Q, last List) (bool, error) {
	var ids []uuid.UUID
	err := q.Gorm().Model(&revocationStateRow{}).Where("state = ? AND listed IS NULL AND revoked_at >= ?", RevocationRevoked, last.ThisUpdate).
		Limit(1).Pluck("revocation_id", &ids).Error
	return len(ids) > 0, pg.Fault(err)
}

// Alarm notes that a list grew old, and why no new one came. fresh tells whether it is news: once for each list.
func (s *Service) Alarm(ctx context.Context, tx pg.Tx, number uint64, reason string) (fresh bool, err error) {
	by, err := s.Authority(ctx, tx)
	if err != nil {
		return false, err
	}
	res := tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(&crlAlarmRow{Authority: by.sm3, Number: number, Reason: reason, At: s.now()})
	return res.RowsAffected > 0, pg.Fault(res.Error)
}

// AlarmOf tells why no list came after one; "" without an alarm.
func (s *Service) AlarmOf(ctx context.Context, q pg.Q, number uint64) (string, error) {
	by, err := s.Authority(ctx, q)
	if err != nil {
		return "", err
	}
	var reasons []string
	err = q.Gorm().Model(&crlAlarmRow{}).Where("authority = ? AND number = ?", by.sm3, number).Pluck("reason", &reasons).Error
	if err != nil || len(reasons) == 0 {
		return "", pg.Fault(err)
	}
	return reasons[0], nil
}

// endedBefore picks those of some serials whose certificates ran out before a moment. One of a request that the signer
// closed has never been a certificate we hold; its request says when it would have ended.
func endedBefore(q pg.Q, serials []cert.Serial, at time.Time) ([]cert.Serial, error) {
	if len(serials) == 0 {
		return nil, nil
	}
	var ended []cert.Serial
	if err := q.Gorm().Model(&certificateRow{}).Where("serial IN ? AND not_after < ?", serials, at).Pluck("serial", &ended).Error; err != nil {
		return nil, pg.Fault(err)
	}
	var closed []requestRow
	if err := q.Gorm().Where("state = ? AND (sign_serial IN ? OR enc_serial IN ?)", RequestClosed, serials, serials).Find(&closed).Error; err != nil {
		return nil, pg.Fault(err)
	}
	for _, row := range closed {
		r, err := cert.ParseRequest(row.Canonical)
		if err != nil {
			return nil, err
		}
		if _, end := r.Validity(); end.Before(at) {
			ended = append(ended, cert.Serial(row.SignSerial), cert.Serial(row.EncSerial))
		}
	}
	return ended, nil
}

// oneList takes the first list of a query.
func oneList(q *gorm.DB) (List, error) {
	var rows []crlRow
	if err := q.Limit(1).Find(&rows).Error; err != nil {
		return List{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return List{}, fault.New(fault.NotFound, "crl_unknown", nil)
	}
	return rows[0].list(), nil
}
