package board

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/actor"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// IssueTab is one tab of the issuance screen.
type IssueTab string

// The tabs: 待签发, 人工, 签发中, 失败, 最近签发, and the two mismatches that are empty on a good day.
const (
	IssueOpen      IssueTab = "open"
	IssueManual    IssueTab = "manual" // opened by hand and not with the signer yet, whosever turn it is
	IssueBusy      IssueTab = "busy"
	IssueFailed    IssueTab = "failed"
	IssueDone      IssueTab = "done"
	IssueLate      IssueTab = "late"      // with the signer for longer than it may take
	IssueUnsettled IssueTab = "unsettled" // signed although the money is not there
)

// IssueTabs lists the tabs in display order.
var IssueTabs = []IssueTab{IssueOpen, IssueManual, IssueBusy, IssueFailed, IssueDone, IssueLate, IssueUnsettled}

// IssueLine is one order on its way through the signer.
type IssueLine struct {
	ID         uuid.UUID
	No         string
	Kind       order.Kind
	Holder     string
	MediumNo   string
	Years      int
	Stage      order.Stage
	Issuance   order.State
	StageSince time.Time
	Reviewer   string
	ReviewerNo string
	ApprovedAt *time.Time
	OldEnd     time.Time
	NewSerial  string
	NewEnd     *time.Time
	Reason     string // fault key of the last failure
	// Barred says that the reader has another duty in the order, or opened it by hand, and cannot confirm it.
	Barred bool
}

// Issues lists orders by issuance, those that wait longest first; 最近签发 newest first.
func (b *Board) Issues(ctx context.Context, a actor.Actor, tab IssueTab, after string) (Page[IssueLine], error) {
	key, err := decodeCursor(after)
	if err != nil {
		return Page[IssueLine]{}, err
	}
	sort, compare := "o.stage_since, o.id", "(o.stage_since, o.id) > (?, ?)"
	if tab == IssueDone {
		sort, compare = "o.stage_since DESC, o.id DESC", "(o.stage_since, o.id) < (?, ?)"
	}
	orders := b.issueTab(b.orders(ctx, a), tab)
	if !key.At.IsZero() {
		orders = orders.Where(compare, key.At, key.ID)
	}
	const limit = 50
	var rows []IssueLine
	// The rows of the page first, then what belongs to them: see lines.
	err = b.db.ReadOnly(ctx).Gorm().Table("(?) o", orders.Select("o.*").Order(sort).Limit(limit+1)).
		Joins("LEFT JOIN LATERAL (SELECT v.staff_id, v.at FROM review_verdict v WHERE v.order_id = o.id AND v.decision = 'approved' ORDER BY v.at DESC LIMIT 1) v ON true").
		Joins("LEFT JOIN staff s ON s.id = v.staff_id").
		Joins("LEFT JOIN LATERAL ("+lastTry+") r ON true").
		Joins("LEFT JOIN certificate n ON n.pair_id = r.new_pair_id AND n.kind = 'sign'").
		Joins("JOIN certificate c ON c.pair_id = o.old_pair_id AND c.kind = 'sign'").
		Select(`o.id, o.no, o.kind, o.holder, o.medium_no, o.years, o.stage, o.issuance, o.stage_since, s.name AS reviewer, s.no AS reviewer_no,
		v.at AS approved_at, c.not_after AS old_end, n.serial AS new_serial, n.not_after AS new_end, coalesce(r.reason, '') AS reason,
		EXISTS (SELECT 1 FROM order_duty d WHERE d.order_id = o.id AND d.staff_id = ? AND (d.duty <> 'issue' OR o.kind = 'manual') AND d.duty <> 'issue_check') AS barred`, a.ID).
		Order(sort).Scan(&rows).Error
	if err != nil {
		return Page[IssueLine]{}, pg.Fault(err)
	}
	page := Page[IssueLine]{Rows: rows}
	if len(rows) > limit {
		page.Rows = rows[:limit]
		page.Next = cursor{rows[limit-1].StageSince, rows[limit-1].ID}.encode()
	}
	return page, nil
}

func (b *Board) issueTab(q *gorm.DB, tab IssueTab) *gorm.DB {
	switch tab {
	case IssueManual:
		return q.Where("o.kind = 'manual' AND o.closed_at IS NULL AND o.issuance IN ('none', 'failed')")
	case IssueBusy:
		return q.Where("o.stage = ?", order.StageIssuing)
	case IssueFailed:
		return q.Where("o.stage = ? AND o.issuance = 'failed'", order.StageToIssue)
	case IssueDone:
		return q.Where("o.stage = ?", order.StageUpdate)
	case IssueLate:
		return q.Where("o.stage = ? AND o.stage_since < ?", order.StageIssuing, b.now().Add(-signWithin))
	case IssueUnsettled:
		return q.Where("o.issuance IN ('signed', 'recorded') AND o.payment NOT IN ('settled', 'waived', 'refunding', 'refunded')")
	case IssueOpen:
	}
	return q.Where("o.stage = ? AND o.issuance <> 'failed'", order.StageToIssue)
}

// IssueCounts counts every tab, each capped.
func (b *Board) IssueCounts(ctx context.Context, a actor.Actor) (map[IssueTab]Count, error) {
	return countTabs(ctx, b, IssueTabs, func(q *gorm.DB, t IssueTab) *gorm.DB {
		return b.issueTab(scoped(q.Table("orders o"), a, "o.project_id"), t)
	})
}

// lastTry is what came of an order's last try at the signer, or at the key centre before it.
const lastTry = `SELECT reason, new_pair_id FROM (
	SELECT reason, new_pair_id, created_at FROM issuance_request WHERE order_id = o.id
	UNION ALL SELECT reason, NULL, created_at FROM key_application WHERE order_id = o.id AND reason <> '') tries
	ORDER BY created_at DESC LIMIT 1`

// IssueNotes tells of an order whether the reader has another duty in it than to issue it, and why its last request
// failed ("" where none did).
func (b *Board) IssueNotes(ctx context.Context, a actor.Actor, id uuid.UUID) (barred bool, reason string, err error) {
	err = b.orders(ctx, a).Where("o.id = ?", id).
		Select(`EXISTS (SELECT 1 FROM order_duty d WHERE d.order_id = o.id AND d.staff_id = ? AND d.duty <> 'issue'),
		coalesce((SELECT reason FROM (`+lastTry+`) t), '')`, a.ID).
		Row().Scan(&barred, &reason)
	return barred, reason, pg.Fault(err)
}

// Person is a member of staff as screens name them.
type Person struct {
	ID   uuid.UUID
	Name string
	No   string
}

// People names members of staff, by their ids in text. Names of staff are no secret inside the house.
func (b *Board) People(ctx context.Context, ids []uuid.UUID) (map[string]Person, error) {
	var rows []Person
	if err := b.db.ReadOnly(ctx).Gorm().Table("staff").Where("id IN ?", ids).Select("id, name, no").Scan(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make(map[string]Person, len(rows))
	for _, r := range rows {
		out[r.ID.String()] = r
	}
	return out, nil
}
