package wechat_test

import (
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
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/payment"
	"caconsole/admin/payment/wechat"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

const (
	mchID    = "1900000109"
	appID    = "wxd678efh567hg6787"
	apiV3Key = "caconsoleTestKeyOf32Bytes0123456"
	ownNo    = "R261122000014_1"
)

// keys are the merchant's and the platform's, made once: they are slow to make.
var keys = sync.OnceValue(func() (k struct{ merchant, platform *rsa.PrivateKey }) {
	k.merchant, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.platform, _ = rsa.GenerateKey(rand.Reader, 2048)
	return k
})

// vendor is WeChat Pay as its documents have it: it checks the merchant's signature and signs its answers.
type vendor struct {
	t      *testing.T
	status int
	answer string
	serial string // with which it signs
	late   time.Duration
	spoil  bool

	method, uri string
	body        map[string]any
}

var authorization = regexp.MustCompile(`^WECHATPAY2-SHA256-RSA2048 mchid="(\w+)",nonce_str="(\w+)",signature="([^"]+)",timestamp="(\d+)",serial_no="(\w+)"$`)

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	v.method, v.uri, v.body = r.Method, r.URL.RequestURI(), nil
	_ = json.Unmarshal(raw, &v.body)
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil || m[1] != mchID || m[5] != "MERCHANTSERIAL" {
		v.t.Errorf("authorization %q", r.Header.Get("Authorization"))
		return
	}
	sum := sha256.Sum256([]byte(r.Method + "\n" + r.URL.RequestURI() + "\n" + m[4] + "\n" + m[2] + "\n" + string(raw) + "\n"))
	sig, _ := base64.StdEncoding.DecodeString(m[3])
	if err := rsa.VerifyPKCS1v15(&keys().merchant.PublicKey, crypto.SHA256, sum[:], sig); err != nil {
		v.t.Error("the merchant's signature is wrong")
	}
	for name, value := range signed([]byte(v.answer), v.serial, noon.Add(-v.late)) {
		w.Header().Set(name, value)
	}
	if v.spoil {
		w.Header().Set("Wechatpay-Nonce", "another")
	}
	w.WriteHeader(v.status)
	if v.status != http.StatusNoContent {
		_, _ = io.WriteString(w, v.answer)
	}
}

// signed are the headers with which the platform signs a body.
func signed(body []byte, serial string, at time.Time) map[string]string {
	stamp, nonce := strconv.FormatInt(at.Unix(), 10), "593BEC0C930BF1AFEB40B4A08C8FB242"
	sum := sha256.Sum256([]byte(stamp + "\n" + nonce + "\n" + string(body) + "\n"))
	sig, _ := rsa.SignPKCS1v15(rand.Reader, keys().platform, crypto.SHA256, sum[:])
	return map[string]string{
		"wechatpay-serial": serial, "wechatpay-timestamp": stamp, "wechatpay-nonce": nonce, "wechatpay-signature": base64.StdEncoding.EncodeToString(sig),
	}
}

func newClient(t *testing.T) (*wechat.Client, *vendor) {
	t.Helper()
	v := &vendor{t: t, status: http.StatusOK, serial: "PUB_KEY_ID_1"}
	srv := httptest.NewServer(v)
	t.Cleanup(srv.Close)
	c, err := wechat.New(wechat.Config{
		URL: srv.URL + "/", AppID: appID, MchID: mchID, APIv3Key: apiV3Key, MerchantKey: keys().merchant, MerchantSerial: "MERCHANTSERIAL",
		Platform:       map[string]*rsa.PublicKey{"PUB_KEY_ID_1": &keys().platform.PublicKey, "OLDER": &keys().merchant.PublicKey},
		PlatformSerial: "PUB_KEY_ID_1", NotifyURL: "https://hall.example/cb", Now: func() time.Time { return noon },
	})
	require.NoError(t, err)
	return c, v
}

func TestAccountMustBeWhole(t *testing.T) {
	t.Parallel()
	_, err := wechat.New(wechat.Config{AppID: appID})
	require.ErrorIs(t, err, wechat.ErrConfig)
	_, err = wechat.New(wechat.Config{
		AppID: appID, MchID: mchID, MerchantKey: keys().merchant, MerchantSerial: "M", PlatformSerial: "P",
		Platform: map[string]*rsa.PublicKey{"P": &keys().platform.PublicKey}, APIv3Key: "short",
	})
	require.ErrorIs(t, err, wechat.ErrConfig)
}

