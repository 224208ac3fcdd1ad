// Package number makes and checks the Chinese identity numbers of organisations and persons, with their check digits.
package number

import (
	"errors"
	"fmt"
	"strings"
)

// ErrMalformed is wrapped by every error of this package.
var ErrMalformed = errors.New("malformed number")

// creditAlphabet is the character set of GB 32100-2015: digits and letters without I, O, S, V and Z. The index of a
// character is its value.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// orgAlphabet is the character set of GB 11714-1997 (组织机构代码): digits and all letters.
const orgAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// creditWeight is 3^i mod 31, the weight of the i-th character (GB 32100-2015, 5.2).
var creditWeight = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}

// orgWeight is the weight of the first eight characters of an 组织机构代码 (GB 11714-1997).
var orgWeight = [8]int{3, 7, 9, 10, 5, 8, 4, 2}

// personWeight is 2^(17-i) mod 11, the weight of the i-th digit of an identity card number (GB 11643-1999).
var personWeight = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// CreditCheck returns the check character of a 统一社会信用代码 from its first 17 characters (GB 32100-2015).
func CreditCheck(body string) (byte, error) {
	if len(body) != 17 {
		return 0, fmt.Errorf("%w: credit code body of %d characters, want 17", ErrMalformed, len(body))
	}
	sum := 0
	for i := range 17 {
		v := strings.IndexByte(creditAlphabet, body[i])
		if v < 0 {
			return 0, fmt.Errorf("%w: %q is not a credit code character", ErrMalformed, body[i])
		}
		sum += v * creditWeight[i]
	}
	return creditAlphabet[(31-sum%31)%31], nil
}

// OrgCheck returns the check character of a 9-character 组织机构代码 from its first 8 characters (GB 11714-1997).
func OrgCheck(body string) (byte, error) {
	if len(body) != 8 {
		return 0, fmt.Errorf("%w: organisation code body of %d characters, want 8", ErrMalformed, len(body))
	}
	sum := 0
	for i := range 8 {
		v := strings.IndexByte(orgAlphabet, body[i])
		if v < 0 {
			return 0, fmt.Errorf("%w: %q is not an organisation code character", ErrMalformed, body[i])
		}
		sum += v * orgWeight[i]
	}
	return "0123456789X0"[11-sum%11], nil
}

// PersonCheck returns the check character of an identity card number from its first 17 digits (GB 11643-1999, which is
// ISO 7064 MOD 11-2).
func PersonCheck(body string) (byte, error) {
	if len(body) != 17 {
		return 0, fmt.Errorf("%w: identity number body of %d digits, want 17", ErrMalformed, len(body))
	}
	sum := 0
	for i := range 17 {
		if body[i] < '0' || body[i] > '9' {
			return 0, fmt.Errorf("%w: %q is not a digit", ErrMalformed, body[i])
		}
		sum += int(body[i]-'0') * personWeight[i]
	}
	return "10X98765432"[sum%11], nil
}

// ValidCredit reports whether code is an 18-character 统一社会信用代码 with the right check character.
func ValidCredit(code string) bool {
	if len(code) != 18 {
		return false
	}
	c, err := CreditCheck(code[:17])
	return err == nil && c == code[17]
}

// ValidPerson reports whether id is an 18-character identity card number with the right check character. It says
// nothing of the region and the birthday in it.
func ValidPerson(id string) bool {
	if len(id) != 18 {
		return false
	}
	c, err := PersonCheck(id[:17])
	return err == nil && c == id[17]
}

// CreditCode builds the 统一社会信用代码 of an enterprise (department 9, category 1) in a six-digit region from the last
// six digits of serial; its characters 9 to 17 are a valid 组织机构代码, as in real ones.
func CreditCode(region string, serial uint32) (string, error) {
	if len(region) != 6 {
		return "", fmt.Errorf("%w: region of %d digits, want 6", ErrMalformed, len(region))
	}
	// MA is the prefix given to organisations registered since the credit code replaced the organisation code.
	org := fmt.Sprintf("MA%06d", serial%1_000_000)
	check, err := OrgCheck(org)
	if err != nil {
		return "", err
	}
	body := "91" + region + org + string(check)
	last, err := CreditCheck(body)
	if err != nil {
		return "", err
	}
	return body + string(last), nil
}
