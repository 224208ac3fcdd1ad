package alipay

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/simtest"
	"caconsole/cmd/applicant/vendors/till"
	"caconsole/cmd/applicant/vendors/trouble"
)

func appKey() *rsa.PrivateKey { return simtest.Keys()[0] }
func ownKey() *rsa.PrivateKey { return simtest.Keys()[1] }

// bench is one running gateway, a merchant of it, and what the merchant was told.
type bench struct {
	*httptest.Server
	*simtest.Clock
	t       *testing.T
	gateway *Gateway
	opt     Options
	mu      sync.Mutex
	shop    *httptest.Server
	refuse  int // how many notices the shop answers with something else than success
	told    []url.Values
}

func setup(t *testing.T, state string) *bench {
	t.Helper()
	b := &bench{Clock: simtest.NewClock(), t: t}
	b.shop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = append(b.told, r.PostForm)
		answer := "success"
		if b.refuse > 0 {
			b.refuse--
			answer = `{"status":"success"}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(b.shop.Close)
	log := slog.New(slog.DiscardHandler)
	troubles := &trouble.List{}
	b.opt = Options{
		AppID: "2014", SellerID: "2088", AppKey: &appKey().PublicKey, Key: ownKey(), State: state,
		Callbacks: callback.New(t.Context(), troubles, log), Troubles: troubles, Now: b.Now, Log: log,
	}
	var err error
	b.gateway, err = New(b.opt)
	require.NoError(t, err)
	mux := http.NewServeMux()
	b.gateway.Routes(mux)
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

func (b *bench) notices() []url.Values {
	b.opt.Callbacks.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told
}

// joined joins parameters as the document says, independently of the gateway.
func joined(form url.Values, left string) string {
	var names []string
	for k := range form {
		if !strings.Contains(left, "|"+k+"|") && form.Get(k) != "" {
			names = append(names, k)
		}
	}
	sort.Strings(names)
	for i, k := range names {
		names[i] = k + "=" + form.Get(k)
	}
	return strings.Join(names, "&")
}

func verified(key *rsa.PublicKey, text, signature string) bool {
	raw, err := base64.StdEncoding.DecodeString(signature)
	sum := sha256.Sum256([]byte(text))
	return err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) == nil
}

// call signs and sends one call; spoil changes the parameters, once before and once after they are signed.
func (b *bench) call(method string, biz any, before, after func(url.Values)) map[string]any {
	b.t.Helper()
	raw, err := json.Marshal(biz)
	require.NoError(b.t, err)
	form := url.Values{
		"app_id": {"2014"}, "method": {method}, "format": {"JSON"}, "charset": {"utf-8"}, "sign_type": {"RSA2"}, "version": {"1.0"},
		"timestamp": {b.Now().In(time.FixedZone("CST", 8*3600)).Format(time.DateTime)}, "notify_url": {b.shop.URL}, "biz_content": {string(raw)},
	}
	if before != nil {
		before(form)
	}
	sum := sha256.Sum256([]byte(joined(form, "|sign|")))
	signature, err := rsa.SignPKCS1v15(rand.Reader, appKey(), crypto.SHA256, sum[:])
	require.NoError(b.t, err)
	form.Set("sign", base64.StdEncoding.EncodeToString(signature))
	if after != nil {
		after(form)
	}
	resp, err := http.PostForm(b.URL+Path, form)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	var nodes map[string]json.RawMessage
	require.NoError(b.t, json.NewDecoder(resp.Body).Decode(&nodes))
	var sign string
	require.NoError(b.t, json.Unmarshal(nodes["sign"], &sign))
	node, ok := nodes[strings.ReplaceAll(method, ".", "_")+"_response"]
	if !ok {
		node = nodes["error_response"]
	}
	require.True(b.t, verified(&ownKey().PublicKey, string(node), sign), "the answer is signed")
	out := map[string]any{}
	require.NoError(b.t, json.Unmarshal(node, &out))
	return out
}

func (b *bench) ask(no string) map[string]any {
	return map[string]any{"out_trade_no": no, "total_amount": "200.00", "subject": "1年期机构证书续期", "seller_id": "2088", "time_expire": "2026-11-22 14:00:00"}
}

func (b *bench) precreate(no string) string {
	b.t.Helper()
	out := b.call("alipay.trade.precreate", b.ask(no), nil, nil)
	require.Equal(b.t, "10000", out["code"], out)
	code, _ := out["qr_code"].(string)
	require.Regexp(b.t, `^https://qr\.alipay\.com/bax\w+$`, code)
	return code
}

func (b *bench) about(method, no string) map[string]any {
	b.t.Helper()
	return b.call(method, map[string]string{"out_trade_no": no}, nil, nil)
}

func TestWrongCallersAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	set := func(k, v string) func(url.Values) { return func(f url.Values) { f.Set(k, v) } }
	for want, cases := range map[string][][2]func(url.Values){
		"isv.invalid-signature": {{nil, set("biz_content", `{"out_trade_no":"2"}`)}, {nil, set("sign", "AAAA")}, {nil, set("extra", "1")}},
		"isv.invalid-app-id":    {{set("app_id", "2015"), nil}},
		"isv.invalid-timestamp": {{set("timestamp", "2026-11-22 11:49:59"), nil}, {set("timestamp", "now"), nil}},
		"isv.invalid-sign-type": {{set("sign_type", "RSA"), nil}},
		"isv.invalid-method":    {{set("method", "alipay.trade.steal"), nil}},
	} {
		for _, spoil := range cases {
			out := b.call("alipay.trade.query", map[string]string{"out_trade_no": "1"}, spoil[0], spoil[1])
			require.Equal(t, want, out["sub_code"])
			require.Equal(t, "40002", out["code"])
		}
	}
	require.Equal(t, "ACQ.TRADE_NOT_EXIST", b.about("alipay.trade.query", "1")["sub_code"])
}

