package format

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// fold makes two spellings of a header one: width, spaces and line breaks inside the cell, brackets, slashes,
// 帐 for 账, case. 收(付)方名称, 收/付方名称 and 收（付）方 名称 are the same column.
func fold(s string) string {
	var b strings.Builder
	for _, r := range width.Fold.String(s) {
		switch {
		case unicode.IsSpace(r), strings.ContainsRune("()[]{}<>/\\:*_-", r):
		case r == '帐':
			b.WriteRune('账')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// clean is a cell as we keep it: no blanks around it, no tabs or line breaks inside, no ="…" guard around it.
func clean(s string) string {
	s = strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(s, `="`); ok && strings.HasSuffix(inner, `"`) {
		s = strings.TrimSuffix(inner, `"`)
	}
	return strings.Join(strings.Fields(s), " ")
}

// accountNo keeps the digits of an account number. A number cell holds fifteen digits for certain; one that carries
// an exponent and more of them has lost the last, and a wrong account number is worse than none.
func accountNo(s string) string {
	s = width.Fold.String(clean(s))
	if strings.ContainsAny(s, ".eE") {
		all, point, ok := decimal(s)
		sure := strings.TrimRight(all, "0")
		if !ok || len(sure) > 15 || point < len(sure) || point > 15 {
			return ""
		}
		return sure + strings.Repeat("0", point-len(sure))
	}
	var b strings.Builder
	for _, r := range s {
		if r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	return b.String()
}
