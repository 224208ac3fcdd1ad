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

// OrderFilter narrows the order list; zero values do not narrow. Every field is a parameter of the page's URL.
type OrderFilter struct {
	No     string      // exact
	Holder string      // part of the company name, two characters or more
	Stage  order.Stage // exact
	After  string      // key of the page
	Limit  int         // rows a page, 20 unless set
}

const orderColumns = `o.id, o.no, o.holder, o.kind, o.path, o.years, o.stage, o.review, o.agent_name_mask AS agent_mask,
	o.review_due_at, o.submitted_at, o.stage_since, o.created_at, o.updated_at,
	c.staff_id AS claim_staff, s.name AS claim_name, s.no AS claim_no, c.until AS claim_until,
	(SELECT count(*) FROM review_verdict v WHERE v.order_id = o.id) AS rounds`

// orders is the base of every order list: scoped to the actor, joined with the live claim.
func (b *Board) orders(ctx context.Context, a actor.Actor) *gorm.DB {
	q := b.db.ReadOnly(ctx).Gorm().Table("orders o").
		Joins("LEFT JOIN review_claim c ON c.order_id = o.id AND c.until > ?", b.now()).
		Joins("LEFT JOIN staff s ON s.id = c.staff_id")
	return scoped(q, a, "o.project_id")
}

// scoped limits a query to the actor's projects.
func scoped(q *gorm.DB, a actor.Actor, column string) *gorm.DB {
	if a.AllProjects {
		return q
	}
	return q.Where(column+" IN ?", append([]uuid.UUID{uuid.Nil}, a.Projects...))
}

// Orders lists orders, newest first.
func (b *Board) Orders(ctx context.Context, a actor.Actor, f OrderFilter) (Page[OrderLine], error) {
	after, err := decodeCursor(f.After)
	if err != nil {
		return Page[OrderLine]{}, err
	}
	q := b.orders(ctx, a)
	if f.No != "" {
		q = q.Where("o.no = ?", f.No)
	}
	if len([]rune(f.Holder)) >= 2 {
		q = q.Where("o.holder LIKE ?", "%"+escapeLike(f.Holder)+"%")
	}
	if f.Stage != "" {
		q = q.Where("o.stage = ?", f.Stage)
	}
	if !after.At.IsZero() {
		q = q.Where("(o.created_at, o.id) < (?, ?)", after.At, after.ID)
	}
	limit := pageSize(f.Limit)
	var rows []OrderLine
	if err := q.Select(orderColumns).Order("o.created_at DESC, o.id DESC").Limit(limit + 1).Scan(&rows).Error; err != nil {
		return Page[OrderLine]{}, pg.Fault(err)
	}
	page := Page[OrderLine]{Rows: rows}
	if len(rows) > limit {
		page.Rows = rows[:limit]
		last := page.Rows[limit-1]
		page.Next = cursor{last.CreatedAt, last.ID}.encode()
	}
	return page, nil
}

// StageCounts counts the open orders by stage, each capped.
func (b *Board) StageCounts(ctx context.Context, a actor.Actor) (map[order.Stage]Count, error) {
	out := make(map[order.Stage]Count, len(order.AllStages))
	for _, stage := range order.AllStages {
		if stage == order.StageDone || stage == order.StageClosed {
			continue
		}
		n, err := b.count(ctx, func(q *gorm.DB) *gorm.DB {
			return scoped(q.Table("orders o"), a, "o.project_id").Where("o.stage = ?", stage)
		})
		if err != nil {
			return nil, err
		}
		out[stage] = n
	}
	return out, nil
}

// count counts up to CountCap rows.
func (b *Board) count(ctx context.Context, rows func(*gorm.DB) *gorm.DB) (Count, error) {
	g := b.db.ReadOnly(ctx).Gorm()
	var n int
	err := g.Raw("SELECT count(*) FROM (?) capped", rows(g.Session(&gorm.Session{NewDB: true})).Select("1").Limit(CountCap+1)).Scan(&n).Error
	if n > CountCap {
		return Count{N: CountCap, More: true}, pg.Fault(err)
	}
	return Count{N: n}, pg.Fault(err)
}

func pageSize(n int) int {
	switch n {
	case 10, 30, 50, 100:
		return n
	}
	return 20
}

func escapeLike(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r == '%' || r == '_' || r == '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}

// soon is how close a deadline must be to count as 即将超时.
const soon = 30 * time.Minute
