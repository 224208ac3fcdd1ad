package wechat

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/vendors/simtest"
	"caconsole/cmd/applicant/vendors/till"
	"caconsole/cmd/applicant/vendors/trouble"
)

func TestOrderFromCodeToNotice(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	code := b.native("R2611220001")
	require.Equal(t, code, b.native("R2611220001"), "the same again is the same order")
	changed := b.ask("R2611220001", 19999)
	status, out := b.call("POST", "/v3/pay/transactions/native", changed, nil)
	require.Equal(t, []any{403, "OUT_TRADE_NO_USED"}, []any{status, out["code"]})
	_, out = b.query("R2611220001")
	require.Equal(t, "NOTPAY", out["trade_state"])

	b.refuse = 1
	number, err := b.platform.Pay(code)
	require.NoError(t, err)
	_, err = b.platform.Pay(code)
	require.ErrorIs(t, err, till.ErrPaid)
	all := b.notices()
	require.Len(t, all, 2, "refused once, sent again")
	event, plain := all[1].open(t)
	require.Equal(t, "TRANSACTION.SUCCESS", event)
	require.Equal(t, "R2611220001", plain["out_trade_no"])
	require.Equal(t, number, plain["transaction_id"])
	require.Equal(t, map[string]any{"total": 20000.0, "payer_total": 20000.0, "currency": "CNY", "payer_currency": "CNY"}, plain["amount"])
	require.Equal(t, "2026-11-22T12:00:00+08:00", plain["success_time"])
	require.Equal(t, string(all[0].body), string(all[1].body), "the same notice")

	_, out = b.query("R2611220001")
	require.Equal(t, "SUCCESS", out["trade_state"])
	status, out = b.call("POST", path+"R2611220001/close", map[string]string{"mchid": "1900000109"}, nil)
	require.Equal(t, []any{400, "ORDERPAID"}, []any{status, out["code"]})
	status, out = b.call("POST", "/v3/pay/transactions/native", b.ask("R2611220001", 20000), nil)
	require.Equal(t, []any{400, "ORDERPAID"}, []any{status, out["code"]})
}

func TestClosedAndExpiredOrdersAreNotPaid(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	code := b.native("R2611220002")
	body := map[string]string{"mchid": "1900000109"}
	status, _ := b.call("POST", path+"R2611220002/close", body, nil)
	require.Equal(t, 204, status)
	_, out := b.query("R2611220002")
	require.Equal(t, "CLOSED", out["trade_state"])
	for _, again := range []func() (int, map[string]any){
		func() (int, map[string]any) { return b.call("POST", path+"R2611220002/close", body, nil) },
		func() (int, map[string]any) {
			return b.call("POST", "/v3/pay/transactions/native", b.ask("R2611220002", 20000), nil)
		},
	} {
		status, out = again()
		require.Equal(t, []any{400, "ORDER_CLOSED"}, []any{status, out["code"]})
	}
	_, err := b.platform.Pay(code)
	require.ErrorIs(t, err, till.ErrClosed)
	status, out = b.call("POST", path+"R2611220009/close", body, nil)
	require.Equal(t, []any{404, "ORDER_NOT_EXIST"}, []any{status, out["code"]})

	code = b.native("R2611220003")
	b.Move(2 * time.Hour)
	_, err = b.platform.Pay(code)
	require.ErrorIs(t, err, till.ErrExpired)
	_, out = b.query("R2611220003")
	require.Equal(t, "NOTPAY", out["trade_state"], "time_expire ends paying, not the order")
	_, err = b.platform.Pay("weixin://wxpay/bizpayurl?pr=none")
	require.ErrorIs(t, err, till.ErrUnknown)
	states := map[string]string{}
	for _, bill := range b.platform.Bills() {
		states[bill.OutTradeNo] = bill.State
	}
	require.Equal(t, map[string]string{"R2611220002": till.Closed, "R2611220003": till.Expired}, states)
}

func TestWrongOrdersAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	for field, value := range map[string]any{
		"appid": "other", "mchid": "1", "out_trade_no": "x", "description": "", "notify_url": "", "time_expire": "2026-11-22T11:59:00+08:00",
		"amount": map[string]any{"total": 0, "currency": "CNY"},
	} {
		in := b.ask("R2611220004", 100)
		in[field] = value
		status, out := b.call("POST", "/v3/pay/transactions/native", in, nil)
		require.Equal(t, 400, status, field)
		require.Contains(t, []any{"PARAM_ERROR", "APPID_MCHID_NOT_MATCH"}, out["code"], field)
	}
	in := b.ask("R2611220004", 100)
	in["amount"] = map[string]any{"total": 100, "currency": "USD"}
	_, out := b.call("POST", "/v3/pay/transactions/native", in, nil)
	require.Equal(t, "PARAM_ERROR", out["code"])
}

