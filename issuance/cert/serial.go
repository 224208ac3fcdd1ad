package cert

import (
	"encoding/hex"
	"io"
	"math/big"
	"strings"
	"unicode"

	"caconsole/admin/fault"
)

// serialOctets is the most RFC 5280 4.1.2.2 allows.
const serialOctets = 20

// maxSerialInput bounds what a person may type, in characters: separators between all the octets of a decimal serial.
const maxSerialInput = 128

// Serial is a certificate serial number as lower-case hex, two digits an octet, without leading zero octets. It is
// what the database stores and every screen shows.
type Serial string

// SerialFromInt converts the number of a parsed certificate.
func SerialFromInt(n *big.Int) Serial { return Serial(hex.EncodeToString(n.Bytes())) }

// Int returns the number itself, 0 for what is no serial.
func (s Serial) Int() *big.Int {
	b, err := hex.DecodeString(string(s)) // much faster than big.Int's own reader: a CRL has many
	if err != nil {
		return new(big.Int)
	}
	return new(big.Int).SetBytes(b)
}

// NewSerial makes a positive serial of exactly 20 octets with 158 random bits. The top bit is clear so that DER needs
// no 21st octet, the next one is set so that the length never varies.
func NewSerial(random io.Reader) (Serial, error) {
	b := make([]byte, serialOctets)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fault.Wrap("random_unavailable", err)
	}
	b[0] = b[0]&0x7f | 0x40
	return Serial(hex.EncodeToString(b)), nil
}

// ParseSerial reads what a person typed or pasted: hex or decimal, with or without 0x, spaces, colons, hyphens,
// full-width characters and either case. Digits alone can be meant both ways, so that up to two readings come back,
// hex first: the caller looks up each. Fails with Invalid "serial_malformed" on the field "serial".
func ParseSerial(input string) ([]Serial, error) {
	digits := foldSerial(input)
	digits = strings.TrimPrefix(digits, "0x")
	if digits == "" || len(input) > maxSerialInput {
		return nil, fault.InvalidField("serial", "serial_malformed")
	}
	var out []Serial
	for _, base := range []int{16, 10} {
		if s, ok := readSerial(digits, base); ok && (len(out) == 0 || out[0] != s) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, fault.InvalidField("serial", "serial_malformed")
	}
	return out, nil
}

// readSerial reads plain digits. big.Int would also take signs and underscores, so every digit is checked before.
func readSerial(digits string, base int) (Serial, bool) {
	for _, r := range digits {
		if (r < '0' || r > '9') && (base != 16 || r < 'a' || r > 'f') {
			return "", false
		}
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok || n.Sign() <= 0 || len(n.Bytes()) > serialOctets {
		return "", false
	}
	return SerialFromInt(n), true
}

// foldSerial lowers the case, turns full-width forms into ASCII and drops spaces and separators.
func foldSerial(input string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0xff01 && r <= 0xff5e { // full-width forms lie at a fixed distance from ASCII
			r -= 0xfee0
		}
		switch {
		case unicode.IsSpace(r), r == ':', r == '-':
			return -1
		default:
			return unicode.ToLower(r)
		}
	}, input)
}
