package alipay_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/payment"
	"caconsole/admin/payment/alipay"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

const (
	appID  = "2021000000000001"
	seller = "2088000000000001"
	ownNo  = "R261122000014_1"
)

// keys are the application's and the platform's, made once: they are slow to make.
var keys = sync.OnceValue(func() (k struct{ app, platform *rsa.PrivateKey }) {
	k.app, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.platform, _ = rsa.GenerateKey(rand.Reader, 2048)
	return k
})

func signature(key *rsa.PrivateKey, text string) string {
	sum := sha256.Sum256([]byte(text))
	sig, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return base64.StdEncoding.EncodeToString(sig)
}

// joined is what the platform's documents call 待签名字符串.
func joined(params url.Values, without ...string) string {
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(params)) {
		if params.Get(k) != "" && !slices.Contains(without, k) {
			pairs = append(pairs, k+"="+params.Get(k))
		}
	}
	return strings.Join(pairs, "&")
}

// platform is Alipay as its documents have it: it checks the application's signature and signs its answers.
type platform struct {
	t      *testing.T
	status int
	answer string // the method's node
	spoil  func(string) string
	params url.Values
	biz    map[string]any
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.params, p.biz = r.Form, nil
	_ = json.Unmarshal([]byte(r.Form.Get("biz_content")), &p.biz)
	sum := sha256.Sum256([]byte(joined(r.PostForm, "sign")))
	sig, _ := base64.StdEncoding.DecodeString(r.Form.Get("sign"))
	if err := rsa.VerifyPKCS1v15(&keys().app.PublicKey, crypto.SHA256, sum[:], sig); err != nil {
		p.t.Error("the application's signature is wrong")
	}
	node := strings.ReplaceAll(r.Form.Get("method"), ".", "_") + "_response"
	out := fmt.Sprintf(`{%q:%s,"sign":%q}`, node, p.answer, signature(keys().platform, p.answer))
	if p.spoil != nil {
		out = p.spoil(out)
	}
	w.WriteHeader(p.status)
	_, _ = w.Write([]byte(out))
}

func newClient(t *testing.T) (*alipay.Client, *platform) {
	t.Helper()
	p := &platform{t: t, status: http.StatusOK}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	c, err := alipay.New(alipay.Config{
		URL: srv.URL, AppID: appID, SellerID: seller, AppKey: keys().app, AlipayKey: &keys().platform.PublicKey,
		NotifyURL: "https://hall.example/cb", Now: func() time.Time { return noon },
	})
	require.NoError(t, err)
	return c, p
}

func TestAccountMustBeWhole(t *testing.T) {
	t.Parallel()
	_, err := alipay.New(alipay.Config{AppID: appID})
	require.ErrorIs(t, err, alipay.ErrConfig)
}

