package seal

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// NormPhone folds a mainland phone number to its digits: width, spaces, dashes and the country code go.
func NormPhone(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, fold(phone))
	for _, code := range []string{"0086", "86"} {
		if rest, ok := strings.CutPrefix(digits, code); ok && len(rest) == 11 {
			return rest
		}
	}
	return digits
}

// NormIDNumber folds an identity document's or organisation's number: width, spaces, dashes and case go.
func NormIDNumber(number string) string {
	return strings.ToUpper(strings.ReplaceAll(squeeze(number), "-", ""))
}

// NormEmail folds a mailbox: width, spaces and case go. No mailbox provider in use tells the local part's case apart.
func NormEmail(email string) string { return strings.ToLower(squeeze(email)) }

// NormName folds a person's name: width, spaces and case go, and the dots between the parts of a name become one.
func NormName(name string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		switch r {
		case '•', '・', '‧', '∙', '⋅', '.', '．':
			return '·'
		}
		return r
	}, squeeze(name)))
}

// NormCompany folds a company's name: width, spaces, brackets and case go, so that 深圳（南山）, 深圳(南山) and
// 深圳 【南山】 are one.
func NormCompany(name string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		switch r {
		case '[', '{', '【', '〔', '〖', '〈', '《', '「', '『', '﹙':
			return '('
		case ']', '}', '】', '〕', '〗', '〉', '》', '」', '』', '﹚':
			return ')'
		}
		return r
	}, squeeze(name)))
}

// fold brings full-width letters and compatibility forms of characters to the usual ones.
func fold(s string) string { return norm.NFC.String(width.Fold.String(s)) }

// squeeze folds and drops all white space and characters that print nothing.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, fold(s))
}
