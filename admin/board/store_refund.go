package board

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/actor"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

// RefundTab is one tab of the refund list.
type RefundTab string

// The tabs: 全部, 待办 (a person must act: a vendor refused, or a transfer is to be paid back), 进行中, 已退款.
const (
	RefundAll  RefundTab = "all"
	RefundTask RefundTab = "task"
	RefundOpen RefundTab = "open"
	RefundDone RefundTab = "done"
)

// RefundTabs lists the tabs in display order.
var RefundTabs = []RefundTab{RefundTask, RefundOpen, RefundDone, RefundAll}

// refundStates are the states of package payment that a tab shows; nil for all.
var refundStates = map[RefundTab][]string{
	RefundTask: {"failed", "requested"}, RefundOpen: {"waiting_invoice", "due", "sent"}, RefundDone: {"done"},
}

// RefundLine is one refund of the list.
type RefundLine struct {
	ID        uuid.UUID
	OrderNo   string
	Holder    string
	Method    string // of package payment: transfer, wechat, alipay
	OwnNo     string // our number of the refund
	VendorNo  string
	Amount    money.Fen
	Reason    string // of package payment
	State     string // of package payment
	Failure   string // the vendor's code
	CreatedAt time.Time
	DoneAt    *time.Time
}

// RefundFilter narrows the list.
type RefundFilter struct {
	Tab   RefundTab
	No    string // of the order, exact
	After string
}

// Refunds lists refunds, newest first.
func (b *Board) Refunds(ctx context.Context, a actor.Actor, f RefundFilter) (Page[RefundLine], error) {
	q := refunds(b.db.ReadOnly(ctx).Gorm(), a, f.Tab).Select(`f.id, o.no AS order_no, o.holder, f.method, f.own_no, f.vendor_no, f.amount_fen AS amount, f.reason, f.state,
		f.failure, f.created_at, f.done_at`)
	if f.No != "" {
		q = q.Where("o.no = ?", f.No)
	}
	return newestPage(q, "f.created_at", "f.id", f.After, func(l RefundLine) cursor { return cursor{l.CreatedAt, l.ID} })
}

// RefundCounts counts the refunds of every tab.
func (b *Board) RefundCounts(ctx context.Context, a actor.Actor) (map[RefundTab]Count, error) {
	return countTabs(ctx, b, RefundTabs, func(q *gorm.DB, tab RefundTab) *gorm.DB { return refunds(q, a, tab) })
}

func refunds(q *gorm.DB, a actor.Actor, tab RefundTab) *gorm.DB {
	q = scoped(q.Table("payment_refund f").Joins("JOIN orders o ON o.id = f.order_id"), a, "o.project_id")
	if states := refundStates[tab]; states != nil {
		q = q.Where("f.state IN ?", states)
	}
	return q
}

// SuspenseTab is one tab of the list of money in suspense.
type SuspenseTab string

// The tabs: 待处理 (nobody has decided), 全部.
const (
	SuspenseOpen SuspenseTab = "open"
	SuspenseAll  SuspenseTab = "all"
)

// SuspenseTabs lists the tabs in display order.
var SuspenseTabs = []SuspenseTab{SuspenseOpen, SuspenseAll}

// SuspenseLine is money that came by WeChat or Alipay and pays no order (挂账).
type SuspenseLine struct {
	IntentID      uuid.UUID
	OrderNo       string
	Holder        string
	Stage         string // of the order
	Method        string
	OwnNo         string // our number of the payment
	TransactionID string // the vendor's
	Amount        money.Fen
	Currency      string
	Owed          money.Fen // what the payment was opened for
	Reason        string    // paid_late, paid_twice, years_changed, wrong_amount
	PaidAt        time.Time
	RefundState   string // of its refund; "" where nobody has decided: a task
	CreatedAt     time.Time
}

// Suspense lists money in suspense, newest first.
func (b *Board) Suspense(ctx context.Context, a actor.Actor, tab SuspenseTab, after string) (Page[SuspenseLine], error) {
	q := suspense(b.db.ReadOnly(ctx).Gorm(), a, tab).Select(`p.intent_id, o.no AS order_no, o.holder, o.stage, p.method, i.own_no, p.transaction_id, p.amount_fen AS amount,
		p.currency, i.amount_fen AS owed, p.suspense AS reason, p.paid_at, coalesce(f.state, '') AS refund_state, p.created_at`)
	return newestPage(q, "p.created_at", "p.intent_id", after, func(l SuspenseLine) cursor { return cursor{l.CreatedAt, l.IntentID} })
}

// SuspenseCounts counts the money in suspense of every tab.
func (b *Board) SuspenseCounts(ctx context.Context, a actor.Actor) (map[SuspenseTab]Count, error) {
	return countTabs(ctx, b, SuspenseTabs, func(q *gorm.DB, tab SuspenseTab) *gorm.DB { return suspense(q, a, tab) })
}

func suspense(q *gorm.DB, a actor.Actor, tab SuspenseTab) *gorm.DB {
	q = scoped(q.Table("online_payment p").Joins("JOIN orders o ON o.id = p.order_id"), a, "o.project_id").
		Joins("JOIN payment_intent i ON i.id = p.intent_id").
		Joins("LEFT JOIN payment_refund f ON f.intent_id = p.intent_id").Where("p.suspense <> ''")
	if tab == SuspenseOpen {
		q = q.Where("f.id IS NULL")
	}
	return q
}

// newestPage reads one page of a query by two columns, newest first.
func newestPage[T any](q *gorm.DB, at, id, after string, key func(T) cursor) (Page[T], error) {
	from, err := decodeCursor(after)
	if err != nil {
		return Page[T]{}, err
	}
	if !from.At.IsZero() {
		q = q.Where("("+at+", "+id+") < (?, ?)", from.At, from.ID)
	}
	limit := pageSize(0)
	page := Page[T]{}
	if err := q.Order(at + " DESC, " + id + " DESC").Limit(limit + 1).Scan(&page.Rows).Error; err != nil {
		return Page[T]{}, pg.Fault(err)
	}
	if len(page.Rows) > limit {
		page.Rows = page.Rows[:limit]
		page.Next = key(page.Rows[limit-1]).encode()
	}
	return page, nil
}