func TestTradeFromCodeToNotice(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	code := b.precreate("R1")
	require.Equal(t, code, b.precreate("R1"))
	changed := b.ask("R1")
	changed["total_amount"] = 199.99
	require.Equal(t, "ACQ.CONTEXT_INCONSISTENT", b.call("alipay.trade.precreate", changed, nil, nil)["sub_code"])
	for _, method := range []string{"alipay.trade.query", "alipay.trade.close"} {
		require.Equal(t, "ACQ.TRADE_NOT_EXIST", b.about(method, "R1")["sub_code"], "nobody has scanned the code")
	}

	b.refuse = 1
	number, err := b.gateway.Pay(code)
	require.NoError(t, err)
	_, err = b.gateway.Pay(code)
	require.ErrorIs(t, err, till.ErrPaid)
	all := b.notices()
	require.Len(t, all, 2, "anything but success is no success")
	for _, form := range all {
		require.True(t, verified(&ownKey().PublicKey, joined(form, "|sign|sign_type|"), form.Get("sign")))
		for k, want := range map[string]string{
			"out_trade_no": "R1", "trade_no": number, "trade_status": "TRADE_SUCCESS", "total_amount": "200.00", "seller_id": "2088", "app_id": "2014",
			"gmt_payment": "2026-11-22 12:00:00", "refund_fee": "", "notify_id": all[0].Get("notify_id"),
		} {
			require.Equal(t, want, form.Get(k), k)
		}
	}
	out := b.about("alipay.trade.query", "R1")
	require.Equal(t, []any{"TRADE_SUCCESS", number, "200.00"}, []any{out["trade_status"], out["trade_no"], out["total_amount"]})
	require.Equal(t, "ACQ.TRADE_STATUS_ERROR", b.about("alipay.trade.close", "R1")["sub_code"])
	require.Equal(t, "ACQ.TRADE_HAS_SUCCESS", b.call("alipay.trade.precreate", b.ask("R1"), nil, nil)["sub_code"])
}

func TestScannedTradesCloseAndExpire(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	scan := func(code string) {
		resp, err := http.Post(b.URL+"/_sim/alipay/scan", "application/json", strings.NewReader(`{"qr_code":"`+code+`"}`))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 204, resp.StatusCode)
	}
	code := b.precreate("R2")
	scan(code)
	require.Equal(t, "WAIT_BUYER_PAY", b.about("alipay.trade.query", "R2")["trade_status"])
	require.Equal(t, "10000", b.about("alipay.trade.close", "R2")["code"])
	require.Equal(t, "TRADE_CLOSED", b.about("alipay.trade.query", "R2")["trade_status"])
	_, err := b.gateway.Pay(code)
	require.ErrorIs(t, err, till.ErrClosed)
	require.Equal(t, "ACQ.TRADE_HAS_CLOSE", b.call("alipay.trade.precreate", b.ask("R2"), nil, nil)["sub_code"])

	code = b.precreate("R3")
	scan(code)
	b.Move(2 * time.Hour)
	require.Equal(t, "TRADE_CLOSED", b.about("alipay.trade.query", "R3")["trade_status"])
	_, err = b.gateway.Pay(code)
	require.ErrorIs(t, err, till.ErrExpired)
	_, err = b.gateway.Pay("https://qr.alipay.com/none")
	require.ErrorIs(t, err, till.ErrUnknown)
	require.Empty(t, b.notices())
}

