package paper

import (
	"fmt"
	"strings"
)

var (
	capitalDigits = []rune("零壹贰叁肆伍陆柒捌玖")
	placeNames    = [4]string{"", "拾", "佰", "仟"}
	groupNames    = [5]string{"", "万", "亿", "兆", "京"} // 10^4 each; int64 ends below 10^20
)

// uppercase writes a whole number in the 大写 numerals of cheques: 10500 is 壹万零伍佰.
func uppercase(n int64) string {
	if n == 0 {
		return "零"
	}
	var groups []int64
	for ; n > 0; n /= 10_000 {
		groups = append(groups, n%10_000)
	}
	var out strings.Builder
	gap := false
	for i := len(groups) - 1; i >= 0; i-- {
		g := groups[i]
		if g == 0 {
			gap = out.Len() > 0
			continue
		}
		if out.Len() > 0 && (gap || g < 1000) {
			out.WriteRune('零')
		}
		gap = false
		out.WriteString(uppercaseGroup(g))
		out.WriteString(groupNames[i])
	}
	return out.String()
}

// uppercaseGroup writes 1 to 9999.
func uppercaseGroup(g int64) string {
	var out strings.Builder
	zero := false
	for place := 3; place >= 0; place-- {
		d := g
		for range place {
			d /= 10
		}
		d %= 10
		if d == 0 {
			zero = out.Len() > 0
			continue
		}
		if zero {
			out.WriteRune('零')
			zero = false
		}
		out.WriteRune(capitalDigits[d])
		out.WriteString(placeNames[place])
	}
	return out.String()
}

// uppercaseFen writes an amount of money in 大写: 12300 fen are 壹佰贰拾叁元整. A red invoice's is （负数）….
func uppercaseFen(fen int64) string {
	if fen < 0 {
		return "（负数）" + uppercaseFen(-fen)
	}
	yuan, jiao, cent := fen/100, fen/10%10, fen%10
	out := uppercase(yuan) + "元"
	switch {
	case jiao == 0 && cent == 0:
		return out + "整"
	case cent == 0:
		return out + string(capitalDigits[jiao]) + "角整"
	case jiao == 0:
		return out + "零" + string(capitalDigits[cent]) + "分"
	}
	return out + string(capitalDigits[jiao]) + "角" + string(capitalDigits[cent]) + "分"
}

// yuan writes fen as ¥1,234.56, and what is less than nothing as -¥1,234.56.
func yuan(fen int64) string {
	if fen < 0 {
		return "-" + yuan(-fen)
	}
	whole := fmt.Sprint(fen / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("¥%s.%02d", whole, fen%100)
}