func TestCreate(t *testing.T) {
	t.Parallel()
	c, v := newClient(t)
	v.answer = `{"code_url":"weixin://wxpay/bizpayurl?pr=qnZDTZm"}`
	code, err := c.Create(t.Context(), payment.Ask{OwnNo: ownNo, Amount: 40000, Subject: "数字证书续期", ExpiresAt: noon.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, "weixin://wxpay/bizpayurl?pr=qnZDTZm", code)
	require.Equal(t, "POST /v3/pay/transactions/native", v.method+" "+v.uri)
	require.Equal(t, map[string]any{
		"appid": appID, "mchid": mchID, "description": "数字证书续期", "out_trade_no": ownNo, "time_expire": "2026-11-22T14:00:00+08:00",
		"notify_url": "https://hall.example/cb", "amount": map[string]any{"total": 40000.0, "currency": "CNY"},
	}, v.body)
}

func TestCreateThatFails(t *testing.T) {
	t.Parallel()
	c, v := newClient(t)
	for _, tc := range []struct {
		name   string
		status int
		answer string
		key    string
	}{
		{"paid already", 400, `{"code":"ORDERPAID","message":"x"}`, "payment_made"},
		{"refused", 403, `{"code":"NO_AUTH","message":"x"}`, "payment_vendor_refused"},
		{"too often", 429, `{"code":"FREQUENCY_LIMITED"}`, "vendor_unavailable"},
		{"broken", 500, `{"code":"SYSTEM_ERROR"}`, "vendor_unavailable"},
		{"our signature", 401, `{"code":"SIGN_ERROR"}`, "vendor_unavailable"},
		{"a proxy's page", 404, `<html>`, "vendor_unavailable"},
		{"no code", 200, `{}`, "vendor_unavailable"},
		{"no JSON", 200, `?`, "vendor_unavailable"},
	} {
		v.status, v.answer = tc.status, tc.answer
		_, err := c.Create(t.Context(), payment.Ask{OwnNo: ownNo, Amount: 1, ExpiresAt: noon})
		require.True(t, fault.HasKey(err, tc.key), "%s: %v", tc.name, err)
	}
}

// Who stands between us and the vendor cannot tell us that somebody has paid.
func TestAnswersAreVerified(t *testing.T) {
	t.Parallel()
	c, v := newClient(t)
	v.answer = paid(nil)
	for name, spoil := range map[string]func(){
		"unknown key":  func() { v.serial = "PUB_KEY_ID_2" },
		"another key":  func() { v.serial = "OLDER" },
		"other nonce":  func() { v.spoil = true },
		"old":          func() { v.late = 6 * time.Minute },
		"from ahead":   func() { v.late = -6 * time.Minute },
		"no signature": func() { v.serial = "" },
	} {
		spoil()
		_, err := c.Query(t.Context(), ownNo)
		require.True(t, fault.HasKey(err, "vendor_unavailable"), "%s: %v", name, err)
		v.serial, v.spoil, v.late = "PUB_KEY_ID_1", false, 0
	}
	_, err := c.Query(t.Context(), ownNo)
	require.NoError(t, err)
}

// paid is a transaction of the vendor's documents with some fields changed.
func paid(change map[string]any) string {
	t := map[string]any{
		"appid": appID, "mchid": mchID, "out_trade_no": ownNo, "transaction_id": "1217752501201407033233368018", "trade_type": "NATIVE",
		"trade_state": "SUCCESS", "trade_state_desc": "支付成功", "bank_type": "CMC", "attach": "", "success_time": "2026-11-22T11:58:10+08:00",
		"payer":  map[string]any{"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
		"amount": map[string]any{"total": 40000, "payer_total": 40000, "currency": "CNY", "payer_currency": "CNY"},
	}
	for k, v := range change {
		t[k] = v
	}
	raw, _ := json.Marshal(t)
	return string(raw)
}

func TestQuery(t *testing.T) {
	t.Parallel()
	c, v := newClient(t)
	for state, want := range map[string]payment.TradeState{
		"SUCCESS": payment.TradePaid, "REFUND": payment.TradePaid, "NOTPAY": payment.TradeWaiting, "USERPAYING": payment.TradeWaiting,
		"PAYERROR": payment.TradeWaiting, "CLOSED": payment.TradeClosed, "REVOKED": payment.TradeClosed,
	} {
		v.answer = paid(map[string]any{"trade_state": state})
		got, err := c.Query(t.Context(), ownNo)
		require.NoError(t, err, state)
		require.Equal(t, want, got.State, state)
	}
	require.Equal(t, "GET /v3/pay/transactions/out-trade-no/"+ownNo+"?mchid="+mchID, v.method+" "+v.uri)
	v.answer = paid(nil)
	got, err := c.Query(t.Context(), ownNo)
	require.NoError(t, err)
	require.Equal(t, "1217752501201407033233368018", got.Received.TransactionID)
	require.EqualValues(t, 40000, got.Received.Amount)
	require.Equal(t, "CNY", got.Received.Currency)
	require.True(t, got.Received.PaidAt.Equal(time.Date(2026, 11, 22, 3, 58, 10, 0, time.UTC)))

	for name, change := range map[string]map[string]any{
		"another's": {"out_trade_no": "X"}, "another merchant's": {"mchid": "1"}, "a new state": {"trade_state": "ODD"},
		"no time": {"success_time": ""}, "no number": {"transaction_id": ""}, "nothing": {"amount": map[string]any{"total": 0}},
	} {
		v.answer = paid(change)
		_, err := c.Query(t.Context(), ownNo)
		require.True(t, fault.HasKey(err, "vendor_unavailable"), "%s: %v", name, err)
	}
	v.status, v.answer = 404, `{"code":"ORDER_NOT_EXIST","message":"订单不存在"}`
	got, err = c.Query(t.Context(), ownNo)
	require.NoError(t, err)
	require.Equal(t, payment.TradeUnknown, got.State)
}

func TestClose(t *testing.T) {
	t.Parallel()
	c, v := newClient(t)
	for _, tc := range []struct {
		status int
		answer string
		want   payment.TradeState
	}{
		{204, "", payment.TradeClosed},
		{400, `{"code":"ORDER_CLOSED"}`, payment.TradeClosed},
		{400, `{"code":"ORDERPAID"}`, payment.TradePaid},
		{404, `{"code":"ORDER_NOT_EXIST"}`, payment.TradeUnknown},
	} {
		v.status, v.answer = tc.status, tc.answer
		got, err := c.Close(t.Context(), ownNo)
		require.NoError(t, err)
		require.Equal(t, tc.want, got, tc.answer)
	}
	require.Equal(t, "POST /v3/pay/transactions/out-trade-no/"+ownNo+"/close", v.method+" "+v.uri)
	require.Equal(t, map[string]any{"mchid": mchID}, v.body)
}

func TestRefund(t *testing.T) {
	t.Parallel()
	c, v := newClient(t)
	back := payment.Return{OwnNo: ownNo + "_r1", TradeNo: ownNo, Amount: 30000, Total: 40000, Reason: "退款"}
	for status, want := range map[string]payment.Returned{
		"SUCCESS": {State: payment.ReturnDone, VendorNo: "50000000382019052709732678859"}, "PROCESSING": {State: payment.ReturnProcessing, VendorNo: "50000000382019052709732678859"},
		"ABNORMAL": {State: payment.ReturnFailed, VendorNo: "50000000382019052709732678859", Code: "ABNORMAL"},
		"CLOSED":   {State: payment.ReturnFailed, VendorNo: "50000000382019052709732678859", Code: "CLOSED"},
	} {
		v.answer = fmt.Sprintf(`{"refund_id":"50000000382019052709732678859","out_refund_no":%q,"status":%q,"amount":{"total":40000,"refund":30000,"currency":"CNY"}}`, back.OwnNo, status)
		got, err := c.Refund(t.Context(), back)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, "POST /v3/refund/domestic/refunds", v.method+" "+v.uri)
		require.Equal(t, map[string]any{
			"out_trade_no": ownNo, "out_refund_no": back.OwnNo, "reason": "退款", "notify_url": "https://hall.example/cb",
			"amount": map[string]any{"total": 40000.0, "refund": 30000.0, "currency": "CNY"},
		}, v.body)
		got, err = c.FindRefund(t.Context(), back)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.Equal(t, "GET /v3/refund/domestic/refunds/"+back.OwnNo, v.method+" "+v.uri)
	v.answer = `{"refund_id":"5","out_refund_no":"another","status":"SUCCESS","amount":{"refund":30000}}`
	_, err := c.FindRefund(t.Context(), back)
	require.True(t, fault.HasKey(err, "vendor_unavailable"))
	v.status, v.answer = 404, `{"code":"RESOURCE_NOT_EXISTS"}`
	got, err := c.FindRefund(t.Context(), back)
	require.NoError(t, err)
	require.Equal(t, payment.ReturnUnknown, got.State)
	v.status, v.answer = 403, `{"code":"NOT_ENOUGH"}`
	_, err = c.Refund(t.Context(), back)
	require.True(t, fault.HasKey(err, "payment_vendor_refused"))
	require.Equal(t, "NOT_ENOUGH", fault.Of(err).Args["code"])
}

// sealed is a notice around a resource, encrypted with a key.
func sealed(event, resource, key string) []byte {
	block, _ := aes.NewCipher([]byte(key))
	aead, _ := cipher.NewGCM(block)
	nonce := "fdasflkja484"
	box := aead.Seal(nil, []byte(nonce), []byte(resource), []byte("transaction"))
	raw, _ := json.Marshal(map[string]any{
		"id": "EV-2018022511223320873", "create_time": "2026-11-22T12:00:00+08:00", "resource_type": "encrypt-resource", "event_type": event,
		"summary": "支付成功", "resource": map[string]any{
			"original_type": "transaction", "algorithm": "AEAD_AES_256_GCM", "ciphertext": base64.StdEncoding.EncodeToString(box),
			"associated_data": "transaction", "nonce": nonce,
		},
	})
	return raw
}

func TestNotices(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t)
	body := sealed("TRANSACTION.SUCCESS", paid(nil), apiV3Key)
	n, err := c.Notice(signed(body, "PUB_KEY_ID_1", noon), body, noon)
	require.NoError(t, err)
	require.Equal(t, payment.NoticePaid, n.Kind)
	require.Equal(t, ownNo, n.OwnNo)
	require.EqualValues(t, 40000, n.Received.Amount)

	body = sealed("REFUND.SUCCESS", `{"mchid":"1900000109","out_trade_no":"A","out_refund_no":"A_r1","refund_status":"SUCCESS"}`, apiV3Key)
	n, err = c.Notice(signed(body, "PUB_KEY_ID_1", noon), body, noon)
	require.NoError(t, err)
	require.Equal(t, payment.Notice{Kind: payment.NoticeRefund, OwnNo: "A", RefundNo: "A_r1"}, n)

	for _, other := range [][]byte{sealed("COUPON.USE", "{}", apiV3Key), sealed("TRANSACTION.SUCCESS", paid(map[string]any{"trade_state": "NOTPAY"}), apiV3Key)} {
		n, err = c.Notice(signed(other, "PUB_KEY_ID_1", noon), other, noon)
		require.NoError(t, err)
		require.Equal(t, payment.NoticeOther, n.Kind)
	}
}

func TestNoticesThatAreNotBelieved(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t)
	good := sealed("TRANSACTION.SUCCESS", paid(nil), apiV3Key)
	head := func(body []byte, change func(map[string]string)) map[string]string {
		h := signed(body, "PUB_KEY_ID_1", noon)
		if change != nil {
			change(h)
		}
		return h
	}
	old := signed(good, "PUB_KEY_ID_1", noon.Add(-6*time.Minute))
	for _, tc := range []struct {
		name    string
		headers map[string]string
		body    []byte
		key     string
	}{
		{"no headers", map[string]string{}, good, "callback_key_unknown"},
		{"unknown key", head(good, func(h map[string]string) { h["wechatpay-serial"] = "PUB_KEY_ID_9" }), good, "callback_key_unknown"},
		{"another of our keys", head(good, func(h map[string]string) { h["wechatpay-serial"] = "OLDER" }), good, "callback_signature"},
		{"test traffic", head(good, func(h map[string]string) { h["wechatpay-signature"] = "WECHATPAY/SIGNTEST/" + h["wechatpay-signature"] }), good, "callback_signature"},
		{"no signature", head(good, func(h map[string]string) { delete(h, "wechatpay-signature") }), good, "callback_signature"},
		{"fresh time on an old notice", head(good, func(h map[string]string) { h["wechatpay-timestamp"] = strconv.FormatInt(noon.Unix()+1, 10) }), good, "callback_signature"},
		{"one byte more", head(good, nil), append([]byte(" "), good...), "callback_signature"},
		{"replayed later", old, good, "callback_stale"},
		{"no JSON", head([]byte("?"), nil), []byte("?"), "callback_unreadable"},
		{"another APIv3 key", nil, sealed("TRANSACTION.SUCCESS", paid(nil), strings.Repeat("x", 32)), "callback_unreadable"},
		{"resource is no JSON", nil, sealed("TRANSACTION.SUCCESS", "?", apiV3Key), "callback_unreadable"},
		{"no amount", nil, sealed("TRANSACTION.SUCCESS", paid(map[string]any{"amount": nil}), apiV3Key), "callback_unreadable"},
		{"another merchant", nil, sealed("TRANSACTION.SUCCESS", paid(map[string]any{"mchid": "1"}), apiV3Key), "callback_other_merchant"},
		{"another application", nil, sealed("TRANSACTION.SUCCESS", paid(map[string]any{"appid": "wx1"}), apiV3Key), "callback_other_merchant"},
		{"another merchant's refund", nil, sealed("REFUND.SUCCESS", `{"mchid":"1"}`, apiV3Key), "callback_other_merchant"},
	} {
		if tc.headers == nil {
			tc.headers = head(tc.body, nil)
		}
		_, err := c.Notice(tc.headers, tc.body, noon)
		require.True(t, fault.HasKey(err, tc.key), "%s: %v", tc.name, err)
		require.True(t, fault.Is(err, fault.Invalid), tc.name)
	}
}
