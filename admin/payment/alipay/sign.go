package alipay

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"caconsole/admin/fault"
)

// beijing is the zone of the platform's times.
var beijing = time.FixedZone("CST", 8*3600)

// text is what is signed: the parameters that have a value, sorted by name, but for those left out.
func text(params map[string]string, without ...string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(params)) {
		if params[k] == "" || slices.Contains(without, k) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(k + "=" + params[k])
	}
	return b.String()
}

// sign is a call's signature, RSA2 (SHA256withRSA) in base64.
func sign(key *rsa.PrivateKey, params map[string]string) (string, error) {
	sum := sha256.Sum256([]byte(text(params, "sign")))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fault.Wrap("vendor_request", err)
	}
	return base64.StdEncoding.EncodeToString(sig), nil
}

// verify checks the platform's signature. Fault: Invalid callback_signature.
func verify(key *rsa.PublicKey, signed, sig string) error {
	raw, err := base64.StdEncoding.DecodeString(sig)
	if err == nil {
		sum := sha256.Sum256([]byte(signed))
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw)
	}
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Key: "callback_signature", Cause: err}
	}
	return nil
}