func (b *bench) refund(no, request, yuan string) map[string]any {
	b.t.Helper()
	return b.call("alipay.trade.refund", map[string]string{"out_trade_no": no, "out_request_no": request, "refund_amount": yuan, "refund_reason": "撤回"}, nil, nil)
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	code := b.precreate("R4")
	require.Equal(t, "ACQ.TRADE_NOT_EXIST", b.refund("R4", "F1", "50.00")["sub_code"])
	_, err := b.gateway.Pay(code)
	require.NoError(t, err)
	b.notices()

	out := b.refund("R4", "F1", "50.00")
	require.Equal(t, []any{"10000", "Y", "50.00"}, []any{out["code"], out["fund_change"], out["refund_fee"]})
	out = b.refund("R4", "F1", "50.00")
	require.Equal(t, []any{"N", "50.00"}, []any{out["fund_change"], out["refund_fee"]}, "one refund for a number")
	require.Equal(t, "ACQ.DISCORDANT_REPEAT_REQUEST", b.refund("R4", "F1", "51.00")["sub_code"])
	require.Equal(t, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", b.refund("R4", "F2", "150.01")["sub_code"])
	require.Equal(t, "TRADE_SUCCESS", b.about("alipay.trade.query", "R4")["trade_status"])

	find := func(request string) map[string]any {
		return b.call("alipay.trade.fastpay.refund.query", map[string]string{"out_trade_no": "R4", "out_request_no": request}, nil, nil)
	}
	require.Equal(t, "REFUND_SUCCESS", find("F1")["refund_status"])
	unknown := find("F2")
	require.Equal(t, "10000", unknown["code"])
	require.NotContains(t, unknown, "refund_status", "what it does not know is a success that says nothing")

	require.Equal(t, "200.00", b.refund("R4", "F2", "150.00")["refund_fee"])
	out = b.about("alipay.trade.query", "R4")
	require.Equal(t, []any{"TRADE_CLOSED", "2026-11-22 12:00:00"}, []any{out["trade_status"], out["send_pay_date"]}, "paid back in full")
	all := b.notices()
	require.Len(t, all, 3)
	refunds := map[string]string{}
	for _, form := range all[1:] {
		require.True(t, verified(&ownKey().PublicKey, joined(form, "|sign|sign_type|"), form.Get("sign")))
		refunds[form.Get("out_biz_no")] = form.Get("trade_status")
	}
	require.Equal(t, map[string]string{"F1": "TRADE_SUCCESS", "F2": "TRADE_CLOSED"}, refunds)
	require.Equal(t, till.Counts{Bills: 1, Paid: 1, PaidFen: 20000, Refunds: 2, RefundedFen: 20000}, till.Count(b.gateway.Bills()))
}

func TestWrongTradesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	for field, value := range map[string]any{
		"out_trade_no": "R-1", "total_amount": "1.001", "subject": "", "seller_id": "2089", "time_expire": "2026-11-22 11:59:59",
	} {
		in := b.ask("R5")
		in[field] = value
		require.Equal(t, "ACQ.INVALID_PARAMETER", b.call("alipay.trade.precreate", in, nil, nil)["sub_code"], field)
	}
	for express, ok := range map[string]bool{"90m": true, "2h": true, "1d": true, "0m": false, "1c": false, "soon": false} {
		_, got := ask{TimeoutExpress: express}.expires(simtest.Noon)
		require.Equal(t, ok, got, express)
	}
}

func TestANewStartKnowsAndTells(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	b := setup(t, state)
	code := b.precreate("R6")
	require.NoError(t, b.opt.Troubles.Order(trouble.Fault{Vendor: trouble.Alipay, Kind: trouble.Delay, DelayMS: 3_600_000}))
	number, err := b.gateway.Pay(code)
	require.NoError(t, err)

	again := setup(t, state)
	again.notices()
	require.Len(t, b.told, 1, "it is told where it asked to be told")
	require.Equal(t, number, b.told[0].Get("trade_no"))
	require.Equal(t, "TRADE_SUCCESS", again.about("alipay.trade.query", "R6")["trade_status"])
	require.True(t, again.gateway.Bills()[0].Told)
}

func TestForgedNotice(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	require.NoError(t, b.opt.Troubles.Order(trouble.Fault{Vendor: trouble.Alipay, Kind: trouble.Forge}))
	b.precreate("R7")
	all := b.notices()
	require.Len(t, all, 1)
	require.Equal(t, "TRADE_SUCCESS", all[0].Get("trade_status"))
	require.False(t, verified(&ownKey().PublicKey, joined(all[0], "|sign|sign_type|"), all[0].Get("sign")))
	require.Equal(t, "ACQ.TRADE_NOT_EXIST", b.about("alipay.trade.query", "R7")["sub_code"])
}
