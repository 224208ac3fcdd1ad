package intake_test

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
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/money"
	"caconsole/admin/payment"
	"caconsole/admin/payment/alipay"
	"caconsole/admin/payment/wechat"
)

// The accounts of the house at the real payment vendors' clients.
const (
	wechatMch, wechatApp = "1900000109", "wxd678efh567hg6787"
	wechatSecret         = "caconsoleTestKeyOf32Bytes0123456"
	alipayApp, alipayMe  = "2014072300007148", "2088102146225135"
)

// vendorKeys are the payment vendors' key, and that of somebody who would like to be them.
var vendorKeys = sync.OnceValue(func() (k struct{ vendor, forger *rsa.PrivateKey }) {
	k.vendor, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.forger, _ = rsa.GenerateKey(rand.Reader, 2048)
	return k
})

func signedBy(key *rsa.PrivateKey, text string) string {
	sum := sha256.Sum256([]byte(text))
	sig, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return base64.StdEncoding.EncodeToString(sig)
}

// paidByWeChat is a notice as WeChat Pay sends it, with some fields changed before it is sealed and signed.
func paidByWeChat(ownNo string, fen int64, change map[string]any) string {
	plain := map[string]any{
		"mchid": wechatMch, "appid": wechatApp, "out_trade_no": ownNo, "transaction_id": "42000" + ownNo, "trade_state": "SUCCESS",
		"success_time": "2026-11-23T10:00:00+08:00", "amount": map[string]any{"total": fen, "currency": "CNY"},
	}
	maps.Copy(plain, change)
	raw, _ := json.Marshal(plain)
	block, _ := aes.NewCipher([]byte(wechatSecret))
	aead, _ := cipher.NewGCM(block)
	body, _ := json.Marshal(map[string]any{
		"id": "1", "event_type": "TRANSACTION.SUCCESS", "resource": map[string]any{
			"algorithm": "AEAD_AES_256_GCM", "nonce": "0123456789ab", "associated_data": "transaction",
			"ciphertext": base64.StdEncoding.EncodeToString(aead.Seal(nil, []byte("0123456789ab"), raw, []byte("transaction"))),
		},
	})
	return string(body)
}

func wechatHead(key *rsa.PrivateKey, serial, body string, at time.Time) []string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return []string{
		"Wechatpay-Serial", serial, "Wechatpay-Timestamp", stamp, "Wechatpay-Nonce", "n",
		"Wechatpay-Signature", signedBy(key, stamp+"\nn\n"+body+"\n"),
	}
}

// paidByAlipay is a notice as Alipay sends it, with some parameters changed before it is signed.
func paidByAlipay(key *rsa.PrivateKey, ownNo string, fen int64, change map[string]string) string {
	form := url.Values{}
	for k, v := range map[string]string{
		"app_id": alipayApp, "seller_id": alipayMe, "out_trade_no": ownNo, "trade_no": "2026" + ownNo, "trade_status": "TRADE_SUCCESS",
		"total_amount": money.Fen(fen).String(), "gmt_payment": "2026-11-23 10:00:00", "sign_type": "RSA2", "notify_id": "1",
	} {
		form.Set(k, v)
	}
	for k, v := range change {
		form.Set(k, v)
	}
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(form)) {
		if k != "sign_type" && form.Get(k) != "" {
			pairs = append(pairs, k+"="+form.Get(k))
		}
	}
	form.Set("sign", signedBy(key, strings.Join(pairs, "&")))
	return form.Encode()
}

// forgery is one callback that must change nothing.
type forgery struct {
	name, path, body string
	headers          []string
}

// till opens the real clients' account: their vendors are asked nothing here.
func (h *hall) realTills() {
	h.t.Helper()
	keys, now := vendorKeys(), h.clock.now
	w, err := wechat.New(wechat.Config{
		AppID: wechatApp, MchID: wechatMch, APIv3Key: wechatSecret, MerchantKey: keys.forger, MerchantSerial: "M",
		Platform: map[string]*rsa.PublicKey{"P": &keys.vendor.PublicKey}, PlatformSerial: "P", Now: now,
	})
	require.NoError(h.t, err)
	a, err := alipay.New(alipay.Config{AppID: alipayApp, SellerID: alipayMe, AppKey: keys.forger, AlipayKey: &keys.vendor.PublicKey, Now: now})
	require.NoError(h.t, err)
	h.flow.PayVendors = map[payment.Method]payment.Vendor{
		payment.WeChat: onlyNotices{h.tills[payment.WeChat], w}, payment.Alipay: onlyNotices{h.tills[payment.Alipay], a},
	}
}

// onlyNotices is a played till that reads notices as the real client does.
type onlyNotices struct {
	*till
	real payment.Vendor
}

