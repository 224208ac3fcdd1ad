// Package bank writes account statements as banks' net banks export them, each in its own layout.
package bank

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Account is the account a statement is of.
type Account struct{ Name, Number string }

// Kind is what a booking is, as far as a bank tells.
type Kind int

// The kinds of booking. A layout says them in a column of its own, or in its words only.
const (
	Transfer Kind = iota
	Fee           // 手续费
	Interest      // 结息
	Return        // 退汇: a payment came back
	Reversal      // 冲正: the bank takes an earlier booking back
)

// Line is one booking. Fen > 0 is money coming in.
type Line struct {
	At           time.Time // written in Beijing time
	Fen          int64
	Kind         Kind
	Party        string // the other side; the bank itself has none
	PartyAccount string
	PartyBank    string
	Remark       string
	Serial       string // the bank's own number of the booking
}

// Layout is one way a bank exports a statement.
type Layout struct {
	Bank, Variant string // as bank_headers.tsv has them
	Name          string // of the bank
	Ext           string // .xlsx or .csv
	write         func(Account, statement) ([]byte, error)
}

// Layouts are all that can be written.
var Layouts = []Layout{
	{"CMB", "A", "招商银行", ".xlsx", cmb},
	{"ICBC", "A", "工商银行", ".csv", icbc},
	{"CCB", "B", "建设银行", ".xlsx", ccb},
	{"ABC", "A", "农业银行", ".xlsx", abc},
	{"BOC", "A", "中国银行", ".csv", boc},
	{"PINGAN", "A", "平安银行", ".xlsx", pingan},
	{"CITIC", "A", "中信银行", ".xlsx", citic},
	{"CMBC", "A", "民生银行", ".xlsx", cmbc},
	{"HUAXIA", "A", "华夏银行", ".xlsx", huaxia},
	{"TREASURY", "A", "财务公司", ".xlsx", treasury},
}

// Of is the layout of a bank.
func Of(bank string) (Layout, error) {
	for _, l := range Layouts {
		if l.Bank == bank {
			return l, nil
		}
	}
	return Layout{}, fmt.Errorf("no layout of %s", bank)
}

// Write makes the file of some bookings, oldest first. lines must not be empty.
func (l Layout) Write(a Account, openingFen int64, lines []Line) ([]byte, error) {
	if len(lines) == 0 {
		return nil, errors.New("write statement: no lines")
	}
	raw, err := l.write(a, total(openingFen, lines))
	if err != nil {
		return nil, fmt.Errorf("write statement of %s: %w", l.Bank, err)
	}
	return raw, nil
}

// CMB writes the workbook that China Merchants Bank exports. lines must not be empty.
func CMB(a Account, openingFen int64, lines []Line) ([]byte, error) {
	return Layouts[0].Write(a, openingFen, lines)
}

// booked is a booking with the balance after it.
type booked struct {
	Line
	balance int64
}

// statement is what a file is made of: bookings oldest first and their totals, in fen.
type statement struct {
	lines            []booked
	opening, closing int64
	in, out          int64
	ins, outs        int
}

func total(openingFen int64, lines []Line) statement {
	s := statement{opening: openingFen, closing: openingFen}
	for _, l := range lines {
		s.closing += l.Fen
		if l.Fen >= 0 {
			s.in, s.ins = s.in+l.Fen, s.ins+1
		} else {
			s.out, s.outs = s.out-l.Fen, s.outs+1
		}
		s.lines = append(s.lines, booked{l, s.closing})
	}
	return s
}

// newestFirst turns the bookings round, as many net banks show them.
func (s statement) newestFirst() []booked {
	lines := slices.Clone(s.lines)
	slices.Reverse(lines)
	return lines
}

func (s statement) first() time.Time { return s.lines[0].At }
func (s statement) last() time.Time  { return s.lines[len(s.lines)-1].At }

// beijing is the time zone of banks.
var beijing = time.FixedZone("CST", 8*3600)

func day(at time.Time) string    { return at.In(beijing).Format("20060102") }
func dashed(at time.Time) string { return at.In(beijing).Format(time.DateOnly) }
func clock(at time.Time) string  { return at.In(beijing).Format(time.TimeOnly) }
func moment(at time.Time) string { return at.In(beijing).Format(time.DateTime) }

// word is how banks call a kind of booking.
func (k Kind) word() string {
	return [...]string{"网银转账", "收费", "结息", "退汇", "冲正"}[k]
}

// number is an amount as a number cell has it, in yuan.
func number(fen int64) float64 { return float64(fen) / 100 }

// text is an amount as text: 1,234.56.
func text(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	whole := fmt.Sprint(fen / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s%s.%02d", sign, whole, fen%100)
}

// incoming and outgoing are a booking's amounts in two columns; none is what stands in the other one.
func (b booked) incoming(none string) string {
	if b.Fen < 0 {
		return none
	}
	return text(b.Fen)
}

func (b booked) outgoing(none string) string {
	if b.Fen >= 0 {
		return none
	}
	return text(-b.Fen)
}
