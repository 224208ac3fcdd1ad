package wechat

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Scheme is the only signature method the platform takes.
const Scheme = "WECHATPAY2-SHA256-RSA2048"

// tolerance is how far a timestamp may lie from the platform's clock.
const tolerance = 5 * time.Minute

// field is one name="value" of an Authorization header.
var field = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// verify checks who calls. The signature covers method, path with query, timestamp, nonce and body, each ended by a
// line feed.
func (p *Platform) verify(r *http.Request, body []byte) *apiError {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), Scheme+" ")
	if !ok {
		return signError("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
	}
	parts := map[string]string{}
	for _, m := range field.FindAllStringSubmatch(rest, -1) {
		parts[m[1]] = m[2]
	}
	seconds, err := strconv.ParseInt(parts["timestamp"], 10, 64)
	if err != nil || parts["nonce_str"] == "" {
		return signError("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
	}
	if off := p.opt.Now().Sub(time.Unix(seconds, 0)); off > tolerance || off < -tolerance {
		return signError("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
	}
	if parts["mchid"] != p.opt.MchID || !strings.EqualFold(parts["serial_no"], p.opt.MerchantSerial) {
		return signError("商户证书序列号有误。请使用签名私钥匹配的证书序列号")
	}
	signature, err := base64.StdEncoding.DecodeString(parts["signature"])
	if err != nil {
		return signError("签名错误，请检查后再试")
	}
	sum := sha256.Sum256([]byte(join(r.Method, r.URL.RequestURI(), parts["timestamp"], parts["nonce_str"], string(body))))
	if rsa.VerifyPKCS1v15(p.opt.MerchantKey, crypto.SHA256, sum[:], signature) != nil {
		return signError("签名错误，请检查后再试")
	}
	return nil
}

// join ends each part with a line feed, as everything that is signed is written.
func join(parts ...string) string { return strings.Join(parts, "\n") + "\n" }

// sign adds the headers by which the merchant knows the platform, for an answer or a notice.
func (p *Platform) sign(h http.Header, body []byte) error {
	return signWith(p.opt.PlatformKey, p.opt.PlatformSerial, p.opt.Now(), h, body)
}

func signWith(key *rsa.PrivateKey, serial string, at time.Time, h http.Header, body []byte) error {
	stamp, nonce := strconv.FormatInt(at.Unix(), 10), rand.Text()
	sum := sha256.Sum256([]byte(join(stamp, nonce, string(body))))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return fmt.Errorf("wechat: sign: %w", err)
	}
	h.Set("Wechatpay-Timestamp", stamp)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
	h.Set("Wechatpay-Serial", serial)
	h.Set("Wechatpay-Signature-Type", Scheme)
	return nil
}

// resource is the sealed part of a notice: AEAD_AES_256_GCM with the APIv3 key, a nonce of twelve characters and the
// tag behind the ciphertext.
type resource struct {
	Algorithm      string `json:"algorithm"`
	OriginalType   string `json:"original_type"`
	Ciphertext     string `json:"ciphertext"`
	Nonce          string `json:"nonce"`
	AssociatedData string `json:"associated_data"`
}

func seal(key []byte, kind string, plain []byte) (resource, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return resource{}, fmt.Errorf("wechat: seal: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return resource{}, fmt.Errorf("wechat: seal: %w", err)
	}
	nonce := rand.Text()[:aead.NonceSize()]
	sealed := aead.Seal(nil, []byte(nonce), plain, []byte(kind))
	return resource{"AEAD_AES_256_GCM", kind, base64.StdEncoding.EncodeToString(sealed), nonce, kind}, nil
}
