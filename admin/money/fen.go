// Package money holds amounts as integer fen (1 yuan = 100 fen). Nothing in this module counts money in floats.
package money

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Fen is an amount in fen, CNY. The database column is a bigint.
type Fen int64

// ErrAmount tells that a text is not an amount with at most two decimals.
var ErrAmount = errors.New("money: not an amount in yuan with at most two decimals")

// String formats the amount in yuan with two decimals and no sign of currency: 12345678 is "123456.78".
func (f Fen) String() string {
	digits, sign := strconv.FormatInt(int64(f), 10), ""
	if digits[0] == '-' {
		digits, sign = digits[1:], "-"
	}
	for len(digits) < 3 {
		digits = "0" + digits
	}
	return sign + digits[:len(digits)-2] + "." + digits[len(digits)-2:]
}

// Grouped formats like String with thousands separators, as tables show it: "123,456.78".
func (f Fen) Grouped() string {
	s := f.String()
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	whole, cents, _ := strings.Cut(s, ".")
	var b strings.Builder
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return sign + b.String() + "." + cents
}

// Parse reads yuan as banks and people write them: optional sign, optional ￥ or ¥, thousands separators, at most
// two decimals. Anything else is ErrAmount; a sum beyond int64 too.
func Parse(s string) (Fen, error) {
	s = strings.TrimSpace(s)
	neg := false
	switch {
	case strings.HasPrefix(s, "-"):
		neg, s = true, s[1:]
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	}
	s = strings.TrimPrefix(strings.TrimPrefix(s, "¥"), "￥")
	whole, frac, dot := strings.Cut(s, ".")
	if whole == "" || (dot && (frac == "" || len(frac) > 2)) {
		return 0, ErrAmount
	}
	whole, err := ungroup(whole)
	if err != nil {
		return 0, err
	}
	for len(frac) < 2 {
		frac += "0"
	}
	var v int64
	for _, r := range whole + frac {
		if r < '0' || r > '9' {
			return 0, ErrAmount
		}
		d := int64(r - '0')
		if v > (math.MaxInt64-d)/10 {
			return 0, ErrAmount
		}
		v = v*10 + d
	}
	if neg {
		v = -v
	}
	return Fen(v), nil
}

// ungroup removes thousands separators and refuses them in any other place.
func ungroup(whole string) (string, error) {
	if !strings.Contains(whole, ",") {
		return whole, nil
	}
	parts := strings.Split(whole, ",")
	for i, p := range parts {
		if (i == 0 && (p == "" || len(p) > 3)) || (i > 0 && len(p) != 3) {
			return "", ErrAmount
		}
	}
	return strings.Join(parts, ""), nil
}
