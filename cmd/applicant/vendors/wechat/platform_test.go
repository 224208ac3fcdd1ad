package wechat

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/simtest"
	"caconsole/cmd/applicant/vendors/trouble"
)

func merchantKey() *rsa.PrivateKey { return simtest.Keys()[0] }
func platformKey() *rsa.PrivateKey { return simtest.Keys()[1] }

var apiV3 = []byte("0123456789abcdef0123456789abcdef")

// bench is one running platform, a merchant of it, and what the merchant was told.
type bench struct {
	*httptest.Server
	*simtest.Clock
	t        *testing.T
	platform *Platform
	opt      Options
	mu       sync.Mutex
	shop     *httptest.Server
	refuse   int // how many notices the shop turns away
	told     []*told
}

// told is one notice as it came.
type told struct {
	header http.Header
	body   []byte
}

func setup(t *testing.T, state string) *bench {
	t.Helper()
	b := &bench{Clock: simtest.NewClock(), t: t}
	b.shop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = append(b.told, &told{r.Header, body})
		if b.refuse > 0 {
			b.refuse--
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(b.shop.Close)
	log := slog.New(slog.DiscardHandler)
	troubles := &trouble.List{}
	b.opt = Options{
		AppID: "wxapp", MchID: "1900000109", MerchantKey: &merchantKey().PublicKey, MerchantSerial: "5F0A", APIv3Key: apiV3,
		PlatformKey: platformKey(), PlatformSerial: "PUB_KEY_ID_1", RefundDelay: 20 * time.Millisecond, State: state,
		Callbacks: callback.New(t.Context(), troubles, log), Troubles: troubles, Now: b.Now, Log: log,
	}
	var err error
	b.platform, err = New(b.opt)
	require.NoError(t, err)
	mux := http.NewServeMux()
	b.platform.Routes(mux)
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

func (b *bench) notices() []*told {
	b.opt.Callbacks.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told
}

// call signs and sends one call; spoil changes the request before it leaves. The answer's signature is checked.
func (b *bench) call(method, path string, in any, spoil func(*http.Request)) (status int, out map[string]any) {
	b.t.Helper()
	var body []byte
	if in != nil {
		var err error
		body, err = json.Marshal(in)
		require.NoError(b.t, err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.URL+path, bytes.NewReader(body))
	require.NoError(b.t, err)
	b.authorise(req, merchantKey(), "1900000109", "5F0A", b.Now().Unix(), body)
	if spoil != nil {
		spoil(req)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	if resp.StatusCode != http.StatusServiceUnavailable {
		requireSigned(b.t, resp.Header, raw)
	}
	out = map[string]any{}
	if len(raw) > 0 && resp.StatusCode != http.StatusServiceUnavailable {
		require.NoError(b.t, json.Unmarshal(raw, &out), string(raw))
	}
	return resp.StatusCode, out
}

func (b *bench) authorise(req *http.Request, key *rsa.PrivateKey, mchID, serial string, at int64, body []byte) {
	b.t.Helper()
	message := fmt.Sprintf("%s\n%s\n%d\nnonce\n%s\n", req.Method, req.URL.RequestURI(), at, body)
	sum := sha256.Sum256([]byte(message))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	require.NoError(b.t, err)
	req.Header.Set("Authorization", fmt.Sprintf(`WECHATPAY2-SHA256-RSA2048 mchid="%s",nonce_str="nonce",signature="%s",timestamp="%d",serial_no="%s"`,
		mchID, base64.StdEncoding.EncodeToString(signature), at, serial))
}

func requireSigned(t *testing.T, h http.Header, body []byte) {
	t.Helper()
	require.Equal(t, "PUB_KEY_ID_1", h.Get("Wechatpay-Serial"))
	signature, err := base64.StdEncoding.DecodeString(h.Get("Wechatpay-Signature"))
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(h.Get("Wechatpay-Timestamp") + "\n" + h.Get("Wechatpay-Nonce") + "\n" + string(body) + "\n"))
	require.NoError(t, rsa.VerifyPKCS1v15(&platformKey().PublicKey, crypto.SHA256, sum[:], signature))
}

// open checks and unseals a notice.
func (n *told) open(t *testing.T) (event string, plain map[string]any) {
	t.Helper()
	requireSigned(t, n.header, n.body)
	var in notice
	require.NoError(t, json.Unmarshal(n.body, &in))
	block, err := aes.NewCipher(apiV3)
	require.NoError(t, err)
	aead, err := cipher.NewGCM(block)
	require.NoError(t, err)
	sealed, err := base64.StdEncoding.DecodeString(in.Resource.Ciphertext)
	require.NoError(t, err)
	raw, err := aead.Open(nil, []byte(in.Resource.Nonce), sealed, []byte(in.Resource.AssociatedData))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &plain))
	return in.EventType, plain
}

func (b *bench) ask(no string, fen int64) map[string]any {
	return map[string]any{
		"appid": "wxapp", "mchid": "1900000109", "description": "1年期机构证书续期", "out_trade_no": no, "notify_url": b.shop.URL,
		"time_expire": "2026-11-22T14:00:00+08:00", "amount": map[string]any{"total": fen, "currency": "CNY"},
	}
}

func (b *bench) native(no string) (codeURL string) {
	b.t.Helper()
	status, out := b.call("POST", "/v3/pay/transactions/native", b.ask(no, 20000), nil)
	require.Equal(b.t, 200, status, out)
	codeURL, _ = out["code_url"].(string)
	require.Regexp(b.t, `^weixin://wxpay/bizpayurl\?pr=\w+$`, codeURL)
	return codeURL
}

const path = "/v3/pay/transactions/out-trade-no/"

func (b *bench) query(no string) (int, map[string]any) {
	b.t.Helper()
	return b.call("GET", path+no+"?mchid=1900000109", nil, nil)
}

func TestWrongSignaturesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	at := simtest.Noon.Unix()
	for name, spoil := range map[string]func(*http.Request){
		"none":         func(r *http.Request) { r.Header.Del("Authorization") },
		"other scheme": func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") },
		"other key":    func(r *http.Request) { b.authorise(r, other, "1900000109", "5F0A", at, nil) },
		"other mch":    func(r *http.Request) { b.authorise(r, merchantKey(), "1900000110", "5F0A", at, nil) },
		"other serial": func(r *http.Request) { b.authorise(r, merchantKey(), "1900000109", "5F0B", at, nil) },
		"stale":        func(r *http.Request) { b.authorise(r, merchantKey(), "1900000109", "5F0A", at-301, nil) },
		"other body":   func(r *http.Request) { b.authorise(r, merchantKey(), "1900000109", "5F0A", at, []byte("{}")) },
		"other path":   func(r *http.Request) { r.URL.RawQuery = "mchid=1900000109&x=1" },
	} {
		status, out := b.call("GET", path+"R2611220001?mchid=1900000109", nil, spoil)
		require.Equal(t, 401, status, name)
		require.Equal(t, "SIGN_ERROR", out["code"], name)
	}
	status, out := b.query("R2611220001")
	require.Equal(t, 404, status)
	require.Equal(t, "ORDER_NOT_EXIST", out["code"])
}
