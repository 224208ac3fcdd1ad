package issuance

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

// Watch is how the signer was when it was last asked.
type Watch struct {
	AskedAt      time.Time
	BlockedSince time.Time // nothing is signed since then; zero while it is open
	Silent       bool      // it does not answer; else, where it is blocked, it waits for its key officers
	Given        []string  // logins of the officers who gave their share
	Needed       int       // shares that open it
	AlarmedAt    time.Time // zero: no alarm is on
}

// Blocked tells whether nothing is signed.
func (w Watch) Blocked() bool { return !w.BlockedSince.IsZero() }

type watchRow struct {
	Single       bool `gorm:"primaryKey"`
	AskedAt      time.Time
	BlockedSince *time.Time
	Silent       bool
	Given        string
	Needed       int
	AlarmedAt    *time.Time
}

// TableName tells gorm the table.
func (watchRow) TableName() string { return "signer_watch" }

// alarmAfter is how long the signer may be blocked before it is an alarm: a restart that its device or its officers
// open at once is none.
const alarmAfter = 30 * time.Second

// Watched returns how the signer was. Nothing is blocked before it was first asked.
func (s *Service) Watched(_ context.Context, q pg.Q) (Watch, error) {
	var rows []watchRow
	if err := q.Gorm().Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return Watch{}, pg.Fault(err)
	}
	r := rows[0]
	w := Watch{AskedAt: r.AskedAt.UTC(), Silent: r.Silent, Given: strings.Fields(r.Given), Needed: r.Needed}
	if r.BlockedSince != nil {
		w.BlockedSince = r.BlockedSince.UTC()
	}
	if r.AlarmedAt != nil {
		w.AlarmedAt = r.AlarmedAt.UTC()
	}
	return w, nil
}

// KeepWatch stores how the signer is. silent says that it did not answer; then st says nothing. It returns what was
// before and what is now, so that the caller sees an alarm begin and end.
func (s *Service) KeepWatch(ctx context.Context, tx pg.Tx, st cert.Status, silent bool) (before, now Watch, err error) {
	if before, err = s.Watched(ctx, lockedQ{tx}); err != nil {
		return before, now, err
	}
	at := s.now()
	now = Watch{AskedAt: at, Silent: silent, Given: st.Given, Needed: st.Needed}
	if silent || st.Locked {
		now.BlockedSince, now.AlarmedAt = before.BlockedSince, before.AlarmedAt
		if !before.Blocked() {
			now.BlockedSince = at
		}
		if now.AlarmedAt.IsZero() && at.Sub(now.BlockedSince) >= alarmAfter {
			now.AlarmedAt = at
		}
	}
	row := watchRow{Single: true, AskedAt: at, Silent: silent, Given: strings.Join(st.Given, "\n"), Needed: st.Needed}
	if now.Blocked() {
		row.BlockedSince = &now.BlockedSince
	}
	if !now.AlarmedAt.IsZero() {
		row.AlarmedAt = &now.AlarmedAt
	}
	return before, now, pg.Fault(tx.Gorm().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "single"}}, UpdateAll: true}).Create(&row).Error)
}
