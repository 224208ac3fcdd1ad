package match

import (
	"slices"
	"strings"

	"golang.org/x/text/width"
)

// refDigits is how many digits follow the R of an order number: yymmdd, five digits, one check digit.
const refDigits = 12

// References finds order numbers in a remark, each once, in order of appearance. It looks at classes of characters
// and not at spaces: 证书费R261120001078付款 holds one. valid decides by the check digit; a bare number never counts,
// and neither does one with a letter O for a nought. Banks wrap remarks, so blanks between the digits are forgiven if
// exactly one number comes out.
func References(text string, valid func(string) bool) []string {
	r := []rune(strings.ToUpper(width.Fold.String(text)))
	var found []string
	for i, c := range r {
		if c != 'R' || (i > 0 && word(r[i-1])) {
			continue
		}
		no, ok := number(r[i+1:], false)
		if !ok {
			no, ok = number(r[i+1:], true)
		}
		if !ok || !valid(no) || slices.Contains(found, no) {
			continue
		}
		found = append(found, no)
	}
	return found
}

// number reads exactly refDigits digits, the next character being no digit or letter.
func number(r []rune, blanks bool) (string, bool) {
	no := make([]rune, 1, refDigits+1)
	no[0] = 'R'
	for _, c := range r {
		switch {
		case c >= '0' && c <= '9':
			if no = append(no, c); len(no) > refDigits+1 {
				return "", false
			}
		case blanks && (c == ' ' || c == '-'):
		case len(no) <= refDigits, word(c):
			return "", false
		default:
			return string(no), true
		}
	}
	return string(no), len(no) == refDigits+1
}

// word reports a Latin letter or digit, which would make the R a part of a longer code.
func word(c rune) bool {
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
}
