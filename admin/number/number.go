// Package number reads the numbers people type in forms: each function folds what may differ (spaces, width, case),
// checks what the number itself can prove, and says false for anything else. A right check digit proves that nobody
// mistyped, never that the number was given to anyone.
package number

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"
)

// fold makes full-width characters narrow, drops spaces and hyphens and writes letters as capitals.
func fold(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' {
			return -1
		}
		return r
	}, width.Narrow.String(s)))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// creditAlphabet holds the 31 characters of GB 32100-2015: no I, O, S, V or Z.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// CreditCodeLen is the length of a credit code (统一社会信用代码).
const CreditCodeLen = 18

// CreditCode reads a 统一社会信用代码 (GB 32100-2015) and checks its last character. The check character inside
// positions 9–17 is not looked at: codes given to sole traders do not always have a right one.
func CreditCode(s string) (string, bool) {
	s = fold(s)
	if len(s) != CreditCodeLen {
		return "", false
	}
	check, ok := CreditCodeCheck(s[:CreditCodeLen-1])
	if !ok || check != s[CreditCodeLen-1] {
		return "", false
	}
	return s, true
}

// CreditCodeCheck computes the 18th character from the first 17; false if one of them is not of the alphabet.
func CreditCodeCheck(first17 string) (byte, bool) {
	if len(first17) != CreditCodeLen-1 {
		return 0, false
	}
	sum, weight := 0, 1
	for i := range len(first17) {
		v := strings.IndexByte(creditAlphabet, first17[i])
		if v < 0 {
			return 0, false
		}
		sum += v * weight
		weight = weight * 3 % 31
	}
	return creditAlphabet[(31-sum%31)%31], true
}

// OrganisationCodeLen is the length of an organisation code (组织机构代码) without its hyphen.
const OrganisationCodeLen = 9

// OrganisationCode reads a 组织机构代码 (GB 11714-1997), with or without the hyphen before its check character.
func OrganisationCode(s string) (string, bool) {
	s = fold(s)
	if len(s) != OrganisationCodeLen {
		return "", false
	}
	check, ok := OrganisationCodeCheck(s[:OrganisationCodeLen-1])
	if !ok || check != s[OrganisationCodeLen-1] {
		return "", false
	}
	return s, true
}

// OrganisationCodeCheck computes the ninth character from the first eight; false if one of them is no digit or letter.
func OrganisationCodeCheck(first8 string) (byte, bool) {
	weights := [OrganisationCodeLen - 1]int{3, 7, 9, 10, 5, 8, 4, 2}
	if len(first8) != len(weights) {
		return 0, false
	}
	sum := 0
	for i, w := range weights {
		switch c := first8[i]; {
		case c >= '0' && c <= '9':
			sum += int(c-'0') * w
		case c >= 'A' && c <= 'Z':
			sum += (int(c-'A') + 10) * w
		default:
			return 0, false
		}
	}
	return "0X987654321"[sum%11], true
}

// OrganisationPart returns positions 9–17 of a credit code, the organisation code it was made from; "" for another length.
func OrganisationPart(creditCode string) string {
	if len(creditCode) != CreditCodeLen {
		return ""
	}
	return creditCode[8:17]
}

// IDNumber reads an 18-character 公民身份号码 (GB 11643-1999): digits, a date of birth the calendar has, and the
// check character.
func IDNumber(s string) (string, bool) {
	s = fold(s)
	if len(s) != 18 {
		return "", false
	}
	check, ok := IDNumberCheck(s[:17])
	if !ok || check != s[17] || s[0] == '0' {
		return "", false
	}
	born, err := time.Parse("20060102", s[6:14])
	if err != nil || born.Year() < 1900 {
		return "", false
	}
	return s, true
}

// IDNumberCheck computes the 18th character from the first 17; false if one of them is no digit.
func IDNumberCheck(first17 string) (byte, bool) {
	if len(first17) != 17 || !digits(first17) {
		return 0, false
	}
	sum, weight := 0, 1
	for i := 16; i >= 0; i-- { // GB 11643: weight 2^(i-1) mod 11, i counted from the right, the check character being 1
		weight = weight * 2 % 11
		sum += int(first17[i]-'0') * weight
	}
	return "10X98765432"[sum%11], true
}

// Mobile reads a mobile number of the mainland: 11 digits beginning 13–19, +86 or 86 in front forgiven.
func Mobile(s string) (string, bool) {
	s = strings.TrimPrefix(fold(s), "+")
	if len(s) == 13 {
		s = strings.TrimPrefix(s, "86")
	}
	if len(s) != 11 || !digits(s) || s[0] != '1' || s[1] < '3' {
		return "", false
	}
	return s, true
}
