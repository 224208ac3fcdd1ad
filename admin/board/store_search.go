package board

import (
	"regexp"
	"strings"
	"time"

	"gorm.io/gorm"

	"caconsole/admin/actor"
	"caconsole/admin/pg"
)

// names says where a list's searchable text stands. Its columns are those of the migration's bigram indexes.
type names struct {
	table, alias string
	columns      []string
	at           string // what the list is sorted by, newest first
	unsorted     string // the same value, as no index has it
	only         string // a condition that all rows of the list fulfil
	scope        string // e's column of the project, where an index has it before at
	prefix       bool   // the text must begin with what is asked for
}

var (
	orderNames    = names{table: "orders", alias: "o", columns: []string{"holder"}, at: "created_at", unsorted: "o.created_at + interval '0'", only: "true", scope: "e.project_id"}
	orderPrefixes = names{table: "orders", alias: "o", columns: []string{"holder"}, at: "created_at", unsorted: "o.created_at + interval '0'", only: "true", scope: "e.project_id", prefix: true}
	invoiceNames  = names{table: "invoice", alias: "i", columns: []string{"buyer_title"}, at: "created_at", unsorted: "i.created_at + interval '0'", only: "true", scope: "e.project_id"}
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
// characters and sorted, and each is slow the other way. So the newest rows that the actor may see are looked through
// first, and only what is too rare to fill the page from them is looked up in the indexes: then few rows have it.
func find[T any](q *gorm.DB, n names, a actor.Actor, text string, from time.Time, want int, list func(narrowing) ([]T, error)) ([]T, error) {
	sorted, collected := n.orders()
	if len([]rune(text)) < 2 {
		return list(narrowing{func(q *gorm.DB) *gorm.DB { return q }, sorted})
	}
	near, all, err := n.near(q, a, from, recent)
	if err != nil {
		return nil, err
	}
	like, args := n.like(text)
	rows, err := list(narrowing{func(q *gorm.DB) *gorm.DB { return near(q.Where(like, args...)) }, sorted})
	if err != nil || all || len(rows) >= want {
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

// near narrows to so many rows of the list, from a moment on backwards, of those an actor of one project sees: their
// project may have few of them among many others. all says that the list has no more. The far end is read first, so that
// the planner knows how little lies between both.
func (n names) near(q *gorm.DB, a actor.Actor, from time.Time, rows int) (narrow func(*gorm.DB) *gorm.DB, all bool, err error) {
	if from.IsZero() {
		from = endOfTime
	}
	edge := q.Session(&gorm.Session{NewDB: true}).Table(n.table+" e").Where(n.only+" AND e."+n.at+" <= ?", from)
	if n.scope != "" && len(a.Projects) == 1 {
		edge = scoped(edge, a, n.scope)
	}
	var since []time.Time
	if err := edge.Order("e."+n.at+" DESC, e.id DESC").Offset(rows).Limit(1).Pluck("e."+n.at, &since).Error; err != nil {
		return nil, false, pg.Fault(err)
	}
	at := n.alias + "." + n.at
	if len(since) == 0 {
		return func(q *gorm.DB) *gorm.DB { return q.Where(at+" <= ?", from) }, true, nil
	}
	return func(q *gorm.DB) *gorm.DB { return q.Where(at+" BETWEEN ? AND ?", since[0], from) }, false, nil
}

// indexed looks for the text in all rows.
func (n names) indexed(q *gorm.DB, text string) *gorm.DB {
	terms := make([]string, len(n.columns))
	var args []any
	for i, c := range n.columns {
		terms[i] = "(bigrams(" + n.alias + "." + c + ") @> string_to_array(?, chr(31)) AND " + n.alias + "." + c + " LIKE ?)"
		args = append(args, pairs(text), n.pattern(text))
	}
	return q.Where("("+strings.Join(terms, " OR ")+")", args...)
}

// inMost are the pairs that most companies' names have in common, form and seat: reading their long lists in the index
// costs more than it leaves out.
var inMost = regexp.MustCompile("有限|限公|公司|限责|责任|任公|股份|份有|集团|团有|团公|.市")

// pairs are the keys of the index that a text is looked up by: its pairs of neighbouring characters, without those that
// do not tell companies apart, as long as others are left. LIKE settles the rest.
//
// They are joined by the character that separates units, chr(31).
func pairs(text string) string {
	var all, telling []string
	letters := []rune(text)
	for i := range len(letters) - 1 {
		pair := string(letters[i : i+2])
		all = append(all, pair)
		if !inMost.MatchString(pair) {
			telling = append(telling, pair)
		}
	}
	if len(telling) == 0 {
		telling = all
	}
	return strings.Join(telling, "\x1f")
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
