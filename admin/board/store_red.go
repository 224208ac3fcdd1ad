package board

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/actor"
	"caconsole/admin/money"
)

// RedTab is one tab of the list of red letters (红冲).
type RedTab string

// The tabs: 受阻 (a person must act), 进行中, 已红冲.
const (
	RedTask RedTab = "task"
	RedOpen RedTab = "open"
	RedDone RedTab = "done"
)

// RedTabs lists the tabs in display order.
var RedTabs = []RedTab{RedTask, RedOpen, RedDone}

// redStates are the states of package invoice that a tab shows.
var redStates = map[RedTab][]string{
	RedTask: {"blocked"}, RedOpen: {"waiting_invoice", "requested", "asked", "waiting_buyer", "confirmed"}, RedDone: {"issued", "not_needed"},
}

// RedLine is one red letter of the list.
type RedLine struct {
	ID        uuid.UUID
	OrderNo   string
	Title     string // the invoice's buyer
	Amount    money.Fen
	State     string // of package invoice
	FormState string // the vendor's two digits
	Serial    string // our number of it
	Blue      string // number of the invoice
	Number    string // of the red invoice
	ByHand    bool
	LastError string
	CreatedAt time.Time
	IssuedAt  *time.Time
}

// Reds lists red letters, newest first.
func (b *Board) Reds(ctx context.Context, a actor.Actor, tab RedTab, no, after string) (Page[RedLine], error) {
	q := reds(b.db.ReadOnly(ctx).Gorm(), a, tab).Joins("JOIN orders o ON o.id = r.order_id").Joins("JOIN invoice i ON i.id = r.invoice_id").
		Select(`r.id, o.no AS order_no, i.buyer_title AS title, i.total_fen AS amount, r.state, r.form_state, r.serial, i.number AS blue, r.number,
			r.by_hand, r.last_error, r.created_at, r.issued_at`)
	if no != "" {
		q = q.Where("o.no = ?", no)
	}
	return newestPage(q, "r.created_at", "r.id", after, func(l RedLine) cursor { return cursor{l.CreatedAt, l.ID} })
}

// RedCounts counts the red letters of every tab.
func (b *Board) RedCounts(ctx context.Context, a actor.Actor) (map[RedTab]Count, error) {
	return countTabs(ctx, b, RedTabs, func(q *gorm.DB, tab RedTab) *gorm.DB { return reds(q, a, tab) })
}

func reds(q *gorm.DB, a actor.Actor, tab RedTab) *gorm.DB {
	return scoped(q.Table("red_letter r"), a, "r.project_id").Where("r.state IN ?", redStates[tab])
}

// OverdueLine is an order whose time to pay is up, or which has closed, while something came for it, is said to have been
// sent, or pays less than it costs since its years were corrected: a person decides.
type OverdueLine struct {
	ID         uuid.UUID // of the order
	OrderNo    string
	Holder     string
	Stage      string
	Owed       money.Fen
	Paid       money.Fen
	Claimed    bool      // a remittance voucher claims a transfer
	Difference bool      // Owed is a difference: what was paid before is kept
	CreatedAt  time.Time // since when it is owed
}

// Overdue lists such orders, newest first.
func (b *Board) Overdue(ctx context.Context, a actor.Actor, no, after string) (Page[OverdueLine], error) {
	q := overdue(b.db.ReadOnly(ctx).Gorm(), a).Select(`o.id, o.no AS order_no, o.holder, o.stage, d.owed, d.paid,
		EXISTS (SELECT FROM receivable_claim c WHERE c.receivable_id = d.receivable_id) AS claimed, o.kept_fen > 0 AS difference, d.created_at`)
	if no != "" {
		q = q.Where("o.no = ?", no)
	}
	return newestPage(q, "d.created_at", "o.id", after, func(l OverdueLine) cursor { return cursor{l.CreatedAt, l.ID} })
}

// OverdueCount counts them.
func (b *Board) OverdueCount(ctx context.Context, a actor.Actor) (Count, error) {
	counts, err := countTabs(ctx, b, []string{""}, func(q *gorm.DB, _ string) *gorm.DB { return overdue(q, a) })
	return counts[""], err
}

// overdueMoney is transfers that are overdue, and differences that are to be paid otherwise, or in no way chosen yet.
const overdueMoney = `(SELECT r.order_id, r.id AS receivable_id, r.due_fen AS owed, r.allocated_fen AS paid, r.created_at
	FROM receivable r JOIN orders o ON o.id = r.order_id
	WHERE r.state = 'open' AND (o.closed_at IS NOT NULL AND r.allocated_fen > 0
		OR o.closed_at IS NULL AND EXISTS (SELECT FROM order_nudge n WHERE n.order_id = o.id AND n.kind = 'overdue'))
	UNION ALL
	SELECT o.id, NULL, o.amount_fen - o.kept_fen, 0, o.stage_since FROM orders o
	WHERE o.payment = 'awaiting' AND o.kept_fen > 0 AND o.closed_at IS NULL
		AND EXISTS (SELECT FROM order_nudge n WHERE n.order_id = o.id AND n.kind = 'overdue')
		AND NOT EXISTS (SELECT FROM receivable r WHERE r.order_id = o.id AND r.state = 'open')) d`

func overdue(q *gorm.DB, a actor.Actor) *gorm.DB {
	return scoped(q.Table(overdueMoney).Joins("JOIN orders o ON o.id = d.order_id"), a, "o.project_id")
}
