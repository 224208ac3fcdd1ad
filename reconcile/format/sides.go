package format

import "caconsole/admin/money"

// sides are the two columns of a booking as a ledger has them; one of them is zero, and one below zero takes a booking
// back.
type sides struct{ debit, credit money.Fen }

// amounts reads what a booking does to the balance, in each of the ways layouts have to say it: a column for each
// side, a flag beside them, one column with a flag, with a sign, or with both.
func (h header) amounts(r row, l *Line) (sides, *refusal) {
	read := h.twoColumns
	if h.has(FieldAmount) {
		read = h.oneColumn
	}
	paid, bad := read(r)
	if bad != nil {
		return sides{}, bad
	}
	balance, stated, err := parseAmount(h.cell(r, FieldBalance))
	if err != nil {
		return sides{}, &refusal{FieldBalance, "row_balance_invalid"}
	}
	if stated {
		l.Balance = &balance
	}
	l.Direction, l.Amount = In, paid.credit-paid.debit
	if l.Amount < 0 {
		l.Direction, l.Amount = Out, -l.Amount
	}
	if paid.debit < 0 || paid.credit < 0 {
		l.Kind = Reversal // 红字 in the debit column brings money in
	}
	return paid, nil
}

// twoColumns reads 借方 and 贷方. A flag beside them has to agree.
func (h header) twoColumns(r row) (paid sides, bad *refusal) {
	var err error
	if paid.debit, _, err = parseAmount(h.cell(r, FieldDebit)); err != nil {
		return paid, &refusal{FieldDebit, "row_amount_invalid"}
	}
	if paid.credit, _, err = parseAmount(h.cell(r, FieldCredit)); err != nil {
		return paid, &refusal{FieldCredit, "row_amount_invalid"}
	}
	switch {
	case paid.debit == 0 && paid.credit == 0:
		return paid, &refusal{FieldCredit, "row_amount_missing"}
	case paid.debit != 0 && paid.credit != 0:
		return paid, &refusal{FieldCredit, "row_amount_both_sides"}
	case !h.has(FieldFlag):
		return paid, nil
	}
	flag, bad := h.flag(r)
	if bad == nil && (flag == In) != (paid.credit != 0) {
		bad = &refusal{FieldFlag, "row_direction_differs"}
	}
	return paid, bad
}

// oneColumn reads an amount whose direction the flag tells; without a flag the sign does.
func (h header) oneColumn(r row) (sides, *refusal) {
	amount, _, err := parseAmount(h.cell(r, FieldAmount))
	switch {
	case err != nil:
		return sides{}, &refusal{FieldAmount, "row_amount_invalid"}
	case amount == 0:
		return sides{}, &refusal{FieldAmount, "row_amount_missing"}
	}
	direction := In
	if h.has(FieldFlag) {
		var bad *refusal
		if direction, bad = h.flag(r); bad != nil {
			return sides{}, bad
		}
		if h.Signed && (direction == In) != (amount > 0) {
			return sides{}, &refusal{FieldFlag, "row_direction_differs"}
		}
	} else if amount < 0 {
		direction = Out
	}
	if direction == In {
		return sides{credit: amount}, nil
	}
	if h.Signed || !h.has(FieldFlag) {
		amount = -amount
	}
	return sides{debit: amount}, nil
}

func (h header) flag(r row) (Direction, *refusal) {
	d, ok := h.flags[fold(h.cell(r, FieldFlag))]
	if !ok {
		return "", &refusal{FieldFlag, "row_direction_unknown"}
	}
	return d, nil
}

// sums are the totals of the two sides, signs as written.
type sums struct {
	debit, credit           money.Fen
	debitCount, creditCount int64
}

func (s *sums) add(paid sides) {
	if paid.debit != 0 {
		s.debit, s.debitCount = s.debit+paid.debit, s.debitCount+1
	}
	if paid.credit != 0 {
		s.credit, s.creditCount = s.credit+paid.credit, s.creditCount+1
	}
}
