package seal

import (
	"slices"
	"strings"
	"unicode"
)

// orgWords are what names of organisations contain; a short name without one is taken for a person's.
var orgWords = []string{
	"公司", "集团", "厂", "店", "院", "所", "中心", "局", "部", "行", "会", "社", "校", "处", "站", "馆", "队", "委", "办", "厅",
	"政府", "支付", "财付通", "商户", "基金", "大学", "中学", "小学", "幼儿园", "村", "街道", "LTD", "CO.", "INC", "LLC",
}

// maxPersonName is the longest Chinese name without a dot in it that is taken for a person's.
const maxPersonName = 4

// PersonName reports that a name of unknown kind, such as a payer's, is a natural person's and must be sealed and
// masked. It errs on the side of hiding: a company without any word for one in a short name is taken for a person.
func PersonName(name string) bool {
	folded := NormCompany(name)
	if folded == "" || slices.ContainsFunc(orgWords, func(w string) bool { return strings.Contains(folded, w) }) {
		return false
	}
	if strings.Contains(NormName(name), "·") {
		return true
	}
	runes := []rune(folded)
	if !slices.ContainsFunc(runes, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return slices.ContainsFunc(runes, unicode.IsLetter)
	}
	return len(runes) <= maxPersonName
}
