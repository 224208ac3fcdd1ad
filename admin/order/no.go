package order

import (
	"fmt"
	"time"
)

// Beijing is the time zone of everything a person reads; China has had one zone without summer time since 1992.
var Beijing = time.FixedZone("CST", 8*3600)

// noLen is R, yymmdd, five digits and the check digit.
const noLen = 13

// FormatNo makes the order number of the n-th order: R, the Beijing date as yymmdd, five digits, and a check digit
// (ISO 7064 MOD 11,10 over the eleven digits), so that a number typed into a bank's remark proves itself.
func FormatNo(at time.Time, n int64) string {
	digits := at.In(Beijing).Format("060102") + fmt.Sprintf("%05d", n%100_000)
	return "R" + digits + string(checkDigit(digits))
}

// ValidNo reports whether s is a well-formed order number with a right check digit.
func ValidNo(s string) bool {
	if len(s) != noLen || s[0] != 'R' {
		return false
	}
	for _, c := range []byte(s[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return checkDigit(s[1:noLen-1]) == s[noLen-1]
}

// checkDigit computes ISO 7064 MOD 11,10 (a hybrid system: it finds every single wrong digit and nearly every swap of neighbours).
func checkDigit(digits string) byte {
	p := 10
	for _, c := range []byte(digits) {
		s := (p + int(c-'0')) % 10
		if s == 0 {
			s = 10
		}
		p = s * 2 % 11
	}
	return byte('0' + (11-p)%10)
}
