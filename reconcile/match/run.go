package match

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/money"
)

// Days around which a voucher's date and a booking count as the same payment: a transfer sent before a weekend is
// booked after it. (A guess, to be measured.)
const claimDays = 3

// maxSuggestions bounds what is proposed for one line.
const maxSuggestions = 10

// Run proposes over the whole open set. valid tells a well-formed order number with a right check digit. The answer
// is sorted by line, then by what a person should look at first.
func Run(set Set, valid func(string) bool) []Proposal {
	ix := build(set, valid)
	pairs := ix.pairs()
	var out []Proposal
	for _, l := range ix.lines {
		var of []Proposal
		for _, p := range pairs[l.ID] {
			of = append(of, ix.judge(l, p, pairs))
		}
		slices.SortFunc(of, rank)
		out = append(out, of[:min(len(of), maxSuggestions)]...)
	}
	return out
}

func rank(a, b Proposal) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), bytes.Compare(a.Order[:], b.Order[:]))
}

// index holds the open set by everything a line may name.
type index struct {
	valid     func(string) bool
	lines     []Line
	orders    map[uuid.UUID]Order
	byNo      map[string]uuid.UUID
	byHolder  map[string][]uuid.UUID
	byClaim   map[claimKey][]uuid.UUID
	images    map[string]int // orders a voucher's image was given for
	lineRefs  map[uuid.UUID][]string
	lineCount map[uuid.UUID]int // lines that are candidates of an order
}

// claimKey is what a claim and a line must agree in before the date is looked at.
type claimKey struct {
	payer  string
	amount money.Fen
}

func build(set Set, valid func(string) bool) *index {
	ix := &index{
		valid: valid, orders: map[uuid.UUID]Order{}, byNo: map[string]uuid.UUID{}, byHolder: map[string][]uuid.UUID{},
		byClaim: map[claimKey][]uuid.UUID{}, images: map[string]int{}, lineRefs: map[uuid.UUID][]string{},
		lineCount: map[uuid.UUID]int{},
	}
	orders := slices.Clone(set.Orders)
	slices.SortFunc(orders, func(a, b Order) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	for _, o := range orders {
		ix.addOrder(o)
	}
	for _, l := range set.Lines {
		if l.Plain && l.Open > 0 {
			ix.lines = append(ix.lines, l)
			ix.lineRefs[l.ID] = References(l.Text, valid)
		}
	}
	slices.SortFunc(ix.lines, func(a, b Line) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return ix
}

func (ix *index) addOrder(o Order) {
	ix.orders[o.ID] = o
	ix.byNo[o.No] = o.ID
	if o.Holder != "" {
		ix.byHolder[o.Holder] = append(ix.byHolder[o.Holder], o.ID)
	}
	seen := map[string]bool{}
	for _, c := range o.Claims {
		key := claimKey{c.Payer, c.Amount}
		if c.Payer != "" && !slices.Contains(ix.byClaim[key], o.ID) {
			ix.byClaim[key] = append(ix.byClaim[key], o.ID)
		}
		if !seen[c.Image] {
			seen[c.Image] = true
			ix.images[c.Image]++
		}
	}
}

// pair is an order a line may pay, with how it was found.
type pair struct {
	order  uuid.UUID
	ref    bool // its number stands in the remark
	claim  bool // a voucher claims this payer, amount and date
	shared bool // …but the voucher was given for several orders
	holder bool // the payer is its holder
}

// pairs finds the candidates of every line from three indexes. An amount is never one: prices repeat.
func (ix *index) pairs() map[uuid.UUID][]pair {
	all := make(map[uuid.UUID][]pair, len(ix.lines))
	for _, l := range ix.lines {
		of := map[uuid.UUID]*pair{}
		at := func(id uuid.UUID) *pair {
			if of[id] == nil {
				of[id] = &pair{order: id}
			}
			return of[id]
		}
		for _, no := range ix.lineRefs[l.ID] {
			if id, ok := ix.byNo[no]; ok {
				at(id).ref = true
			}
		}
		if l.Payer != "" {
			ix.byNames(l, at)
		}
		list := make([]pair, 0, len(of))
		for _, p := range of {
			list = append(list, *p)
			ix.lineCount[p.order] += ix.counts(l, *p)
		}
		slices.SortFunc(list, func(a, b pair) int { return bytes.Compare(a.order[:], b.order[:]) })
		all[l.ID] = list
	}
	return all
}

func (ix *index) byNames(l Line, at func(uuid.UUID) *pair) {
	for _, id := range ix.byClaim[claimKey{l.Payer, l.Open}] {
		for _, c := range ix.orders[id].Claims {
			if c.Payer == l.Payer && c.Amount == l.Open && near(c.On, l.On) {
				p := at(id)
				p.claim, p.shared = true, p.shared || c.Shared || ix.images[c.Image] > 1
			}
		}
	}
	for _, id := range ix.byHolder[l.Payer] {
		at(id).holder = true
	}
}

// counts tells whether a line is a serious candidate of an order: named, claimed, or the holder's exact amount.
// An order with two of them is nobody's for certain.
func (ix *index) counts(l Line, p pair) int {
	if p.ref || p.claim || (p.holder && l.Open == ix.orders[p.order].Due) {
		return 1
	}
	return 0
}

func near(a, b time.Time) bool {
	d := a.Sub(b)
	return d <= claimDays*24*time.Hour && d >= -claimDays*24*time.Hour
}
