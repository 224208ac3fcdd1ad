package till_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/vendors/till"
)

// vendor is one with bills that a test made up.
type vendor struct{ bills []till.Bill }

func (v *vendor) Bills() []till.Bill { return append([]till.Bill{}, v.bills...) }

func (v *vendor) Pay(code string) (string, error) {
	for i, b := range v.bills {
		switch {
		case b.Code != code:
		case b.State != till.Open:
			return "", till.ErrPaid
		default:
			v.bills[i].State, v.bills[i].PaidFen = till.Paid, b.AmountFen
			return "4200001", nil
		}
	}
	return "", till.ErrUnknown
}

func setup(t *testing.T) (*httptest.Server, *vendor) {
	t.Helper()
	noon := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	v := &vendor{bills: []till.Bill{
		{OutTradeNo: "P2", Code: "weixin://2", State: till.Open, AmountFen: 100, CreatedAt: noon, ExpiresAt: noon, Subject: "<b>续期</b>"},
		{OutTradeNo: "P1", Code: "weixin://1", State: till.Open, AmountFen: 20005, CreatedAt: noon.Add(-time.Minute), ExpiresAt: noon},
		{OutTradeNo: "P0", Code: "weixin://0", State: till.Expired, AmountFen: 1, CreatedAt: noon.Add(-time.Hour), ExpiresAt: noon},
	}}
	mux := http.NewServeMux()
	desk := till.Till{Log: slog.New(slog.DiscardHandler), Counters: []till.Counter{
		{Name: "wechat", Title: "微信支付", Vendor: v, CodeField: "code_url", TransactionField: "transaction_id"},
	}}
	desk.Routes(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv, v
}

func read(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	require.NoError(t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return string(raw)
}

func TestPayingByCode(t *testing.T) {
	t.Parallel()
	srv, _ := setup(t)
	for _, step := range []struct {
		body, want string
		status     int
	}{
		{`{"code_url":"weixin://1"}`, `{"transaction_id":"4200001"}`, 200},
		{`{"code_url":"weixin://1"}`, "the bill is paid already", 409},
		{`{"code_url":"weixin://9"}`, "no bill has this code", 404},
		{`{"qr_code":"weixin://2"}`, "no bill has this code", 404},
		{`{`, "unexpected EOF", 400},
	} {
		resp, err := http.Post(srv.URL+"/_sim/wechat/pay", "application/json", strings.NewReader(step.body))
		require.Equal(t, step.want, strings.TrimSpace(read(t, resp, err)))
		require.Equal(t, step.status, resp.StatusCode)
	}
	var bills []till.Bill
	resp, err := http.Get(srv.URL + "/_sim/wechat/bills")
	require.NoError(t, json.Unmarshal([]byte(read(t, resp, err)), &bills))
	require.Equal(t, "P0 P1 P2", fmt.Sprint(bills[0].OutTradeNo, " ", bills[1].OutTradeNo, " ", bills[2].OutTradeNo), "oldest first")
	resp, err = http.Get(srv.URL + "/_sim/wechat/bills?out_trade_no=P1")
	require.NoError(t, json.Unmarshal([]byte(read(t, resp, err)), &bills))
	require.Len(t, bills, 1)
	require.Equal(t, till.Counts{Bills: 1, Paid: 1, PaidFen: 20005}, till.Count(bills))
}

func TestPageWithAButton(t *testing.T) {
	t.Parallel()
	srv, v := setup(t)
	resp, err := http.Get(srv.URL + "/_sim/pay")
	page := read(t, resp, err)
	for _, want := range []string{"付款", "微信支付", "200.05", "&lt;b&gt;续期&lt;/b&gt;"} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "P0", "too late to pay")
	require.Less(t, strings.Index(page, "P2"), strings.Index(page, "P1"), "newest first")

	press := func(vendor, code string) string {
		resp, err := http.PostForm(srv.URL+"/_sim/pay", url.Values{"vendor": {vendor}, "code": {code}})
		return read(t, resp, err) // the page it leads to
	}
	require.Contains(t, press("wechat", "weixin://1"), "已付款，交易号 4200001")
	require.Equal(t, till.Paid, v.bills[1].State)
	require.Contains(t, press("wechat", "weixin://1"), "已付款、已关闭或已过期")
	require.Contains(t, press("wechat", "weixin://9"), "没有这笔订单")
	require.Contains(t, press("bank", "weixin://2"), "没有这笔订单")
	press("wechat", "weixin://2")
	resp, err = http.Get(srv.URL + "/_sim/pay")
	require.Contains(t, read(t, resp, err), "没有待付款的订单")
}