func TestCreate(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	p.answer = `{"code":"10000","msg":"Success","out_trade_no":"` + ownNo + `","qr_code":"https:\/\/qr.alipay.com\/bavh4wjlxf12tper3a"}`
	code, err := c.Create(t.Context(), payment.Ask{OwnNo: ownNo, Amount: 8888, Subject: "数字证书续期", ExpiresAt: noon.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, "https://qr.alipay.com/bavh4wjlxf12tper3a", code)
	for k, want := range map[string]string{
		"app_id": appID, "method": "alipay.trade.precreate", "format": "JSON", "charset": "utf-8", "sign_type": "RSA2", "version": "1.0",
		"timestamp": "2026-11-22 12:00:00", "notify_url": "https://hall.example/cb",
	} {
		require.Equal(t, want, p.params.Get(k), k)
	}
	require.Equal(t, map[string]any{
		"out_trade_no": ownNo, "total_amount": "88.88", "subject": "数字证书续期", "seller_id": seller, "time_expire": "2026-11-22 14:00:00",
	}, p.biz)
}

func TestCreateThatFails(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	for _, tc := range []struct {
		name, answer string
		status       int
		key          string
	}{
		{"paid already", `{"code":"40004","sub_code":"ACQ.TRADE_HAS_SUCCESS"}`, 200, "payment_made"},
		{"refused", `{"code":"40004","sub_code":"ACQ.TOTAL_FEE_EXCEED"}`, 200, "payment_vendor_refused"},
		{"not allowed", `{"code":"40006","sub_code":"isv.insufficient-isv-permissions"}`, 200, "payment_vendor_refused"},
		{"broken inside", `{"code":"40004","sub_code":"ACQ.SYSTEM_ERROR"}`, 200, "vendor_unavailable"},
		{"out of order", `{"code":"20000","sub_code":"isp.unknow-error"}`, 200, "vendor_unavailable"},
		{"gateway down", `{}`, 502, "vendor_unavailable"},
		{"another's code", `{"code":"10000","out_trade_no":"X","qr_code":"y"}`, 200, "vendor_unavailable"},
		{"no code", `{"code":"10000","out_trade_no":"` + ownNo + `"}`, 200, "vendor_unavailable"},
		{"no JSON", `?`, 200, "vendor_unavailable"},
	} {
		p.answer, p.status = tc.answer, tc.status
		_, err := c.Create(t.Context(), payment.Ask{OwnNo: ownNo, Amount: 1, ExpiresAt: noon})
		require.True(t, fault.HasKey(err, tc.key), "%s: %v", tc.name, err)
	}
}

const trade = `{"code":"10000","msg":"Success","out_trade_no":"` + ownNo + `","trade_no":"2026112222001400000000000001",` +
	`"trade_status":"TRADE_SUCCESS","total_amount":"400.00","send_pay_date":"2026-11-22 11:58:10","buyer_logon_id":"159****5620"}`

// Who stands between us and the platform cannot tell us that somebody has paid.
func TestAnswersAreVerified(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	p.answer = trade
	for name, spoil := range map[string]func(string) string{
		"another amount": func(s string) string { return strings.Replace(s, "400.00", "500.00", 1) },
		"no signature":   func(s string) string { return s[:strings.LastIndex(s, `,"sign"`)] + "}" },
		"signed by us": func(string) string {
			return `{"alipay_trade_query_response":` + trade + `,"sign":"` + signature(keys().app, trade) + `"}`
		},
		"another node": func(s string) string { return strings.Replace(s, "trade_query", "trade_pay", 1) },
	} {
		p.spoil = spoil
		_, err := c.Query(t.Context(), ownNo)
		require.True(t, fault.HasKey(err, "vendor_unavailable"), "%s: %v", name, err)
	}
	p.spoil = nil
	got, err := c.Query(t.Context(), ownNo)
	require.NoError(t, err)
	require.Equal(t, payment.TradePaid, got.State)
	require.EqualValues(t, 40000, got.Received.Amount)
	require.Equal(t, "2026112222001400000000000001", got.Received.TransactionID)
	require.True(t, got.Received.PaidAt.Equal(time.Date(2026, 11, 22, 3, 58, 10, 0, time.UTC)))
}

func TestQuery(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	for _, tc := range []struct {
		from, to string
		want     payment.TradeState
	}{
		{"TRADE_SUCCESS", "TRADE_FINISHED", payment.TradePaid},
		{"TRADE_SUCCESS", "TRADE_CLOSED", payment.TradePaid}, // it was paid and has gone back
		{"TRADE_SUCCESS", "WAIT_BUYER_PAY", payment.TradeWaiting},
		{`"TRADE_SUCCESS","total_amount":"400.00","send_pay_date":"2026-11-22 11:58:10"`, `"TRADE_CLOSED"`, payment.TradeClosed},
		{trade, `{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}`, payment.TradeUnknown},
	} {
		p.answer = strings.Replace(trade, tc.from, tc.to, 1)
		got, err := c.Query(t.Context(), ownNo)
		require.NoError(t, err, tc.to)
		require.Equal(t, tc.want, got.State, tc.to)
	}
	for _, change := range [][2]string{{ownNo, "X"}, {"400.00", "4e2"}, {"400.00", "-1"}, {"2026-11-22 11", "?"}, {"TRADE_SUCCESS", "ODD"}, {"2026112222001400000000000001", ""}} {
		p.answer = strings.Replace(trade, change[0], change[1], 1)
		_, err := c.Query(t.Context(), ownNo)
		require.True(t, fault.HasKey(err, "vendor_unavailable"), "%s: %v", change, err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	for answer, want := range map[string]payment.TradeState{
		`{"code":"10000"}`: payment.TradeClosed, `{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}`: payment.TradeUnknown,
	} {
		p.answer = answer
		got, err := c.Close(t.Context(), ownNo)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	p.answer = `{"code":"40004","sub_code":"ACQ.TRADE_STATUS_ERROR"}`
	p.spoil = func(s string) string {
		if p.params.Get("method") == "alipay.trade.query" {
			return `{"alipay_trade_query_response":` + trade + `,"sign":"` + signature(keys().platform, trade) + `"}`
		}
		return s
	}
	got, err := c.Close(t.Context(), ownNo)
	require.NoError(t, err)
	require.Equal(t, payment.TradePaid, got, "somebody was faster")
}

func TestRefund(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	back := payment.Return{OwnNo: ownNo + "_r1", TradeNo: ownNo, Amount: 30000, Total: 40000, Reason: "退款"}
	p.answer = `{"code":"10000","out_trade_no":"` + ownNo + `","trade_no":"T1","fund_change":"Y","refund_fee":"300.00"}`
	got, err := c.Refund(t.Context(), back)
	require.NoError(t, err)
	require.Equal(t, payment.Returned{State: payment.ReturnDone, VendorNo: "T1"}, got)
	require.Equal(t, map[string]any{"out_trade_no": ownNo, "out_request_no": back.OwnNo, "refund_amount": "300.00", "refund_reason": "退款"}, p.biz)
	p.answer = strings.Replace(p.answer, `"Y"`, `"N"`, 1)
	got, err = c.Refund(t.Context(), back)
	require.NoError(t, err)
	require.Equal(t, payment.ReturnProcessing, got.State, "to be asked after")
	p.answer = `{"code":"40004","sub_code":"ACQ.SELLER_BALANCE_NOT_ENOUGH"}`
	_, err = c.Refund(t.Context(), back)
	require.Equal(t, "ACQ.SELLER_BALANCE_NOT_ENOUGH", fault.Of(err).Args["code"])

	found := `{"code":"10000","out_trade_no":"` + ownNo + `","trade_no":"T1","out_request_no":"` + back.OwnNo + `","refund_amount":"300.00","refund_status":"REFUND_SUCCESS"}`
	for _, tc := range []struct {
		answer string
		want   payment.ReturnState
	}{
		{found, payment.ReturnDone},
		{`{"code":"10000","msg":"Success"}`, payment.ReturnUnknown},
		{`{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}`, payment.ReturnUnknown},
		{strings.Replace(found, "REFUND_SUCCESS", "REFUND_PROCESSING", 1), payment.ReturnProcessing},
	} {
		p.answer = tc.answer
		got, err := c.FindRefund(t.Context(), back)
		require.NoError(t, err)
		require.Equal(t, tc.want, got.State, tc.answer)
	}
	for _, change := range [][2]string{{back.OwnNo, "X"}, {"300.00", "299.00"}} {
		p.answer = strings.Replace(found, change[0], change[1], 1)
		_, err := c.FindRefund(t.Context(), back)
		require.True(t, fault.HasKey(err, "vendor_unavailable"), "%v", err)
	}
}

// notice is a notice of the platform's documents with some parameters changed, and then signed.
func notice(key *rsa.PrivateKey, change map[string]string) url.Values {
	v := url.Values{}
	for k, s := range map[string]string{
		"notify_time": "2026-11-22 12:00:00", "notify_type": "trade_status_sync", "notify_id": "ac05099524730693a8b330c5ecf72da9786",
		"charset": "utf-8", "version": "1.0", "sign_type": "RSA2", "app_id": appID, "seller_id": seller, "out_trade_no": ownNo,
		"trade_no": "2026112222001400000000000001", "trade_status": "TRADE_SUCCESS", "total_amount": "400.00", "receipt_amount": "400.00",
		"subject": "数字证书续期 " + ownNo, "gmt_create": "2026-11-22 11:58:00", "gmt_payment": "2026-11-22 11:58:10", "body": "",
	} {
		v.Set(k, s)
	}
	for k, s := range change {
		v.Set(k, s)
	}
	v.Set("sign", signature(key, joined(v, "sign", "sign_type")))
	return v
}

func TestNotices(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t)
	n, err := c.Notice(nil, []byte(notice(keys().platform, nil).Encode()), noon.Add(20*time.Hour))
	require.NoError(t, err, "the platform repeats a notice for a day")
	require.Equal(t, payment.NoticePaid, n.Kind)
	require.Equal(t, ownNo, n.OwnNo)
	require.EqualValues(t, 40000, n.Received.Amount)
	require.Equal(t, "CNY", n.Received.Currency)
	for _, tc := range []struct {
		change map[string]string
		want   payment.NoticeKind
	}{
		{map[string]string{"refund_fee": "300.00", "out_biz_no": ownNo + "_r1", "gmt_refund": "2026-11-22 12:00:00"}, payment.NoticeRefund},
		{map[string]string{"refund_fee": "300.00"}, payment.NoticeOther},
		{map[string]string{"trade_status": "WAIT_BUYER_PAY"}, payment.NoticeOther},
		{map[string]string{"trade_status": "TRADE_CLOSED"}, payment.NoticeOther},
		{map[string]string{"trade_status": "TRADE_FINISHED"}, payment.NoticePaid},
	} {
		n, err := c.Notice(nil, []byte(notice(keys().platform, tc.change).Encode()), noon)
		require.NoError(t, err)
		require.Equal(t, tc.want, n.Kind, "%v", tc.change)
	}
}

func TestNoticesThatAreNotBelieved(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t)
	good := notice(keys().platform, nil)
	with := func(k, v string) string {
		m := maps.Clone(good)
		m[k] = []string{v}
		return m.Encode()
	}
	for name, tc := range map[string]struct{ body, key string }{
		"another amount":      {with("total_amount", "1.00"), "callback_signature"},
		"another order":       {with("out_trade_no", "X"), "callback_signature"},
		"a parameter more":    {with("attach", "x"), "callback_signature"},
		"no signature":        {with("sign", ""), "callback_signature"},
		"weaker signature":    {with("sign_type", "RSA"), "callback_signature"},
		"signed by us":        {notice(keys().app, nil).Encode(), "callback_signature"},
		"an amount twice":     {good.Encode() + "&total_amount=1.00", "callback_unreadable"},
		"no form":             {"%zz", "callback_unreadable"},
		"another application": {notice(keys().platform, map[string]string{"app_id": "2"}).Encode(), "callback_other_merchant"},
		"another seller":      {notice(keys().platform, map[string]string{"seller_id": "2"}).Encode(), "callback_other_merchant"},
		"no amount":           {notice(keys().platform, map[string]string{"total_amount": ""}).Encode(), "callback_unreadable"},
	} {
		_, err := c.Notice(nil, []byte(tc.body), noon)
		require.True(t, fault.HasKey(err, tc.key), "%s: %v", name, err)
		require.True(t, fault.Is(err, fault.Invalid), name)
	}
}
