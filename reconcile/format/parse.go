package format

import (
	"errors"
	"strings"

	"caconsole/admin/fault"
)

// probeRows is how far down a sheet the header row is looked for.
const probeRows = 60

// Parse reads one statement file. Rows it cannot take for a booking are kept in Rejected; a file it cannot take for a
// statement at all is refused with one of the faults statement_empty, statement_unreadable, statement_encrypted,
// statement_too_large, statement_too_many_rows, statement_container_unsupported, statement_encoding_unknown,
// statement_layout_unknown, statement_layout_ambiguous, statement_several_sheets.
func Parse(body []byte) (res *Result, err error) {
	c, err := open(body)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	for _, sh := range c.sheets() {
		p := &parser{epoch1904: sh.epoch1904, facts: map[Fact]string{}}
		if err := p.read(sh); err != nil {
			return nil, err
		}
		if p.header == nil {
			continue
		}
		if res != nil {
			return nil, fault.New(fault.Invalid, "statement_several_sheets", nil)
		}
		res = p.result(c)
	}
	if res == nil {
		return nil, fault.New(fault.Invalid, "statement_layout_unknown", nil)
	}
	return res, nil
}

// parser turns one sheet into a result.
type parser struct {
	epoch1904 bool
	above     []row // rows before the header, kept until a layout is known
	below     []row // totals under the bookings
	facts     map[Fact]string
	header    *header
	lines     []Line
	rejected  []Rejected
	account   string
	sums      sums
}

// read walks the sheet: first the search for the header, then the bookings.
func (p *parser) read(sh sheet) error {
	for r, err := range sh.rows {
		if err != nil {
			return err
		}
		if p.header != nil {
			p.booking(r)
			continue
		}
		h, found, err := p.detect(r)
		if err != nil {
			return err
		}
		if found {
			p.header = &h
			p.facts = preamble(h.layout, p.above)
			p.account = accountNo(p.facts[FactAccount])
			continue
		}
		if p.above = append(p.above, r); len(p.above) > probeRows {
			return nil
		}
	}
	return nil
}

// detect tries every layout on a row. Two layouts that explain it equally well are refused rather than guessed.
func (p *parser) detect(r row) (best header, ok bool, err error) {
	tie := false
	for _, l := range specs {
		h, matches := l.match(r, preamble(l, p.above))
		switch {
		case !matches:
		case !ok || h.score > best.score:
			best, ok, tie = h, true, false
		case h.score == best.score:
			tie = true
		}
	}
	if tie {
		return header{}, false, fault.New(fault.Invalid, "statement_layout_ambiguous", nil)
	}
	return best, ok, nil
}

// preamble finds the control facts of a layout: a label with its value in the next filled cell, or behind a colon.
func preamble(l layout, rows []row) map[Fact]string {
	facts := map[Fact]string{}
	for _, r := range rows {
		label := factNone
		for _, cell := range r.cells {
			if strings.TrimSpace(cell) == "" {
				continue
			}
			if f, ok := l.facts[heading(cell)]; ok {
				label = f
				continue
			}
			if f, value, ok := l.colon(cell); ok {
				label = factNone
				keep(facts, f, value)
				continue
			}
			if label != factNone {
				keep(facts, label, cell)
				label = factNone
			}
		}
	}
	return facts
}

// colon reads "银行账号:755900000000019" in one cell.
func (l layout) colon(cell string) (Fact, string, bool) {
	name, value, ok := strings.Cut(strings.ReplaceAll(cell, "：", ":"), ":")
	if !ok || strings.TrimSpace(value) == "" {
		return factNone, "", false
	}
	f, known := l.facts[heading(name)]
	return f, value, known
}

// keep holds on to the first value of a fact.
func keep(facts map[Fact]string, f Fact, value string) {
	if _, ok := facts[f]; !ok {
		facts[f] = clean(value)
	}
}

// result closes the sheet: the control facts against what was read.
func (p *parser) result(c container) *Result {
	totalsBelow(p.header.layout, p.below, p.facts)
	res := &Result{
		Container: c.name(), Encoding: c.encoding(), Bank: &p.header.Bank, Variant: &p.header.Variant,
		HeaderRow: p.header.row, Account: p.account, OwnName: p.facts[FactOwnName],
		Lines: p.lines, Rejected: p.rejected,
	}
	if res.Lines == nil {
		res.Lines = []Line{}
	}
	if res.Rejected == nil {
		res.Rejected = []Rejected{}
	}
	p.control(res)
	return res
}
