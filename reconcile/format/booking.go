package format

import (
	"slices"
	"strings"
)

// refusal says why a row is no booking: the field and a catalogue key.
type refusal struct {
	field  Field
	reason string
}

// booking reads one row below the header.
func (p *parser) booking(r row) {
	h := *p.header
	if h.repeats(r) {
		return
	}
	if footer(r) {
		p.below = append(p.below, r)
		return
	}
	line, bad := p.line(h, r)
	if bad != nil {
		p.rejected = append(p.rejected, Rejected{
			Row: r.number, Column: h.title(bad.field), Reason: bad.reason, Value: clean(h.cell(r, bad.field)),
		})
		return
	}
	p.lines = append(p.lines, line)
}

// line reads the fields of a booking.
func (p *parser) line(h header, r row) (Line, *refusal) {
	at, err := parseStamp(h.cell(r, FieldDate), h.cell(r, FieldTime), p.epoch1904)
	if err != nil {
		return Line{}, &refusal{FieldDate, "row_date_invalid"}
	}
	if c := fold(h.cell(r, FieldCurrency)); c != "" && !slices.Contains(h.currencies, c) {
		return Line{}, &refusal{FieldCurrency, "row_currency_foreign"}
	}
	l := Line{Row: r.number, BookedAt: at.String(), BankSerial: clean(h.cell(r, FieldSerial)), Text: h.text(r)}
	paid, bad := h.amounts(r, &l)
	if bad != nil {
		return Line{}, bad
	}
	if bad := p.parties(h, r, &l); bad != nil {
		return Line{}, bad
	}
	p.sums.add(paid)
	l.Kind = p.kind(h, r, l)
	return l, nil
}

// parties reads who is on the other side, and checks that our side is the account the file is of. Layouts that name
// who pays and who is paid tell the other side by the direction.
func (p *parser) parties(h header, r row, l *Line) *refusal {
	name, account, bank, ours := FieldPayer, FieldPayerAccount, FieldPayerBank, FieldAccount
	if h.has(FieldPayee) {
		ours = FieldPayeeAccount
		if l.Direction == Out {
			name, account, bank, ours = FieldPayee, FieldPayeeAccount, FieldPayeeBank, FieldPayerAccount
		}
	}
	if no := accountNo(h.cell(r, ours)); no != "" {
		if p.account == "" {
			p.account = no
		}
		if no != p.account {
			return &refusal{ours, "row_other_account"}
		}
	}
	l.PayerName, l.PayerBank = party(h.cell(r, name)), clean(h.cell(r, bank))
	l.PayerAccount = accountNo(h.cell(r, account))
	return nil
}

// kind tells what a booking is. A payer may write 手续费 into a remark, so fee and interest are only what the bank
// books itself, without another party; 退汇 and 冲正 count wherever they stand, because a line wrongly held back costs
// a look and a line wrongly matched costs a certificate.
func (p *parser) kind(h header, r row, l Line) Kind {
	words := clean(h.cell(r, FieldType)) + " " + l.Text
	own := l.PayerName != "" && fold(l.PayerName) == fold(p.ownName(h, r, l.Direction))
	switch {
	case l.Kind == Reversal, h.marked(r, FieldReversed), mentions(words, "冲正", "红字", "冲账"):
		return Reversal
	case h.marked(r, FieldReturned), mentions(words, "退汇"):
		return Return
	case own, l.PayerAccount != "" && l.PayerAccount == p.account:
		return Internal
	case l.PayerName == "" && mentions(words, "利息", "结息"):
		return Interest
	case l.PayerName == "" && l.Direction == Out && mentions(words, "手续费", "工本费", "管理费", "服务费", "汇费"):
		return Fee
	}
	return Transfer
}

// marked reads a column that says yes or no.
func (h header) marked(r row, f Field) bool {
	return slices.Contains([]string{"y", "1", "是", "冲账", "冲正", "退汇"}, fold(h.cell(r, f)))
}

// ownName is our name in the row, or above the header.
func (p *parser) ownName(h header, r row, d Direction) string {
	field := FieldOwnName
	if h.has(FieldPayee) {
		field = FieldPayee
		if d == Out {
			field = FieldPayer
		}
	}
	if own := clean(h.cell(r, field)); own != "" {
		return own
	}
	return p.facts[FactOwnName]
}

// party is a name as we keep it; banks write dashes where there is none.
func party(cell string) string {
	name := clean(cell)
	if strings.Trim(name, "-") == "" {
		return ""
	}
	return name
}

func mentions(text string, words ...string) bool {
	folded := fold(text)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(folded, w) })
}

// text joins the columns of free text, each different one once.
func (h header) text(r row) string {
	var parts []string
	for i, f := range h.fields {
		if f != FieldText || i >= len(r.cells) {
			continue
		}
		if t := clean(r.cells[i]); t != "" && !slices.Contains(parts, t) {
			parts = append(parts, t)
		}
	}
	return strings.Join(parts, " ")
}

// repeats reports a header printed again, as paged exports do.
func (h header) repeats(r row) bool {
	return fold(h.cell(r, FieldDate)) == fold(h.title(FieldDate))
}

// footer reports a row of totals below the bookings: it begins with such a word, or is one of 农行's "5 收 91,007,497.02".
func footer(r row) bool {
	for _, cell := range r.cells {
		if f := fold(cell); f != "" {
			return turnover.MatchString(strings.TrimSpace(cell)) ||
				slices.ContainsFunc([]string{"合计", "总计", "小计", "汇总", "累计", "本页"}, func(w string) bool {
					return strings.HasPrefix(f, w)
				})
		}
	}
	return false
}
