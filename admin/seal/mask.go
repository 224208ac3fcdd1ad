package seal

import "strings"

// MaskName keeps the first character of a person's name: 张敏 and 张建国 are both 张**, for the length of a name is
// a good part of it.
func MaskName(name string) string {
	r := []rune(name)
	if len(r) == 0 {
		return ""
	}
	return string(r[0]) + "**"
}

// MaskIDNumber keeps the first 3 and the last 4 characters: 440***********0026. Ten or fewer are hidden altogether.
func MaskIDNumber(number string) string { return mask(number, 3, 4) }

// MaskPhone keeps the first 3 and the last 4 digits: 138****5678. Ten or fewer are hidden altogether.
func MaskPhone(phone string) string { return mask(phone, 3, 4) }

// MaskAccount keeps the last 4 digits of a bank account: ****1234. Six or fewer are hidden altogether.
func MaskAccount(account string) string {
	r := []rune(account)
	if len(r) == 0 {
		return ""
	}
	if len(r) <= 6 {
		return "****"
	}
	return "****" + string(r[len(r)-4:])
}

// MaskEmail keeps the first character of the mailbox and the domain: z***@example.cn.
func MaskEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at <= 0 {
		return strings.Repeat("*", len([]rune(email)))
	}
	first := []rune(email[:at])[0]
	return string(first) + "***" + email[at:]
}

// mask keeps some characters at both ends and hides the rest; what is so short that three or fewer would be hidden
// is hidden whole.
func mask(s string, head, tail int) string {
	r := []rune(s)
	if len(r) <= head+tail+3 {
		return strings.Repeat("*", len(r))
	}
	return string(r[:head]) + strings.Repeat("*", len(r)-head-tail) + string(r[len(r)-tail:])
}
