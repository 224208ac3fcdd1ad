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
	unsorted     string // the same value, as no index has it
	only         string // a condition that all rows of the list fulfil
	prefix       bool   // the text must begin with what is asked for
}

var (
	orderNames    = names{table: "orders", alias: "o", columns: []string{"holder"}, at: "created_at", unsorted: "o.created_at + interval '0'", only: "true"}
	orderPrefixes = names{table: "orders", alias: "o", columns: []string{"holder"}, at: "created_at", unsorted: "o.created_at + interval '0'", only: "true", prefix: true}
	invoiceNames  = names{table: "invoice", alias: "i", columns: []string{"buyer_title"}, at: "created_at", unsorted: "i.created_at + interval '0'", only: "true"}
	matchedNames  = names{table: "bank_line", alias: "l", columns: []string{"payer_name", "text"}, at: "booked_on", unsorted: "l.booked_on + 0", only: "state = 'allocated'"}
)

// recent is how many of the newest rows are looked through before the index is asked.
const recent = 3000

// narrowing is a condition on a list's query, and the order that goes with it.
type narrowing struct {
	where func(*gorm.DB) *gorm.DB
	sort  string
}

// find runs a list, newest first, that may be narrowed by a part of a name; less than two characters narrow nothing. No
// single plan suits all names: a frequent one fills the page from the newest rows, a rare one is fetched by its pairs of
// characters and sorted, and each is slow the other way. So the newest rows are looked through first, and only what is
// too rare to fill the page from them is looked up in the indexes: then few rows have it.
func find[T any](n names, text string, from time.Time, want int, list func(narrowing) ([]T, error)) ([]T, error) {
	sorted, collected := n.orders()
	if len([]rune(text)) < 2 {
		return list(narrowing{func(q *gorm.DB) *gorm.DB { return q }, sorted})
	}
	rows, err := list(narrowing{func(q *gorm.DB) *gorm.DB { return n.newest(q, text, from) }, sorted})
	if err != nil || len(rows) >= want {
		return rows, err
	}
	return list(narrowing{func(q *gorm.DB) *gorm.DB { return n.indexed(q, text) }, collected})
}

// orders is newest first in two ways: by the list's index, and as no index has it, so that the planner must collect what
// it sorts and cannot walk the list instead.
func (n names) orders() (sorted, collected string) {
	id := " DESC, " + n.alias + ".id DESC"
	return n.alias + "." + n.at + id, "(" + n.unsorted + ")" + id
}

// newest looks for the text in the newest rows of the list, from a moment on backwards.
func (n names) newest(q *gorm.DB, text string, from time.Time) *gorm.DB {
	like, args := n.like(text)
	return n.near(q.Where(like, args...), from, recent)
}

// near narrows to so many rows of the list, from a moment on backwards. Both ends are named: of a range with one end the
// planner expects a third of the table.
func (n names) near(q *gorm.DB, from time.Time, rows int) *gorm.DB {
	if from.IsZero() {
		from = endOfTime
	}
	at := n.alias + "." + n.at
	return q.Where(at+" <= ? AND "+at+" >= coalesce((SELECT e."+n.at+" FROM "+n.table+" e WHERE "+n.only+
		" AND e."+n.at+" <= ? ORDER BY e."+n.at+" DESC, e.id DESC OFFSET ? LIMIT 1), '-infinity')", from, from, rows)
}

// indexed looks for the text in all rows.
func (n names) indexed(q *gorm.DB, text string) *gorm.DB {
	terms := make([]string, len(n.columns))
	var args []any
	for i, c := range n.columns {
		terms[i] = "(bigrams(" + n.alias + "." + c + ") @> bigrams(?) AND " + n.alias + "." + c + " LIKE ?)"
		args = append(args, text, n.pattern(text))
	}
	return q.Where("("+strings.Join(terms, " OR ")+")", args...)
}

// like is the condition that one of the columns contains the text, or begins with it.
func (n names) like(text string) (string, []any) {
	terms, args := make([]string, len(n.columns)), make([]any, len(n.columns))
	for i, c := range n.columns {
		terms[i], args[i] = n.alias+"."+c+" LIKE ?", n.pattern(text)
	}
	return "(" + strings.Join(terms, " OR ") + ")", args
}

func (n names) pattern(text string) string {
	if n.prefix {
		return escapeLike(text) + "%"
	}
	return "%" + escapeLike(text) + "%"
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
