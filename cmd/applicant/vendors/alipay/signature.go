package alipay

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// tolerance is how far a timestamp may lie from the gateway's clock.
const tolerance = 10 * time.Minute

// toSign joins parameters to the text that is signed: those with a value, by name, as name=value with & between them.
// left are not part of it: sign in a request, sign and sign_type in a notice.
func toSign(form url.Values, left ...string) string {
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(form)) {
		if v := form.Get(k); v != "" && !slices.Contains(left, k) {
			pairs = append(pairs, k+"="+v)
		}
	}
	return strings.Join(pairs, "&")
}

// sign is RSA2: SHA256withRSA, in base64.
func sign(key *rsa.PrivateKey, text string) (string, error) {
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("alipay: sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// verify checks the public parameters of a call and its signature.
func (g *Gateway) verify(form url.Values) *failure {
	if form.Get("app_id") != g.opt.AppID {
		return &failure{"40002", "Invalid Arguments", "isv.invalid-app-id", "无效的AppID参数"}
	}
	for name, want := range map[string]string{"sign_type": "RSA2", "version": "1.0", "charset": "utf-8"} {
		if !strings.EqualFold(form.Get(name), want) {
			return &failure{"40002", "Invalid Arguments", "isv.invalid-" + strings.ReplaceAll(name, "_", "-"), "无效的" + name}
		}
	}
	at, err := time.ParseInLocation(time.DateTime, form.Get("timestamp"), beijing)
	if err != nil {
		return &failure{"40002", "Invalid Arguments", "isv.invalid-timestamp", "非法的时间戳参数"}
	}
	if off := g.opt.Now().Sub(at); off > tolerance || off < -tolerance {
		return &failure{"40002", "Invalid Arguments", "isv.invalid-timestamp", "非法的时间戳参数"}
	}
	signature, err := base64.StdEncoding.DecodeString(form.Get("sign"))
	sum := sha256.Sum256([]byte(toSign(form, "sign")))
	if err != nil || rsa.VerifyPKCS1v15(g.opt.AppKey, crypto.SHA256, sum[:], signature) != nil {
		return &failure{"40002", "Invalid Arguments", "isv.invalid-signature", "验签出错，请确认charset参数与签名所用的字符集一致"}
	}
	return nil
}
