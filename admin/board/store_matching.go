package board

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

// MatchTab is one tab of the matching workbench.
type MatchTab string

// The tabs: 待确认, 自动已配, 手工已配.
const (
	TabToConfirm MatchTab = "open"
	TabAuto      MatchTab = "auto"
	TabByHand    MatchTab = "manual"
)

// MatchTabs lists the tabs in display order.
var MatchTabs = []MatchTab{TabToConfirm, TabAuto, TabByHand}

// MatchFilter narrows the credits of the workbench.
type MatchFilter struct {
	Tab   MatchTab
	Text  string // part of the payer's name or of the remark, or an amount in yuan
	After string
	Limit int
}

// Credit is one line of money in.
type Credit struct {
	ID               uuid.UUID
	BookedOn         time.Time
	BookedAt         *time.Time
	AmountFen        money.Fen
	AllocatedFen     money.Fen
	Kind             string
	PayerName        string // a person's is masked
	Person           bool
	PayerAccountMask string
	PayerBank        string
	Text             string
	BankSerial       string
	Branch           string
	AccountNo        string
	// Of the allocation that took the whole line, on the tabs of matched credits.
	OrderNo   string
	Score     int
	ByName    string
	ByNo      string
	MatchedAt *time.Time
}

// Rest is what is not allocated yet.
func (c Credit) Rest() money.Fen { return c.AmountFen - c.AllocatedFen }

const lineColumns = `l.id, l.booked_on, l.booked_at, l.amount_fen, l.allocated_fen, l.kind, l.payer_name,
	l.payer_name_sealed IS NOT NULL AS person, l.payer_account_mask, l.payer_bank, l.text, l.bank_serial, acc.branch, acc.account_no`

const matchedColumns = lineColumns + `, r.order_no, al.score, s.name AS by_name, s.no AS by_no, al.created_at AS matched_at`

func (b *Board) credits(ctx context.Context, a actor.Actor) *gorm.DB {
	return credited(b.db.ReadOnly(ctx).Gorm(), a)
}

func credited(q *gorm.DB, a actor.Actor) *gorm.DB {
	return scoped(q.Table("bank_line l").Joins("JOIN statement_account acc ON acc.id = l.account_id"), a, "acc.project_id")
}

// matchTab narrows to a tab. Each names the state, so that the partial indexes serve it.
func matchTab(q *gorm.DB, tab MatchTab) *gorm.DB {
	if tab == TabToConfirm {
		return q.Where("l.state = 'open'")
	}
	// The line's newest allocation.
	return q.Joins("JOIN allocation al ON al.line_id = l.id").Where("l.state = 'allocated' AND al.source = ?", string(tab)).
		Where("NOT EXISTS (SELECT FROM allocation x WHERE x.line_id = l.id AND (x.created_at, x.id) > (al.created_at, al.id))")
}

// Credits lists the credits of a tab, newest booking first.
func (b *Board) Credits(ctx context.Context, a actor.Actor, f MatchFilter) (Page[Credit], error) {
	from, err := decodeCursor(f.After)
	if err != nil {
		return Page[Credit]{}, err
	}
	size := pageSize(f.Limit)
	list := func(narrow narrowing) ([]Credit, error) {
		q, columns := narrow.where(matchTab(b.credits(ctx, a), f.Tab)), lineColumns
		if f.Tab != TabToConfirm {
			q = q.Joins("JOIN receivable r ON r.id = al.receivable_id").Joins("LEFT JOIN staff s ON s.id = al.by_staff")
			columns = matchedColumns
		}
		if !from.At.IsZero() {
			q = q.Where("(l.booked_on, l.id) < (?, ?)", from.At, from.ID)
		}
		var rows []Credit
		err := q.Select(columns).Order(narrow.sort).Limit(size + 1).Scan(&rows).Error
		return rows, pg.Fault(err)
	}
	const sort = "l.booked_on DESC, l.id DESC"
	var rows []Credit
	fen, notMoney := money.Parse(f.Text)
	switch {
	case notMoney == nil:
		rows, err = list(narrowing{func(q *gorm.DB) *gorm.DB { return q.Where("l.amount_fen = ?", fen) }, sort})
	case f.Tab == TabToConfirm && f.Text != "": // never so many that they need an index
		like, args := matchedNames.like(f.Text)
		rows, err = list(narrowing{func(q *gorm.DB) *gorm.DB { return q.Where(like, args...) }, sort})
	default:
		rows, err = find(b.db.ReadOnly(ctx).Gorm(), matchedNames, a, f.Text, from.At, size+1, list)
	}
	if err != nil {
		return Page[Credit]{}, err
	}
	page := Page[Credit]{Rows: rows}
	if len(rows) > size {
		page.Rows = rows[:size]
		page.Next = cursor{page.Rows[size-1].BookedOn, page.Rows[size-1].ID}.encode()
	}
	return page, nil
}

