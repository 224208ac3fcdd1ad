package format

import (
	"slices"
	"strings"

	"caconsole/admin/money"
)

// refusal says why a row is no booking: the field and a catalogue key.
type refusal struct {
	field  Field
	reason string
}

// booking reads one row below the header.
func (p *parser) booking(r row) {
	h := *p.header
	if h.repeats(r) || footer(r) {
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
	if c := fold(h.cell(r, FieldCurrency)); c != "" && !slices.Contains(h.Currencies, c) {
		return Line{}, &refusal{FieldCurrency, "row_currency_foreign"}
	}
	if own := accountNo(h.cell(r, FieldAccount)); own != "" {
		if p.account == "" {
			p.account = own
		}
		if own != p.account {
			return Line{}, &refusal{FieldAccount, "row_other_account"}
		}
	}
	l := Line{
		Row: r.number, BookedAt: at.String(),
		PayerName: clean(h.cell(r, FieldPayer)), PayerAccount: accountNo(h.cell(r, FieldPayerAccount)),
		PayerBank: clean(h.cell(r, FieldPayerBank)), BankSerial: clean(h.cell(r, FieldSerial)), Text: h.text(r),
	}
	if bad := p.amounts(h, r, &l); bad != nil {
		return Line{}, bad
	}
	l.Kind = p.kind(h, r, l)
	return l, nil
}

// amounts reads debit, credit and balance. An amount below zero is a booking taken back: 红字 in the debit column
// brings money in.
func (p *parser) amounts(h header, r row, l *Line) *refusal {
	debit, _, err := parseAmount(h.cell(r, FieldDebit))
	if err != nil {
		return &refusal{FieldDebit, "row_amount_invalid"}
	}
	credit, _, err := parseAmount(h.cell(r, FieldCredit))
	if err != nil {
		return &refusal{FieldCredit, "row_amount_invalid"}
	}
	balance, stated, err := parseAmount(h.cell(r, FieldBalance))
	if err != nil {
		return &refusal{FieldBalance, "row_balance_invalid"}
	}
	if (debit == 0) == (credit == 0) {
		reason := "row_amount_missing"
		if debit != 0 {
			reason = "row_amount_both_sides"
		}
		return &refusal{FieldCredit, reason}
	}
	if stated {
		l.Balance = &balance
	}
	p.sums.add(debit, credit)
	l.Direction, l.Amount = In, credit-debit
	if l.Amount < 0 {
		l.Direction, l.Amount = Out, -l.Amount
	}
	if debit < 0 || credit < 0 {
		l.Kind = Reversal
	}
	return nil
}

// kind tells what a booking is. A payer may write 手续费 into a remark, so fee and interest are only what the bank
// books itself, without another party; 退汇 and 冲正 count wherever they stand, because a line wrongly held back costs
// a look and a line wrongly matched costs a certificate.
func (p *parser) kind(h header, r row, l Line) Kind {
	words := clean(h.cell(r, FieldType)) + " " + l.Text
	flag := fold(h.cell(r, FieldReversed))
	own := l.PayerName != "" && fold(l.PayerName) == fold(p.ownName(h, r))
	switch {
	case l.Kind == Reversal, slices.Contains([]string{"y", "1", "是", "冲账", "冲正"}, flag), mentions(words, "冲正", "红字", "冲账"):
		return Reversal
	case mentions(words, "退汇"):
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

func (p *parser) ownName(h header, r row) string {
	if own := clean(h.cell(r, FieldOwnName)); own != "" {
		return own
	}
	return p.facts[FactOwnName]
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

// footer reports a row of totals below the bookings: it begins with such a word and holds no date.
func footer(r row) bool {
	for _, cell := range r.cells {
		if f := fold(cell); f != "" {
			return slices.ContainsFunc([]string{"合计", "总计", "小计", "汇总", "累计", "本页"}, func(w string) bool {
				return strings.HasPrefix(f, w)
			})
		}
	}
	return false
}

// sums are the totals of the two amount columns, signs as written.
type sums struct {
	debit, credit           money.Fen
	debitCount, creditCount int64
}

func (s *sums) add(debit, credit money.Fen) {
	if debit != 0 {
		s.debit, s.debitCount = s.debit+debit, s.debitCount+1
	}
	if credit != 0 {
		s.credit, s.creditCount = s.credit+credit, s.creditCount+1
	}
}
