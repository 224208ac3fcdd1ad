package board

import (
	"context"

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

// newestFirst sorts orders.
const newestFirst = "o.created_at DESC, o.id DESC"

const orderColumns = `o.id, o.no, o.holder, o.kind, o.path, o.years, o.stage, o.review, o.agent_name_mask AS agent_mask,
	o.review_due_at, o.submitted_at, o.stage_since, o.created_at, o.updated_at,
	c.staff_id AS claim_staff, s.name AS claim_name, s.no AS claim_no, c.until AS claim_until,
	(SELECT count(*) FROM review_verdict v WHERE v.order_id = o.id) AS rounds`

// orders is the base of every order list, scoped to the actor.
func (b *Board) orders(ctx context.Context, a actor.Actor) *gorm.DB {
	return scoped(b.db.ReadOnly(ctx).Gorm().Table("orders o"), a, "o.project_id")
}

// lines reads the first rows of a query over orders, and only then joins who has claimed them: joined first, the planner
// may think it cheaper to read the whole table. first finds the rows, then sorts them.
func (b *Board) lines(ctx context.Context, orders *gorm.DB, first, then string, limit int) ([]OrderLine, error) {
	var rows []OrderLine
	err := b.db.ReadOnly(ctx).Gorm().Table("(?) o", orders.Select("o.*").Order(first).Limit(limit)).
		Joins("LEFT JOIN review_claim c ON c.order_id = o.id AND c.until > ? AND o.review = 'claimed'", b.now()).
		Joins("LEFT JOIN staff s ON s.id = c.staff_id").
		Select(orderColumns).Order(then).Scan(&rows).Error
	return rows, pg.Fault(err)
}

// scoped limits a query to the actor's projects.
func scoped(q *gorm.DB, a actor.Actor, column string) *gorm.DB {
	switch {
	case a.AllProjects:
		return q
	case len(a.Projects) == 0:
		return q.Where("false")
	case len(a.Projects) == 1: // an index that begins with the project gives its rows in order
		return q.Where(column+" = ?", a.Projects[0])
	}
	return q.Where(column+" IN ?", a.Projects)
}

// Orders lists orders, newest first.
func (b *Board) Orders(ctx context.Context, a actor.Actor, f OrderFilter) (Page[OrderLine], error) {
	after, err := decodeCursor(f.After)
	if err != nil {
		return Page[OrderLine]{}, err
	}
	limit := pageSize(f.Limit)
	rows, err := find(b.db.ReadOnly(ctx).Gorm(), orderNames, a, f.Holder, after.At, limit+1, func(narrow narrowing) ([]OrderLine, error) {
		q := narrow.where(b.orders(ctx, a))
		if f.No != "" {
			q = q.Where("o.no = ?", f.No)
		}
		if f.Stage != "" {
			q = q.Where("o.stage = ?", f.Stage)
		}
		if !after.At.IsZero() {
			q = q.Where("(o.created_at, o.id) < (?, ?)", after.At, after.ID)
		}
		return b.lines(ctx, q, narrow.sort, newestFirst, limit+1)
	})
	if err != nil {
		return Page[OrderLine]{}, err
	}
	page := Page[OrderLine]{Rows: rows}
	if len(rows) > limit {
		page.Rows = rows[:limit]
		last := page.Rows[limit-1]
		page.Next = cursor{last.CreatedAt, last.ID}.encode()
	}
	return page, nil
}

func pageSize(n int) int {
	switch n {
	case 10, 30, 50, 100:
		return n
	}
	return 20
}
