package format

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"caconsole/admin/money"
)

var errAmount = errors.New("format: not an amount")

// maxDigits bounds the digits before the decimal point: a hundred thousand million yuan in one booking, and the sum of
// a whole file still fits.
const maxDigits = 11

// parseAmount reads an amount cell. ok is false for a cell that stands for "none": empty, "-", "--". Accepted are a
// sign, brackets for minus, ￥ or CNY in front, thousands separators, and the exponent a raw spreadsheet number may
// carry. More than two decimals are accepted only as the artefact of a binary float: 10096724.640000001 is
// 10096724.64 because it lies within 0.0001 fen of it. Everything else is errAmount. No float is involved.
func parseAmount(cell string) (fen money.Fen, ok bool, err error) {
	s := strings.TrimSpace(width.Fold.String(cell))
	switch s {
	case "", "-", "--":
		return 0, false, nil
	}
	s, neg := sign(s)
	s, ok = ungroup(s)
	if !ok {
		return 0, false, errAmount
	}
	digits, point, ok := decimal(s)
	if !ok {
		return 0, false, errAmount
	}
	fen, err = fenOf(digits, point)
	if err != nil {
		return 0, false, err
	}
	if neg {
		fen = -fen
	}
	return fen, true, nil
}

// sign takes the sign and the currency off, in either order of the two.
func sign(s string) (string, bool) {
	neg := false
	if inner, ok := strings.CutPrefix(s, "("); ok && strings.HasSuffix(inner, ")") {
		s, neg = strings.TrimSuffix(inner, ")"), true
	}
	s = currency(s)
	if rest, ok := strings.CutPrefix(s, "-"); ok && !neg {
		s, neg = rest, true
	} else if rest, ok := strings.CutPrefix(s, "+"); ok {
		s = rest
	}
	return currency(s), neg
}

func currency(s string) string {
	for _, prefix := range []string{"¥", "CNY", "RMB"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return strings.TrimSpace(rest)
		}
	}
	return s
}

// ungroup removes thousands separators and refuses them in any other place.
func ungroup(s string) (string, bool) {
	if !strings.Contains(s, ",") {
		return s, true
	}
	whole, frac, dot := strings.Cut(s, ".")
	parts := strings.Split(whole, ",")
	for i, p := range parts {
		if (i == 0 && (p == "" || len(p) > 3)) || (i > 0 && len(p) != 3) {
			return "", false
		}
	}
	if strings.Contains(frac, ",") {
		return "", false
	}
	whole = strings.Join(parts, "")
	if dot {
		whole += "." + frac
	}
	return whole, true
}

// decimal splits an unsigned number into its digits and the place of the decimal point among them.
func decimal(s string) (digits string, point int, ok bool) {
	exp := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil || n < -30 || n > 30 {
			return "", 0, false
		}
		s, exp = s[:i], n
	}
	whole, frac, dot := strings.Cut(s, ".")
	if whole == "" || (dot && frac == "") {
		return "", 0, false
	}
	digits = whole + frac
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return "", 0, false
		}
	}
	return digits, len(whole) + exp, true
}

// fenOf rounds 0.d₁d₂… × 10^point to fen, if it is a whole number of fen or within 0.0001 fen of one.
func fenOf(digits string, point int) (money.Fen, error) {
	if point < 0 { // 1E-2 and smaller: make the zeros visible
		digits, point = strings.Repeat("0", -point)+digits, 0
	}
	if need := point + 2 - len(digits); need > 0 {
		digits += strings.Repeat("0", need)
	}
	whole, rest := digits[:point+2], strings.TrimRight(digits[point+2:], "0")
	if len(strings.TrimLeft(whole, "0")) > maxDigits+2 {
		return 0, errAmount
	}
	fen, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || fen == math.MaxInt64 {
		return 0, errAmount
	}
	switch {
	case rest == "" || strings.HasPrefix(rest, "0000"):
		return money.Fen(fen), nil
	case strings.HasPrefix(rest, "9999"):
		return money.Fen(fen + 1), nil
	}
	return 0, errAmount
}
