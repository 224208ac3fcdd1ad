package desk

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 as every authenticator app has it
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// codeStep is how long a one-time code lives.
const codeStep = 30 * time.Second

// oneTimeCode is the six-digit code of a secret (base32) for a time (RFC 6238: HMAC-SHA1, 30 s).
func oneTimeCode(secret string, at time.Time) (string, error) {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.ToUpper(strings.ReplaceAll(secret, " ", "")), "="))
	if err != nil {
		return "", fmt.Errorf("read TOTP secret: %w", err)
	}
	mac := hmac.New(sha1.New, key)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(at.Unix()/int64(codeStep/time.Second))) //nolint:gosec // after 1970
	_, _ = mac.Write(counter[:])                                                          // never fails (hash.Hash)
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[from:from+4]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000), nil
}
