package board

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"caconsole/admin/pg"
)

// counts counts the rows of some queries up to CountCap each, all in one statement: a screen has up to fourteen.
func (b *Board) counts(ctx context.Context, rows []func(*gorm.DB) *gorm.DB) ([]Count, error) {
	if len(rows) == 0 {
		return []Count{}, nil
	}
	g := b.db.ReadOnly(ctx).Gorm()
	terms, args := make([]string, len(rows)), make([]any, len(rows))
	found, into := make([]int, len(rows)), make([]any, len(rows))
	for i, r := range rows {
		terms[i] = "(SELECT count(*) FROM (?) capped)"
		args[i] = r(g.Session(&gorm.Session{NewDB: true})).Select("1").Limit(CountCap + 1)
		into[i] = &found[i]
	}
	if err := g.Raw("SELECT "+strings.Join(terms, ", "), args...).Row().Scan(into...); err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Count, len(rows))
	for i, n := range found {
		out[i] = Count{N: min(n, CountCap), More: n > CountCap}
	}
	return out, nil
}

// countTabs counts the rows of every tab of a screen.
func countTabs[T comparable](ctx context.Context, b *Board, tabs []T, rows func(*gorm.DB, T) *gorm.DB) (map[T]Count, error) {
	queries := make([]func(*gorm.DB) *gorm.DB, len(tabs))
	for i, t := range tabs {
		queries[i] = func(q *gorm.DB) *gorm.DB { return rows(q, t) }
	}
	found, err := b.counts(ctx, queries)
	if err != nil {
		return nil, err
	}
	out := make(map[T]Count, len(tabs))
	for i, t := range tabs {
		out[t] = found[i]
	}
	return out, nil
}
