package wechat

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"caconsole/admin/fault"
)

// beijing is the zone of the vendor's times.
var beijing = time.FixedZone("CST", 8*3600)

const (
	scheme = "WECHATPAY2-SHA256-RSA2048"
	// window is how far the time of a signature may be from ours: what is older may be a replay.
	window = 5 * time.Minute
)

// The headers a signature of the vendor stands in, in the spelling the inbox keeps.
const (
	headSerial    = "wechatpay-serial"
	headTimestamp = "wechatpay-timestamp"
	headNonce     = "wechatpay-nonce"
	headSignature = "wechatpay-signature"
)

// sign sets the headers of a call: the signature covers method, path with query, time, nonce and body.
func (c *Client) sign(req *http.Request, body []byte) error {
	at, nonce := strconv.FormatInt(c.c.Now().Unix(), 10), random()
	sum := sha256.Sum256([]byte(strings.Join([]string{req.Method, req.URL.RequestURI(), at, nonce, string(body), ""}, "\n")))
	sig, err := rsa.SignPKCS1v15(rand.Reader, c.c.MerchantKey, crypto.SHA256, sum[:])
	if err != nil {
		return fault.Wrap("vendor_request", err)
	}
	req.Header.Set("Authorization", fmt.Sprintf(`%s mchid=%q,nonce_str=%q,signature=%q,timestamp=%q,serial_no=%q`,
		scheme, c.c.MchID, nonce, base64.StdEncoding.EncodeToString(sig), at, c.c.MerchantSerial))
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "caconsole")
	req.Header.Set("Wechatpay-Serial", c.c.PlatformSerial)
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	return nil
}

// verify checks the vendor's signature over bytes received at a moment. Faults: Invalid callback_key_unknown,
// callback_signature, callback_stale.
func (c *Client) verify(headers map[string]string, body []byte, at time.Time) error {
	key := c.c.Platform[headers[headSerial]]
	if key == nil {
		return fault.New(fault.Invalid, "callback_key_unknown", nil)
	}
	sig, err := base64.StdEncoding.DecodeString(headers[headSignature])
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Key: "callback_signature", Cause: err}
	}
	sum := sha256.Sum256([]byte(headers[headTimestamp] + "\n" + headers[headNonce] + "\n" + string(body) + "\n"))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig); err != nil {
		return &fault.Error{Kind: fault.Invalid, Key: "callback_signature", Cause: err}
	}
	sent, err := strconv.ParseInt(headers[headTimestamp], 10, 64)
	if err != nil || at.Sub(time.Unix(sent, 0)).Abs() > window {
		return &fault.Error{Kind: fault.Invalid, Key: "callback_stale", Cause: err}
	}
	return nil
}

// headersOf gives an answer's headers the inbox's spelling.
func headersOf(h http.Header) map[string]string {
	out := make(map[string]string, 4)
	for _, name := range []string{headSerial, headTimestamp, headNonce, headSignature} {
		out[name] = h.Get(name)
	}
	return out
}

func random() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return strings.ToUpper(hex.EncodeToString(raw))
}