func (b *bench) refund(no, refundNo string, fen, total int64) (int, map[string]any) {
	b.t.Helper()
	return b.call("POST", "/v3/refund/domestic/refunds", map[string]any{
		"out_trade_no": no, "out_refund_no": refundNo, "reason": "撤回", "notify_url": b.shop.URL,
		"amount": map[string]any{"refund": fen, "total": total, "currency": "CNY"},
	}, nil)
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	code := b.native("R2611220005")
	status, out := b.refund("R2611220005", "F1", 5000, 20000)
	require.Equal(t, []any{400, "INVALID_REQUEST"}, []any{status, out["code"]}, "not paid yet")
	_, err := b.platform.Pay(code)
	require.NoError(t, err)
	b.notices()

	status, out = b.refund("R2611220005", "F1", 5000, 20000)
	require.Equal(t, []any{200, "PROCESSING"}, []any{status, out["status"]})
	id := out["refund_id"]
	status, out = b.refund("R2611220005", "F1", 5000, 20000)
	require.Equal(t, []any{200, id}, []any{status, out["refund_id"]}, "one refund for a number")
	for no, fen := range map[string]int64{"F1": 6000, "F2": 15001} {
		status, _ = b.refund("R2611220005", no, fen, 20000)
		require.Equal(t, 400, status, no)
	}
	status, _ = b.refund("R2611220005", "F2", 100, 19999)
	require.Equal(t, 400, status, "another total")
	status, out = b.refund("R2611220099", "F3", 100, 20000)
	require.Equal(t, []any{404, "RESOURCE_NOT_EXISTS"}, []any{status, out["code"]})

	all := b.notices()
	require.Len(t, all, 2)
	event, plain := all[1].open(t)
	require.Equal(t, "REFUND.SUCCESS", event)
	require.Equal(t, []any{"F1", "SUCCESS"}, []any{plain["out_refund_no"], plain["refund_status"]})
	b.Move(time.Second)
	_, out = b.call("GET", "/v3/refund/domestic/refunds/F1", nil, nil)
	require.Equal(t, "SUCCESS", out["status"])
	status, out = b.call("GET", "/v3/refund/domestic/refunds/F9", nil, nil)
	require.Equal(t, []any{404, "RESOURCE_NOT_EXISTS"}, []any{status, out["code"]})
	_, out = b.query("R2611220005")
	require.Equal(t, "REFUND", out["trade_state"])

	require.NoError(t, b.opt.Troubles.Add(trouble.Trouble{Call: "refund_outcome", Kind: trouble.Refuse, Code: "ABNORMAL"}))
	status, _ = b.refund("R2611220005", "F4", 15000, 20000)
	require.Equal(t, 200, status)
	b.Move(time.Second)
	_, out = b.call("GET", "/v3/refund/domestic/refunds/F4", nil, nil)
	require.Equal(t, "ABNORMAL", out["status"])
	require.Equal(t, till.Counts{Bills: 1, Paid: 1, PaidFen: 20000, Refunds: 1, RefundedFen: 5000}, till.Count(b.platform.Bills()))
}

func TestANewStartKnowsAndTells(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	b := setup(t, state)
	code := b.native("R2611220006")
	// The merchant's end is down when it is paid, and then the platform dies.
	require.NoError(t, b.opt.Troubles.Order(trouble.Fault{Vendor: trouble.WeChat, Kind: trouble.Delay, DelayMS: 3_600_000}))
	number, err := b.platform.Pay(code)
	require.NoError(t, err)

	again := setup(t, state)
	require.Empty(t, again.notices(), "it is told where it asked to be told")
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.told) == 1
	}, 5*time.Second, 5*time.Millisecond)
	_, plain := b.told[0].open(t)
	require.Equal(t, number, plain["transaction_id"])
	_, out := again.query("R2611220006")
	require.Equal(t, "SUCCESS", out["trade_state"])
	require.Eventually(t, func() bool { return again.platform.Bills()[0].Told }, 5*time.Second, 5*time.Millisecond)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	order := func(kind string) {
		require.NoError(t, b.opt.Troubles.Order(trouble.Fault{Vendor: trouble.WeChat, Kind: kind}))
	}
	order(trouble.ServerError)
	status, _ := b.call("POST", "/v3/pay/transactions/native", b.ask("R2611220007", 100), nil)
	require.Equal(t, 503, status)
	require.Empty(t, b.platform.Bills(), "nothing was done")

	order(trouble.TimedOut)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+"/v3/pay/transactions/native", nil)
	require.NoError(t, err)
	body, err := json.Marshal(b.ask("R2611220007", 100))
	require.NoError(t, err)
	req.Body = io.NopCloser(bytes.NewReader(body))
	b.authorise(req, merchantKey(), "1900000109", "5F0A", simtest.Noon.Unix(), body)
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.Error(t, err)
	require.Len(t, b.platform.Bills(), 1, "it was done all the same")

	order(trouble.Forge)
	b.native("R2611220008")
	all := b.notices()
	require.Len(t, all, 1)
	h := all[0].header
	signature, err := base64.StdEncoding.DecodeString(h.Get("Wechatpay-Signature"))
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(h.Get("Wechatpay-Timestamp") + "\n" + h.Get("Wechatpay-Nonce") + "\n" + string(all[0].body) + "\n"))
	require.Error(t, rsa.VerifyPKCS1v15(&platformKey().PublicKey, crypto.SHA256, sum[:], signature), "the forger has no key of the platform")
	require.Equal(t, "PUB_KEY_ID_1", h.Get("Wechatpay-Serial"), "and claims to have it")
	_, out := b.query("R2611220008")
	require.Equal(t, "NOTPAY", out["trade_state"])

	require.NoError(t, b.opt.Troubles.Add(trouble.Trouble{Call: "native", Kind: trouble.Refuse, Code: "FREQUENCY_LIMITED"}))
	status, out = b.call("POST", "/v3/pay/transactions/native", b.ask("R2611220010", 100), nil)
	require.Equal(t, []any{429, "FREQUENCY_LIMITED"}, []any{status, out["code"]})
}

func TestAKeyOfTheWrongLength(t *testing.T) {
	t.Parallel()
	_, err := New(Options{APIv3Key: []byte("short")})
	require.ErrorContains(t, err, "32 bytes")
}
