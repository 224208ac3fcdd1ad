package format

import (
	"regexp"
	"strconv"
	"strings"

	"caconsole/admin/money"
)

// turnover is how 农行 totals a column: "5 收 91,007,497.02".
var turnover = regexp.MustCompile(`^(\d+) *笔? *([收支付]) *([\d,.]+)$`)

// totalsBelow adds the facts a statement states under its bookings; what stands above them counts first.
func totalsBelow(l layout, rows []row, facts map[Fact]string) {
	for f, value := range preamble(l, rows) {
		keep(facts, f, value)
	}
	for _, r := range rows {
		for _, cell := range r.cells {
			m := turnover.FindStringSubmatch(strings.TrimSpace(cell))
			switch {
			case m == nil:
			case m[2] == "收":
				keep(facts, FactCreditCount, m[1])
				keep(facts, FactCreditSum, m[3])
			default:
				keep(facts, FactDebitCount, m[1])
				keep(facts, FactDebitSum, m[3])
			}
		}
	}
}

// control compares what the file states with what was read.
func (p *parser) control(res *Result) {
	res.Opening, res.Closing = p.amountFact(FactOpening), p.amountFact(FactClosing)
	res.Totals = p.totals(res)
	if len(res.Totals) > 0 {
		ok := true
		for _, t := range res.Totals {
			ok = ok && t.OK()
		}
		res.TotalsOK = &ok
	}
	chain(res)
}

// totals lists every count and sum the file states. A stated figure that cannot be read is compared as one that is
// wrong: it is a fact of the file all the same.
func (p *parser) totals(res *Result) []Total {
	var all []Total
	add := func(f Fact, name string, read int64, parse func(string) (int64, bool)) {
		text, ok := p.facts[f]
		if !ok {
			return
		}
		stated, ok := parse(text)
		if !ok {
			stated = -1
		}
		all = append(all, Total{Name: name, Stated: stated, Read: read})
	}
	add(FactRecords, "record_count", int64(len(res.Lines)+len(res.Rejected)), count)
	add(FactCreditSum, "in_fen", int64(p.sums.credit), sum)
	add(FactCreditCount, "in_count", p.sums.creditCount, count)
	add(FactDebitSum, "out_fen", int64(p.sums.debit), sum)
	add(FactDebitCount, "out_count", p.sums.debitCount, count)
	return all
}

func (p *parser) amountFact(f Fact) *money.Fen {
	text, ok := p.facts[f]
	if !ok {
		return nil
	}
	v, stated, err := parseAmount(text)
	if err != nil || !stated {
		return nil
	}
	return &v
}

func sum(text string) (int64, bool) {
	v, _, err := parseAmount(text)
	return int64(v), err == nil
}

func count(text string) (int64, bool) {
	v, err := strconv.ParseInt(strings.TrimSuffix(text, "笔"), 10, 64)
	return v, err == nil
}

// chain proves the running balance: before + in − out = after, row by row, oldest first or newest first, from the
// opening to the closing balance where the file states them. It proves order, direction and completeness at once.
func chain(res *Result) {
	old, newest := walk(res, false), walk(res, true)
	best := old
	if newest.broken < old.broken {
		best = newest
	}
	if best.links == 0 {
		if len(res.Lines) == 1 && len(res.Rejected) == 0 { // nothing to compare, yet the balances are known
			res.Opening, res.Closing = best.opening, best.closing
		}
		return
	}
	ok := best.broken == 0
	res.ChainOK, res.ChainBreak, res.ChainGap = &ok, best.row, best.gap
	if ok { // a proved chain states the balances even where the preamble does not
		res.Opening, res.Closing = best.opening, best.closing
	}
}

// walked is one reading of the balances in one order.
type walked struct {
	links, broken    int
	row              int
	gap              money.Fen
	opening, closing *money.Fen
}

func walk(res *Result, newestFirst bool) walked {
	w := walked{opening: res.Opening, closing: res.Closing}
	before, last := res.Opening, 0
	for i := range res.Lines {
		l := res.Lines[i]
		if newestFirst {
			l = res.Lines[len(res.Lines)-1-i]
		}
		last = l.Row
		if l.Balance == nil {
			before = nil
			continue
		}
		if before != nil {
			w.link(l.Row, *l.Balance-*before-l.effect())
		}
		if w.opening == nil {
			opening := *l.Balance - l.effect()
			w.opening = &opening
		}
		before = l.Balance
	}
	if before != nil && res.Closing != nil && last > 0 {
		w.link(last, *res.Closing-*before)
	}
	if w.closing == nil {
		w.closing = before
	}
	return w
}

// link counts one step of the chain; a gap other than zero breaks it, and the first break is the one to look at.
func (w *walked) link(row int, gap money.Fen) {
	w.links++
	if gap == 0 {
		return
	}
	if w.broken++; w.broken == 1 {
		w.row, w.gap = row, gap
	}
}
