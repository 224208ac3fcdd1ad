package board

import (
	"strings"
	"time"

	"gorm.io/gorm"
)

// names says where a list's searchable text stands. Its columns are those of the migration's bigram indexes.
type names struct {
	table, alias string
	columns      []string
	at           string // what the list is sorted by, newest first
	only         string // a condition that all rows of the list fulfil
	prefix       bool   // the text must begin with what is asked for
}

var (
	orderNames    = names{table: "orders", alias: "o", columns: []string{"holder"}, at: "created_at", only: "true"}
	orderPrefixes = names{table: "orders", alias: "o", columns: []string{"holder"}, at: "created_at", only: "true", prefix: true}
	invoiceNames  = names{table: "invoice", alias: "i", columns: []string{"buyer_title"}, at: "created_at", only: "true"}
	matchedNames  = names{table: "bank_line", alias: "l", columns: []string{"payer_name", "text"}, at: "booked_on", only: "state = 'allocated'"}
)

// recent is how many of the newest rows are looked through before the index is asked.
const recent = 5000

// narrowing adds conditions to a list's query.
type narrowing func(*gorm.DB) *gorm.DB

// find runs a list that may be narrowed by a part of a name; less than two characters narrow nothing. No single plan
// suits all names: a frequent one fills the page from the newest rows, a rare one is fetched by its pairs of
// characters and sorted, and each is slow the other way. So the newest rows are looked through first, and only a name
// too rare to fill the page from them is looked up in the index: then few rows have it.
func find[T any](n names, text string, from time.Time, want int, list func(narrowing) ([]T, error)) ([]T, error) {
	if len([]rune(text)) < 2 {
		return list(func(q *gorm.DB) *gorm.DB { return q })
	}
	rows, err := list(func(q *gorm.DB) *gorm.DB { return n.newest(q, text, from) })
	if err != nil || len(rows) >= want {
		return rows, err
	}
	return list(func(q *gorm.DB) *gorm.DB { return n.indexed(q, text) })
}

// newest looks for the text in the newest rows of the list, from a moment on backwards.
func (n names) newest(q *gorm.DB, text string, from time.Time) *gorm.DB {
	if from.IsZero() {
		from = endOfTime
	}
	like, args := n.like(n.alias+".", text)
	return q.Where(like, args...).Where(n.alias+"."+n.at+" >= coalesce((SELECT e."+n.at+" FROM "+n.table+" e WHERE "+n.only+
		" AND e."+n.at+" <= ? ORDER BY e."+n.at+" DESC, e.id DESC OFFSET ? LIMIT 1), '-infinity')", from, recent)
}

// indexed looks for the text in all rows. The array keeps the planner from walking the list instead.
func (n names) indexed(q *gorm.DB, text string) *gorm.DB {
	selects := make([]string, 0, len(n.columns))
	var all []any
	for _, c := range n.columns {
		like, args := names{columns: []string{c}, prefix: n.prefix}.like("", text)
		selects = append(selects, "SELECT id FROM "+n.table+" WHERE "+n.only+" AND bigrams("+c+") @> bigrams(?) AND "+like)
		all = append(append(all, text), args...)
	}
	return q.Where(n.alias+".id = ANY (ARRAY("+strings.Join(selects, " UNION ")+"))", all...)
}

// like is the condition that one of the columns contains the text, or begins with it.
func (n names) like(alias, text string) (string, []any) {
	pattern := escapeLike(text) + "%"
	if !n.prefix {
		pattern = "%" + pattern
	}
	terms := make([]string, 0, len(n.columns))
	args := make([]any, 0, len(n.columns))
	for _, c := range n.columns {
		terms, args = append(terms, alias+c+" LIKE ?"), append(args, pattern)
	}
	return "(" + strings.Join(terms, " OR ") + ")", args
}

// endOfTime is later than any row.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

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