func (v onlyNotices) Notice(headers map[string]string, body []byte, at time.Time) (payment.Notice, error) {
	return v.real.Notice(headers, body, at)
}

func forgedPayments(wechatNo, alipayNo string, fen int64) []forgery {
	keys := vendorKeys()
	const w, a = "/api/v1/callbacks/payments/wechat", "/api/v1/callbacks/payments/alipay"
	good := paidByWeChat(wechatNo, fen, nil)
	signed := func(name, body string) forgery {
		return forgery{"wechat " + name, w, body, wechatHead(keys.vendor, "P", body, monday)}
	}
	return []forgery{
		{"wechat unsigned", w, good, nil},
		{"wechat signed by another", w, good, wechatHead(keys.forger, "P", good, monday)},
		{"wechat unknown key", w, good, wechatHead(keys.vendor, "Q", good, monday)},
		{"wechat stale", w, good, wechatHead(keys.vendor, "P", good, monday.Add(-6*time.Minute))},
		{"wechat from the future", w, good, wechatHead(keys.vendor, "P", good, monday.Add(6*time.Minute))},
		{"wechat another body", w, good + " ", wechatHead(keys.vendor, "P", good, monday)},
		{"wechat no JSON", w, "\xff\x00", wechatHead(keys.vendor, "P", "\xff\x00", monday)},
		signed("another merchant", paidByWeChat(wechatNo, fen, map[string]any{"mchid": "1"})),
		signed("another application", paidByWeChat(wechatNo, fen, map[string]any{"appid": "wx"})),
		signed("no such payment", paidByWeChat("R261123000990_1", fen, nil)),
		signed("another method's payment", paidByWeChat(alipayNo, fen, nil)),
		signed("not sealed for us", `{"event_type":"TRANSACTION.SUCCESS","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"0123456789ab","ciphertext":"AAAA"}}`),
		{"alipay unsigned", a, "out_trade_no=" + alipayNo + "&trade_status=TRADE_SUCCESS", nil},
		{"alipay signed by another", a, paidByAlipay(keys.forger, alipayNo, fen, nil), nil},
		{"alipay another amount", a, strings.Replace(paidByAlipay(keys.vendor, alipayNo, fen, nil), money.Fen(fen).String(), "0.01", 1), nil},
		{"alipay an amount twice", a, paidByAlipay(keys.vendor, alipayNo, fen, nil) + "&total_amount=" + money.Fen(fen).String(), nil},
		{"alipay another seller", a, paidByAlipay(keys.vendor, alipayNo, fen, map[string]string{"seller_id": "2"}), nil},
		{"alipay another application", a, paidByAlipay(keys.vendor, alipayNo, fen, map[string]string{"app_id": "2"}), nil},
		{"alipay no such payment", a, paidByAlipay(keys.vendor, "R261123000990_1", fen, nil), nil},
		{"alipay no form", a, "%zz\x00", nil},
	}
}

// forgedHints are callbacks that prove nothing by themselves: the identity, invoice and SMS vendors sign none, so each
// is at most a reason to ask.
func forgedHints(token, serial, message string) []forgery {
	var out []forgery
	for path, bodies := range map[string][]string{
		"/api/v1/callbacks/identity/played":  {"token=" + token, "token=T-unknown", "{}", "\xff\x00", `{"BizToken":"` + token + `","passed":true}`},
		"/api/v1/callbacks/identity/tencent": {`{"BizToken":"` + token + `"}`},
		"/api/v1/callbacks/invoices/played":  {serial, "V-unknown", "\xff\x00"},
		"/api/v1/callbacks/invoices/nuonuo":  {"operater=callback&orderno=" + serial},
		"/api/v1/callbacks/sms/played":       {message, "\xff\x00", "x"},
		"/api/v1/callbacks/sms/tencent":      {`[{"report_status":"SUCCESS","sid":"` + message + `"}]`, "[]"},
	} {
		for i, body := range bodies {
			out = append(out, forgery{fmt.Sprintf("%s %d", path, i), path, body, nil})
		}
	}
	return out
}

// buying is an order whose applicant chooses how to pay.
type buying struct {
	client
	no  string
	fen int64
}

// buying opens an order online for a new applicant.
func (h *hall) buying(n int) buying {
	h.t.Helper()
	c := h.login(fmt.Sprintf("1380013800%d", n)).consent("sensitive_data")
	pair, _ := h.ukey(fmt.Sprintf("388800000000000%d", n), monday.AddDate(0, 1, 0), nil)
	return h.opened(c, onlineApplication(string(pair.Sign.Serial)))
}

