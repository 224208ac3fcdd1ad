package board

import (
	"context"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"caconsole/admin/pg"
)

// counts counts the rows of some queries up to CountCap each, all in one statement: a screen has up to fourteen. Those
// that were beyond the cap a moment ago are taken to be so still.
func (b *Board) counts(ctx context.Context, rows []func(*gorm.DB) *gorm.DB) ([]Count, error) {
	g := b.db.ReadOnly(ctx).Gorm()
	out := make([]Count, len(rows))
	keys := make([]string, len(rows))
	var terms []string
	var args, into []any
	for i, r := range rows {
		keys[i] = g.ToSQL(func(q *gorm.DB) *gorm.DB { return r(q).Select("1").Find(&[]map[string]any{}) })
		if b.beyond.holds(keys[i], b.now()) {
			out[i] = Count{CountCap, true}
			continue
		}
		terms = append(terms, "(SELECT count(*) FROM (?) capped)")
		args = append(args, r(g.Session(&gorm.Session{NewDB: true})).Select("1").Limit(CountCap+1))
		into = append(into, &out[i].N)
	}
	if len(terms) == 0 {
		return out, nil
	}
	if err := g.Raw("SELECT "+strings.Join(terms, ", "), args...).Row().Scan(into...); err != nil {
		return nil, pg.Fault(err)
	}
	for i, c := range out {
		if c.N > CountCap {
			out[i] = Count{CountCap, true}
			b.beyond.remember(keys[i], b.now())
		}
	}
	return out, nil
}

// How long a count beyond the cap is believed, and how many are kept in mind.
const (
	beyondLife = 5 * time.Second
	beyondMost = 1000
)

// beyond keeps in mind which counts were beyond the cap: they cost most, and all a person sees of them is "1000+".
// Smaller numbers are always counted anew, so that nobody misses what they have just done. A count is known by its whole
// query with its arguments: projects, person and moment are part of it.
type beyond struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

func (m *beyond) holds(query string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.seen[query]
	age := now.Sub(at)
	return ok && 0 <= age && age < beyondLife
}

func (m *beyond) remember(query string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.seen) >= beyondMost {
		clear(m.seen)
	}
	if m.seen == nil {
		m.seen = map[string]time.Time{}
	}
	m.seen[query] = now
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
