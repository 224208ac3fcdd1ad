package board

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/actor"
	"caconsole/admin/pg"
)

// RevocationTab is one tab of the list of revocations.
type RevocationTab string

// The tabs: 待复核, 执行中 (with those the signer refused), 已吊销, and 被拒 (refused, taken back or too old).
const (
	RevocationToCheck RevocationTab = "to_check"
	RevocationBusy    RevocationTab = "busy"
	RevocationDone    RevocationTab = "done"
	RevocationRefused RevocationTab = "refused"
)

// RevocationTabs lists the tabs in display order.
var RevocationTabs = []RevocationTab{RevocationToCheck, RevocationBusy, RevocationDone, RevocationRefused}

// RevocationLine is one revocation of the list.
type RevocationLine struct {
	ID         uuid.UUID
	Holder     string
	MediumNo   string
	SignSerial string
	Reason     int
	AskedBy    string
	State      string
	Note       string
	ByName     string
	ByNo       string
	CreatedAt  time.Time
	ChangedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  *time.Time
	Listed     int64 // number of the list it stands on, 0 before
}

// Revocations lists a tab, the one that changed last first.
func (b *Board) Revocations(ctx context.Context, a actor.Actor, tab RevocationTab, after string) (Page[RevocationLine], error) {
	key, err := decodeCursor(after)
	if err != nil {
		return Page[RevocationLine]{}, err
	}
	q := revocationTab(scoped(b.db.ReadOnly(ctx).Gorm().Table("revocation_state s"), a, "s.project_id"), tab)
	if !key.At.IsZero() {
		q = q.Where("(s.changed_at, s.revocation_id) < (?, ?)", key.At, key.ID)
	}
	const limit, sort = 50, "s.changed_at DESC, s.revocation_id DESC"
	var rows []RevocationLine
	err = b.db.ReadOnly(ctx).Gorm().Table("(?) s", q.Select("s.*").Order(sort).Limit(limit+1)).
		Joins("JOIN revocation r ON r.id = s.revocation_id").
		Joins("JOIN certificate c ON c.pair_id = s.pair_id AND c.kind = 'sign'").
		Joins("JOIN staff m ON m.id = r.created_by").
		Select(`r.id, c.holder, c.medium_no, c.serial AS sign_serial, r.reason, r.asked_by, s.state, s.note, m.name AS by_name, m.no AS by_no,
		r.created_at, s.changed_at, r.expires_at, s.revoked_at, coalesce(s.listed, 0) AS listed`).
		Order(sort).Scan(&rows).Error
	if err != nil {
		return Page[RevocationLine]{}, pg.Fault(err)
	}
	page := Page[RevocationLine]{Rows: rows}
	if len(rows) > limit {
		page.Rows = rows[:limit]
		page.Next = cursor{rows[limit-1].ChangedAt, rows[limit-1].ID}.encode()
	}
	return page, nil
}

func revocationTab(q *gorm.DB, tab RevocationTab) *gorm.DB {
	switch tab {
	case RevocationBusy:
		return q.Where("s.state IN ('approved', 'failed')")
	case RevocationDone:
		return q.Where("s.state = 'revoked'")
	case RevocationRefused:
		return q.Where("s.state IN ('refused', 'withdrawn', 'expired')")
	case RevocationToCheck:
	}
	return q.Where("s.state = 'proposed'")
}

// RevocationCounts counts every tab, each capped.
func (b *Board) RevocationCounts(ctx context.Context, a actor.Actor) (map[RevocationTab]Count, error) {
	return countTabs(ctx, b, RevocationTabs, func(q *gorm.DB, t RevocationTab) *gorm.DB {
		return revocationTab(scoped(q.Table("revocation_state s"), a, "s.project_id"), t)
	})
}

// lateLists is the current authority, if its last revocation list is about to run out and no new one came: a quarter of
// its life is left, or what the signer gave was none.
func (b *Board) lateLists(q *gorm.DB) *gorm.DB {
	return q.Table("issuing_authority i").
		Joins("LEFT JOIN LATERAL (SELECT number, this_update, next_update FROM crl WHERE crl.authority = i.sm3 ORDER BY number DESC LIMIT 1) l ON true").
		Where("i.current").
		Where(`l.next_update - (l.next_update - l.this_update) / 4 <= ?
			OR EXISTS (SELECT 1 FROM crl_alarm a WHERE a.authority = i.sm3 AND a.number = coalesce(l.number, 0))`, b.now())
}