func (h *hall) opened(c client, with map[string]any) buying {
	h.t.Helper()
	o := c.post("/api/v1/orders", with).ok(http.StatusCreated).json()
	h.work()
	return buying{c, o["no"].(string), int64(o["amount_fen"].(float64))}
}

// pays asks for a code and returns our number of the payment.
func (b buying) pays(method string) string {
	b.t.Helper()
	b.post("/api/v1/orders/"+b.no+"/payments", map[string]string{"method": method}).ok(http.StatusCreated)
	return b.tills[payment.Method(method)].last()
}

func (b buying) payment() string {
	b.t.Helper()
	return b.gates(b.no)["payment"].(string)
}

// standing is all that an applicant sees of some orders.
func standing(orders []buying) (out []any) {
	for _, o := range orders {
		out = append(out, o.get("/api/v1/orders/"+o.no).ok(http.StatusOK).json())
	}
	return out
}

func (h *hall) count(query string) (n int) {
	h.t.Helper()
	require.NoError(h.t, h.flow.DB.Read(h.t.Context()).Gorm().Raw(query).Scan(&n).Error)
	return n
}

// Whoever posts what no vendor of ours has said changes nothing, learns nothing and breaks nothing; all of it is kept as
// it came. What the vendors do say counts, once.
func TestForgedCallbacks(t *testing.T) {
	h := newHall(t)
	h.realTills()
	byWeChat, byAlipay := h.buying(1), h.buying(2)
	wechatNo, alipayNo := byWeChat.pays("wechat"), byAlipay.pays("alipay")
	trying := h.opened(h.login("13800138003").consent(), application(h.expired("3888000000000003")))
	trying.post("/api/v1/orders/"+trying.no+"/identity-sessions", nil).ok(http.StatusCreated)
	orders := []buying{byWeChat, byAlipay, trying}
	before := standing(orders)

	message := h.sms.got[len(h.sms.got)-1].ID.String()
	forged := append(forgedPayments(wechatNo, alipayNo, byWeChat.fen), forgedHints(h.face.token, "V0001", message)...)
	for _, f := range forged {
		status := h.visitor().post(f.path, f.body, f.headers...).status
		require.Less(t, status, http.StatusInternalServerError, f.name)
		h.work()
		require.Equal(t, before, standing(orders), f.name)
	}
	require.Equal(t, len(forged), h.count("SELECT count(*) FROM inbox_callback"), "all are kept")
	require.Zero(t, h.count("SELECT count(*) FROM inbox_callback WHERE source LIKE 'payments/%' AND state <> 'rejected'"))
	require.Zero(t, h.count("SELECT count(*) FROM online_payment"))

	keys, body := vendorKeys(), paidByWeChat(wechatNo, byWeChat.fen, nil)
	for range 3 { // the vendor repeats itself, or somebody replays it
		h.visitor().post("/api/v1/callbacks/payments/wechat", body, wechatHead(keys.vendor, "P", body, monday)...).ok(http.StatusNoContent)
		reply := h.visitor().post("/api/v1/callbacks/payments/alipay", paidByAlipay(keys.vendor, alipayNo, byAlipay.fen, nil)).ok(http.StatusOK)
		require.Equal(t, "success", string(reply.body))
	}
	h.work()
	require.Equal(t, []string{"settled", "settled"}, []string{byWeChat.payment(), byAlipay.payment()})
	require.Equal(t, 2, h.count("SELECT count(*) FROM online_payment WHERE suspense = ''"))
	require.Equal(t, 2, h.count("SELECT count(*) FROM invoice"))
}

// A notice that is the vendor's own but says another amount settles nothing: the money is in suspense.
func TestNoticeOfAnotherAmount(t *testing.T) {
	h := newHall(t)
	h.realTills()
	keys := vendorKeys()
	short, foreign, over := h.buying(1), h.buying(2), h.buying(3)
	for _, body := range []string{
		paidByWeChat(short.pays("wechat"), short.fen-1, nil),
		paidByWeChat(foreign.pays("wechat"), 0, map[string]any{"amount": map[string]any{"total": foreign.fen, "currency": "USD"}}),
	} {
		h.visitor().post("/api/v1/callbacks/payments/wechat", body, wechatHead(keys.vendor, "P", body, monday)...).ok(http.StatusNoContent)
	}
	h.visitor().post("/api/v1/callbacks/payments/alipay", paidByAlipay(keys.vendor, over.pays("alipay"), over.fen+1, nil)).ok(http.StatusOK)
	require.Equal(t, []string{"none", "none", "none"}, []string{short.payment(), foreign.payment(), over.payment()})
	require.Equal(t, 3, h.count("SELECT count(*) FROM online_payment WHERE suspense = 'wrong_amount'"))
	require.Zero(t, h.count("SELECT count(*) FROM invoice"))
}
