package issuance

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

type checkRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	Authority []byte
	Phase     string
	NextSeq   uint64
	LastPair  uuid.UUID
	Counts    string
	StartedAt time.Time
	MovedAt   time.Time
	EndedAt   *time.Time
}

// TableName tells gorm the table.
func (checkRow) TableName() string { return "journal_check" }

// KeepCheck stores how far a comparison is and what it found. With its end, what an earlier one found and this one did
// not is cleared. Fails with Conflict "check_open" where another one is under way.
func (s *Service) KeepCheck(ctx context.Context, tx pg.Tx, c Check, found []Finding) error {
	by, err := s.Authority(ctx, tx)
	if err != nil {
		return err
	}
	counts, err := json.Marshal(c.Counts)
	if err != nil {
		return fault.Wrap("counts_unreadable", err)
	}
	row := checkRow{
		ID: c.ID, Authority: by.sm3, Phase: c.Phase, NextSeq: c.Seq, LastPair: c.Pair, Counts: string(counts), StartedAt: c.StartedAt, MovedAt: c.MovedAt,
	}
	if c.Done() {
		row.EndedAt = &c.EndedAt
	}
	err = tx.Gorm().Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"phase", "next_seq", "last_pair", "counts", "moved_at", "ended_at"}),
	}).Create(&row).Error
	if err != nil {
		return pg.Fault(err)
	}
	if err := s.report(tx, by, found); err != nil || !c.Done() {
		return err
	}
	return pg.Fault(tx.Gorm().Model(&findingRow{}).Where("authority = ? AND cleared_at IS NULL AND seen_at < ?", by.sm3, c.StartedAt).
		Update("cleared_at", s.now()).Error)
}

// LastCheck returns the newest comparison of the current authority, under way or done. NotFound "check_unknown" before
// the first.
func (s *Service) LastCheck(ctx context.Context, q pg.Q) (Check, error) {
	by, err := s.Authority(ctx, q)
	if err != nil {
		return Check{}, err
	}
	var rows []checkRow
	if err := q.Gorm().Where("authority = ?", by.sm3).Order("started_at DESC").Limit(1).Find(&rows).Error; err != nil {
		return Check{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Check{}, fault.New(fault.NotFound, "check_unknown", nil)
	}
	r := rows[0]
	c := Check{ID: r.ID, Phase: r.Phase, Seq: r.NextSeq, Pair: r.LastPair, StartedAt: r.StartedAt.UTC(), MovedAt: r.MovedAt.UTC()}
	if r.EndedAt != nil {
		c.EndedAt = r.EndedAt.UTC()
	}
	return c, fault.Wrap("counts_unreadable", json.Unmarshal([]byte(r.Counts), &c.Counts))
}

type findingRow struct {
	Authority []byte `gorm:"primaryKey"`
	Kind      string `gorm:"primaryKey"`
	Subject   string `gorm:"primaryKey"`
	Detail    string
	FoundAt   time.Time
	SeenAt    time.Time
	ClearedAt *time.Time
}

// TableName tells gorm the table.
func (findingRow) TableName() string { return "journal_finding" }

// report stores findings. One that was cleared and is there again is new.
func (s *Service) report(tx pg.Tx, by Authority, found []Finding) error {
	for _, f := range found {
		err := tx.Gorm().Exec(`INSERT INTO journal_finding (kind, authority, subject, detail, found_at, seen_at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (authority, kind, subject) DO UPDATE SET detail = excluded.detail, seen_at = excluded.seen_at,
				found_at = CASE WHEN journal_finding.cleared_at IS NULL THEN journal_finding.found_at ELSE excluded.found_at END, cleared_at = NULL`,
			f.Kind, by.sm3, f.Subject, f.Detail, s.now(), s.now()).Error // gorm takes bytes after a parenthesis for a list
		if err != nil {
			return pg.Fault(err)
		}
	}
	return nil
}

// Findings lists what does not agree, oldest first, then what was cleared since a time. more tells that there are others.
func (s *Service) Findings(_ context.Context, q pg.Q, since time.Time, limit int) (out []Finding, more bool, err error) {
	var rows []findingRow
	err = q.Gorm().Where("cleared_at IS NULL OR cleared_at > ?", since).Order("cleared_at IS NOT NULL, found_at, kind, subject").Limit(limit + 1).Find(&rows).Error
	if err != nil {
		return nil, false, pg.Fault(err)
	}
	for _, r := range rows[:min(limit, len(rows))] {
		f := Finding{Kind: r.Kind, Subject: r.Subject, Detail: r.Detail, FoundAt: r.FoundAt.UTC(), SeenAt: r.SeenAt.UTC()}
		if r.ClearedAt != nil {
			f.ClearedAt = r.ClearedAt.UTC()
		}
		out = append(out, f)
	}
	return out, len(rows) > limit, nil
}

// OpenFindings counts what does not agree, up to a limit.
func (s *Service) OpenFindings(_ context.Context, q pg.Q, limit int) (n int, err error) {
	err = q.Gorm().Raw("SELECT count(*) FROM (SELECT 1 FROM journal_finding WHERE cleared_at IS NULL LIMIT ?) f", limit).Scan(&n).Error
	return n, pg.Fault(err)
}
