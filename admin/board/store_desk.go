package board

import (
	"context"
	"time"

	"gorm.io/gorm"

	"caconsole/admin/actor"
)

// Figure names one number of the first screen.
type Figure string

// The numbers. Those from SettledNotInvoiced on are empty on a good day: the mismatches of PRODUCT.md, and alarms.
const (
	ToReview             Figure = "to_review"
	Mine                 Figure = "mine"
	DueSoon              Figure = "due_soon"
	Returned             Figure = "returned"
	Transfers            Figure = "transfers"
	Unmatched            Figure = "unmatched"
	ToIssue              Figure = "to_issue"
	ToUpdate             Figure = "to_update"
	InvoicesOpen         Figure = "invoices_open"
	InvoicesFailed       Figure = "invoices_failed"
	RedBlocked           Figure = "red_blocked"
	RefundTasks          Figure = "refund_tasks"
	RevocationsToCheck   Figure = "revocations_to_check"
	UpdateUndecided      Figure = "undecided"
	SettledNotInvoiced   Figure = "settled_not_invoiced"
	RefundedNotRed       Figure = "refunded_not_red"
	OpenNotSigned        Figure = "open_not_signed"
	SignedNotSettled     Figure = "signed_not_settled"
	AuthorisedNotUpdated Figure = "authorised_not_updated"
	ListLate             Figure = "list_late"
	SignerBlocked        Figure = "signer_blocked"
	JournalFindings      Figure = "journal_findings"
)

// How old an order must be to count as a mismatch.
const (
	signWithin   = 15 * time.Minute
	updateWithin = 7 * 24 * time.Hour
	decideWithin = 30 * 24 * time.Hour // decide_after_days of a project that has set nothing: a figure of all projects knows no other
)

// Count counts one figure, capped.
func (b *Board) Count(ctx context.Context, a actor.Actor, f Figure) (Count, error) {
	n, err := b.Figures(ctx, a, []Figure{f})
	return n[f], err
}

// Figures counts some figures at once, each capped.
func (b *Board) Figures(ctx context.Context, a actor.Actor, figures []Figure) (map[Figure]Count, error) {
	return countTabs(ctx, b, figures, func(q *gorm.DB, f Figure) *gorm.DB { return b.figure(q, a, f) })
}

func (b *Board) figure(q *gorm.DB, a actor.Actor, f Figure) *gorm.DB {
	orders := func() *gorm.DB { return scoped(q.Table("orders o"), a, "o.project_id") }
	queue := func(t QueueTab) *gorm.DB { return b.tab(orders(), a, t) }
	invoices := func(t InvoiceTab) *gorm.DB { return b.countedInvoices(q, a, t) }
	switch f {
	case Mine:
		return queue(TabMine)
	case DueSoon:
		return queue(TabDueSoon)
	case Returned:
		return orders().Where("o.stage = 'returned'")
	case Transfers:
		return orders().Where("o.stage = 'transfer'")
	case Unmatched:
		return countedCredits(q, a, TabToConfirm)
	case ToIssue:
		return orders().Where("o.stage = 'to_issue'")
	case ToUpdate:
		return orders().Where("o.stage = 'update'")
	case InvoicesOpen:
		return invoices(InvoiceOpen)
	case InvoicesFailed:
		return invoices(InvoiceFailed)
	case RedBlocked:
		return reds(q, a, RedTask)
	case RefundTasks:
		return refunds(q, a, RefundTask)
	case RevocationsToCheck:
		return revocationTab(scoped(q.Table("revocation_state s"), a, "s.project_id"), RevocationToCheck)
	case UpdateUndecided:
		return orders().Where("o.stage = 'update' AND o.stage_since < ?", b.now().Add(-decideWithin)).
			Where("NOT EXISTS (SELECT FROM update_decision d WHERE d.order_id = o.id AND (d.decision = 'rest' OR d.until > ?))", b.now())
	case ListLate:
		return b.lateLists(q)
	case SignerBlocked:
		return q.Table("signer_watch").Where("alarmed_at IS NOT NULL")
	case JournalFindings:
		return q.Table("journal_finding").Where("cleared_at IS NULL")
	case RefundedNotRed:
		return orders().Where("o.payment = 'refunded' AND o.invoice IN ('requested', 'issued', 'dispatched')")
	case SettledNotInvoiced:
		return invoices(InvoiceLate)
	case OpenNotSigned:
		return b.issueTab(orders(), IssueLate)
	case SignedNotSettled:
		return b.issueTab(orders(), IssueUnsettled)
	case AuthorisedNotUpdated:
		return orders().Where("o.stage = 'update' AND o.stage_since < ?", b.now().Add(-updateWithin))
	case ToReview:
	}
	return queue(TabOpen)
}