// MatchCounts counts every tab, each capped.
func (b *Board) MatchCounts(ctx context.Context, a actor.Actor) (map[MatchTab]Count, error) {
	return countTabs(ctx, b, MatchTabs, func(q *gorm.DB, t MatchTab) *gorm.DB { return countedCredits(q, a, t) })
}

// countedCredits is a tab without its order. Matched credits are counted from their allocations, one after the other:
// OFFSET keeps the planner from joining whole tables for the first thousand.
func countedCredits(q *gorm.DB, a actor.Actor, tab MatchTab) *gorm.DB {
	if tab == TabToConfirm {
		return matchTab(credited(q, a), tab)
	}
	fresh := q.Session(&gorm.Session{NewDB: true})
	lines := fresh.Table("bank_line l")
	if !a.AllProjects {
		lines = credited(fresh, a)
	}
	lines = lines.Where("l.id = al.line_id AND l.state = 'allocated'").Select("1")
	return q.Table("allocation al").Where("al.source = ? AND EXISTS (? OFFSET 0)", string(tab), lines).
		Where("NOT EXISTS (SELECT FROM allocation x WHERE x.line_id = al.line_id AND (x.created_at, x.id) > (al.created_at, al.id) OFFSET 0)")
}

// MatchReason is one reason of a candidate: Weight is for, against or missing.
type MatchReason struct {
	Key    string `json:"key"`
	Weight string `json:"weight"`
}

// Candidate is an order a credit may be meant for.
type Candidate struct {
	OrderNo      string
	Holder       string
	Years        int
	DueFen       money.Fen
	AllocatedFen money.Fen
	AmountFen    money.Fen // what would be allocated
	Score        int
	Reasons      []MatchReason `gorm:"-"`
	ReasonsJSON  string        `gorm:"column:reasons" json:"-"`
	// Of the order's voucher; DocumentID is nil where none was uploaded.
	DocumentID   *uuid.UUID
	ClaimPayer   string
	ClaimFen     money.Fen
	ClaimOn      *time.Time
	ClaimAt      *time.Time
	ReviewedByMe bool // the actor had another duty in the order: four eyes
}

// Rest is what the order still owes.
func (c Candidate) Rest() money.Fen { return c.DueFen - c.AllocatedFen }

const candidateColumns = `r.order_no, o.holder, o.years, r.due_fen, r.allocated_fen, c.document_id, c.payer_name AS claim_payer,
	c.amount_fen AS claim_fen, c.paid_on AS claim_on, c.created_at AS claim_at,
	EXISTS (SELECT 1 FROM order_duty d WHERE d.order_id = o.id AND d.staff_id = ? AND d.duty <> 'match') AS reviewed_by_me`

func (b *Board) owed(ctx context.Context, a actor.Actor) *gorm.DB {
	q := b.db.ReadOnly(ctx).Gorm().Table("receivable r").Joins("JOIN orders o ON o.id = r.order_id").
		Joins("LEFT JOIN receivable_claim c ON c.receivable_id = r.id").Where("r.state = 'open'")
	return scoped(q, a, "r.project_id")
}

// Candidates lists what the last matching run proposes for a credit, best first.
func (b *Board) Candidates(ctx context.Context, a actor.Actor, line uuid.UUID) ([]Candidate, error) {
	var rows []Candidate
	err := b.owed(ctx, a).Joins("JOIN match_proposal p ON p.receivable_id = r.id").
		Where("p.line_id = ?", line).Select(candidateColumns+", p.score, p.reasons, p.amount_fen", a.ID).
		Order("p.score DESC, r.order_no").Scan(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	for i := range rows {
		if err := json.Unmarshal([]byte(rows[i].ReasonsJSON), &rows[i].Reasons); err != nil {
			return nil, fault.Wrap("reasons_json", err)
		}
	}
	return rows, nil
}

// Awaiting returns one order that waits for a transfer, by its number, for a person who looks beyond the candidates.
// NotFound "receivable_none".
func (b *Board) Awaiting(ctx context.Context, a actor.Actor, no string) (Candidate, error) {
	var c Candidate
	err := pg.Fault(b.owed(ctx, a).Where("r.order_no = ?", no).Select(candidateColumns, a.ID).Take(&c).Error)
	if fault.Is(err, fault.NotFound) {
		return Candidate{}, fault.New(fault.NotFound, "receivable_none", fault.Args{"no": no})
	}
	return c, err
}
