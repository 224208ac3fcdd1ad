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
	FieldBalance        // 余额 after the booking
	FieldType           // 交易类型: the bank's own words
	FieldPayer          // name of the other party
	FieldPayerAccount
	FieldPayerBank
	FieldSerial   // the bank's number of the booking
	FieldReversed // 冲账标志
	FieldText     // 摘要, 用途, 附言 …: several columns may have it, joined in file order
)

// Fact is a figure the file states about itself above the header row.
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
	Columns       map[Field][]string // spellings of the header; folded before they are compared
	Facts         map[Fact][]string  // spellings of the labels in the preamble
	Required      []Field            // columns without which a row is not this layout's header
	RequiredFacts []Fact             // labels that must stand above the header
	Currencies    []string           // what the currency column says for CNY
}

// specs are the layouts in use, tried on every file; the best match wins.
var specs = []layout{compile(cmbA), compile(cmbB)}

// layout is a Spec with its spellings folded for look-up.
type layout struct {
	*Spec
	columns map[string]Field
	facts   map[string]Fact
}

func compile(s *Spec) layout {
	l := layout{Spec: s, columns: map[string]Field{}, facts: map[string]Fact{}}
	for field, names := range s.Columns {
		for _, n := range names {
			l.columns[fold(n)] = field
		}
	}
	for fact, names := range s.Facts {
		for _, n := range names {
			l.facts[fold(n)] = fact
		}
	}
	return l
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
		f := l.columns[fold(cell)]
		if f == fieldNone || (f != FieldText && slices.Contains(h.fields, f)) {
			continue
		}
		h.fields[i] = f
		h.score++
	}
	for _, f := range l.Required {
		if !slices.Contains(h.fields, f) {
			return header{}, false
		}
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

// title is the header of a field as the file writes it, for the reason of a rejected row.
func (h header) title(f Field) string {
	if i := h.index(f); i >= 0 {
		return clean(h.titles[i])
	}
	return ""
}
