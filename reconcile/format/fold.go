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

// heading folds a header or a label, without the English that some banks put behind it: 交易日期[ Transaction Date ].
func heading(s string) string {
	if i := strings.IndexAny(s, "[［"); i > 0 {
		s = s[:i]
	}
	return fold(s)
}

// clean is a cell as we keep it: no blanks around it, no tabs or line breaks inside, no ="…" guard around it.
func clean(s string) string {
	return strings.Join(strings.Fields(unguard(strings.TrimSpace(s))), " ")
}

// unguard takes off the ="…" that keeps a spreadsheet from reading a long number as one.
func unguard(s string) string {
	if inner, ok := strings.CutPrefix(s, `="`); ok && strings.HasSuffix(inner, `"`) {
		return strings.TrimSuffix(inner, `"`)
	}
	return s
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
