package board

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"caconsole/admin/actor"
	"caconsole/admin/order"
)

// QueueTab is one tab of the review queue.
type QueueTab string

// The tabs: 待审, 我的在办, 补件回传, 即将超时, 待到账 (visible, not claimable), 全部.
const (
	TabOpen     QueueTab = "open"
	TabMine     QueueTab = "mine"
	TabResent   QueueTab = "resent"
	TabDueSoon  QueueTab = "due"
	TabTransfer QueueTab = "transfer"
	TabAll      QueueTab = "all"
)

// QueueTabs lists the tabs in display order.
var QueueTabs = []QueueTab{TabOpen, TabMine, TabResent, TabDueSoon, TabTransfer, TabAll}

// QueueFilter narrows the queue.
type QueueFilter struct {
	Tab    QueueTab
	No     string
	Holder string
	After  string
	Limit  int
}

// Queue lists the review queue, what must be decided first at the top; other tabs by how long an order has stood there.
func (b *Board) Queue(ctx context.Context, a actor.Actor, f QueueFilter) (Page[OrderLine], error) {
	after, err := decodeCursor(f.After)
	if err != nil {
		return Page[OrderLine]{}, err
	}
	key := "o.review_due_at"
	if f.Tab == TabTransfer || f.Tab == TabAll {
		key = "o.stage_since"
	}
	q := b.tab(b.orders(ctx, a), a, f.Tab)
	if f.No != "" {
		q = q.Where("o.no = ?", f.No)
	}
	if len([]rune(f.Holder)) >= 2 {
		q = q.Where("o.holder LIKE ?", "%"+escapeLike(f.Holder)+"%")
	}
	if !after.At.IsZero() {
		q = q.Where(fmt.Sprintf("(%s, o.id) > (?, ?)", key), after.At, after.ID)
	}
	limit := pageSize(f.Limit)
	rows, err := b.lines(ctx, q, key+", o.id", key+", o.id", limit+1)
	if err != nil {
		return Page[OrderLine]{}, err
	}
	page := Page[OrderLine]{Rows: rows}
	if len(rows) > limit {
		page.Rows = rows[:limit]
		last := page.Rows[limit-1]
		at := last.StageSince
		if key == "o.review_due_at" && last.ReviewDueAt != nil {
			at = *last.ReviewDueAt
		}
		page.Next = cursor{at, last.ID}.encode()
	}
	return page, nil
}

// tab narrows to a tab. The stage is named in each, so that the partial index of the queue serves it.
func (b *Board) tab(q *gorm.DB, a actor.Actor, tab QueueTab) *gorm.DB {
	inReview := "o.stage IN ('review', 'second_review')"
	switch tab {
	case TabMine:
		return q.Joins("JOIN review_claim c ON c.order_id = o.id").Where(inReview+" AND o.review = 'claimed' AND c.staff_id = ? AND c.until > ?", a.ID, b.now())
	case TabResent:
		// OFFSET: asked order by order; the planner would read all that were ever returned.
		return q.Where(inReview + " AND EXISTS (SELECT FROM review_verdict v WHERE v.order_id = o.id AND v.decision = 'returned' OFFSET 0)")
	case TabDueSoon:
		return q.Where(inReview+" AND o.review_due_at < ?", b.now().Add(soon))
	case TabTransfer:
		return q.Where("o.stage = ?", order.StageTransfer)
	case TabAll:
		return q.Where("o.stage IN ('review', 'second_review', 'transfer', 'returned')")
	case TabOpen:
	}
	return q.Where("o.stage = ? AND o.review = ?", order.StageReview, order.Queued)
}

// QueueCounts counts every tab, each capped.
func (b *Board) QueueCounts(ctx context.Context, a actor.Actor) (map[QueueTab]Count, error) {
	return countTabs(ctx, b, QueueTabs, func(q *gorm.DB, t QueueTab) *gorm.DB {
		return b.tab(scoped(q.Table("orders o"), a, "o.project_id"), a, t)
	})
}

// soon is how close a deadline must be to count as 即将超时.
const soon = 30 * time.Minute
