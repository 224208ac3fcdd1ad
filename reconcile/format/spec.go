package format

import "slices"

// Field is a column we know the meaning of.
type Field int

// The columns of a statement. A layout has some of them.
const (
	fieldNone     Field = iota
	FieldAccount        // our own account, per row
	FieldOwnName        // our own name, per row
	FieldCurrency       // 币种
	FieldDate           // 交易日, with or without the time of day
	FieldTime           // 交易时间, where it is a column of its own
	FieldDebit          // 借方: money out
	FieldCredit         // 贷方: money in
	FieldAmount         // the one amount column of layouts without those two
	FieldFlag           // 借贷标志: the direction, in words of Spec.Flags
	FieldBalance        // 余额 after the booking
	FieldType           // 交易类型: the bank's own words
	FieldPayer          // name of the other party; with FieldPayee the one who pays, be it we
	FieldPayerAccount
	FieldPayerBank
	FieldPayee // who is paid, in layouts that name both sides
	FieldPayeeAccount
	FieldPayeeBank
	FieldSerial   // the bank's number of the booking
	FieldReversed // 冲账标志
	FieldReturned // 退汇标识
	FieldText     // 摘要, 用途, 附言 …: several columns may have it, joined in file order
)

// Fact is a figure the file states about itself above the header row, or below the last booking.
type Fact int

// The control facts.
const (
	factNone Fact = iota
	FactAccount
	FactOwnName
	FactDebitSum
	FactDebitCount
	FactCreditSum
	FactCreditCount
	FactOpening
	FactClosing
	FactRecords
)

// Spec is one layout of one bank: what its columns and its preamble are called. A new layout is a new Spec and
// samples in testdata.
type Spec struct {
	Bank, Variant string
	Columns       map[Field][]string     // spellings of the header; folded before they are compared
	Facts         map[Fact][]string      // spellings of labels beside the usual ones
	Flags         map[Direction][]string // words of FieldFlag beside the usual ones
	Signed        bool                   // FieldAmount has the sign of its effect, which must agree with FieldFlag
	Required      []Field                // columns without which a row is not this layout's header
	RequiredFacts []Fact                 // labels that must stand above the header
	Absent        []Field                // a header with one of these is another variant's
	Currencies    []string               // what the currency column says for CNY beside the usual words
}

// specs are the layouts in use, tried on every file; the best match wins.
var specs = []layout{
	compile(abcA),
	compile(bocA),
	compile(ccbB),
	compile(citicA),
	compile(cmbA),
	compile(cmbB),
	compile(cmbcA),
	compile(huaxiaA),
	compile(icbcA),
	compile(pinganA),
	compile(treasuryA),
}

// usualFacts are the labels that many banks share.
var usualFacts = map[Fact][]string{
	FactAccount:     {"账号", "银行账号", "查询账号", "本方账号", "交易账号"},
	FactOwnName:     {"户名", "账户名称", "账号名称", "公司名称", "单位名称", "本方户名"},
	FactDebitSum:    {"累计借方金额", "借方发生总额", "支出总金额", "汇总支出金额"},
	FactDebitCount:  {"累计借方总笔数", "借方发生总笔数", "支出总笔数"},
	FactCreditSum:   {"累计贷方金额", "贷方发生总额", "收入总金额", "汇总收入金额"},
	FactCreditCount: {"累计贷方总笔数", "贷方发生总笔数", "收入总笔数"},
	FactOpening:     {"期初余额"},
	FactClosing:     {"期末余额"},
	FactRecords:     {"记录条数", "总笔数"},
}

// usualFlags are the words of the direction. For a bank 贷 is money in.
var usualFlags = map[Direction][]string{
	In:  {"贷", "贷方", "c", "来账", "入账", "收", "收入"},
	Out: {"借", "借方", "d", "往账", "扣账", "付", "支出"},
}

// usualCurrencies say CNY.
var usualCurrencies = []string{"人民币", "人民币元", "cny", "rmb"}

// layout is a Spec with its spellings folded for look-up.
type layout struct {
	*Spec
	columns    map[string]Field
	facts      map[string]Fact
	flags      map[string]Direction
	currencies []string
}

func compile(s *Spec) layout {
	return layout{
		Spec: s, columns: folded(s.Columns), facts: folded(usualFacts, s.Facts), flags: folded(usualFlags, s.Flags),
		currencies: append(slices.Clone(usualCurrencies), s.Currencies...),
	}
}

// folded turns meaning → spellings into spelling → meaning.
func folded[M comparable](tables ...map[M][]string) map[string]M {
	out := map[string]M{}
	for _, table := range tables {
		for meaning, names := range table {
			for _, n := range names {
				out[fold(n)] = meaning
			}
		}
	}
	return out
}

// header is a found header row: which cell holds which field.
type header struct {
	layout
	row    int
	titles []string
	fields []Field
	score  int // columns and control facts the layout explains; the one that explains more is the right one
}

// match reads a row as this layout's header. Two columns of the same title keep the first, but for FieldText.
func (l layout) match(r row, seen map[Fact]string) (header, bool) {
	h := header{layout: l, row: r.number, titles: r.cells, fields: make([]Field, len(r.cells)), score: len(seen)}
	for i, cell := range r.cells {
		f := l.columns[heading(cell)]
		if f == fieldNone || (f != FieldText && slices.Contains(h.fields, f)) {
			continue
		}
		h.fields[i] = f
		h.score++
	}
	for _, f := range l.Required {
		if !h.has(f) {
			return header{}, false
		}
	}
	if slices.ContainsFunc(l.Absent, h.has) {
		return header{}, false
	}
	for _, f := range l.RequiredFacts {
		if _, ok := seen[f]; !ok {
			return header{}, false
		}
	}
	return h, true
}

// cell gives the first cell of a field in a row, "" if the layout or the row has none.
func (h header) cell(r row, f Field) string {
	if i := h.index(f); i >= 0 && i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

func (h header) index(f Field) int { return slices.Index(h.fields, f) }

func (h header) has(f Field) bool { return slices.Contains(h.fields, f) }

// title is the header of a field as the file writes it, for the reason of a rejected row.
func (h header) title(f Field) string {
	if i := h.index(f); i >= 0 {
		return clean(h.titles[i])
	}
	return ""
}
