package nuonuo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/simtest"
	"caconsole/cmd/applicant/vendors/trouble"
)

// painter is one for all tests: reading the font takes a while.
var painter = sync.OnceValues(func() (*paper.Painter, error) { return paper.Open("") })

const seller = "91440300708461136T"

type bench struct {
	*httptest.Server
	opt   Options
	clock *simtest.Clock
}

func setup(t *testing.T, state string) *bench {
	t.Helper()
	painter, err := painter()
	require.NoError(t, err, "install fonts-noto-cjk")
	log := slog.New(slog.DiscardHandler)
	mux := http.NewServeMux()
	b := &bench{Server: httptest.NewServer(mux), clock: simtest.NewClock()}
	t.Cleanup(b.Close)
	b.opt = Options{
		AppKey: "key", AppSecret: "secret", AccessToken: "token", SellerTaxNo: seller, SellerName: "深圳样例电子认证有限公司",
		Delay: 50 * time.Millisecond, Public: func() string { return b.URL }, State: state, Painter: painter,
		Callbacks: callback.New(t.Context(), &trouble.List{}, log), Troubles: &trouble.List{}, Now: b.clock.Now, Log: log,
	}
	p, err := New(b.opt)
	require.NoError(t, err)
	p.Routes(mux)
	return b
}

// call signs and sends one method; spoil changes the request before it leaves.
func (b *bench) call(t *testing.T, method string, in any, spoil func(*http.Request)) (code string, body []byte) {
	t.Helper()
	raw, err := json.Marshal(in)
	require.NoError(t, err)
	q := url.Values{"senid": {strings.Repeat("a1", 16)}, "nonce": {"12345678"}, "timestamp": {fmt.Sprint(b.clock.Now().Unix())}, "appkey": {"key"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+Path+"?"+q.Encode(), bytes.NewReader(raw))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Nuonuo-Sign", Sign("secret", Path, "key", q.Get("senid"), q.Get("nonce"), q.Get("timestamp"), raw))
	req.Header.Set("accessToken", "token")
	req.Header.Set("userTax", seller)
	req.Header.Set("method", method)
	if spoil != nil {
		spoil(req)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	var a answer
	require.NoError(t, json.Unmarshal(body, &a), string(body))
	return a.Code, body
}

func billing(no, buyer, callBack string) map[string]any {
	return map[string]any{"order": map[string]any{
		"buyerName": buyer, "buyerTaxNum": "914403001922038216", "salerTaxNum": seller, "orderNo": no, "invoiceDate": "2026-11-22 12:00:00",
		"clerk": "系统", "pushMode": "-1", "invoiceType": "1", "invoiceLine": "bs", "callBackUrl": callBack, "remark": "订单 " + no,
		"invoiceDetail": []map[string]string{{
			"goodsName": "*信息技术服务*数字证书服务费", "goodsCode": "3040203000000000000", "withTaxFlag": "1", "num": "1", "unit": "年",
			"taxRate": "0.06", "taxIncludedAmount": "280.00", "taxExcludedAmount": "264.15", "tax": "15.85",
		}},
	}}
}

// The expected value was computed with OpenSSL:
// printf %s 'a=services&l=v1&p=open&k=key&i=…&n=12345678&t=1700000000&f={"orderNos":["1"]}' | openssl dgst -sha1 -hmac secret -binary | base64.
func TestSignAgreesWithOpenSSL(t *testing.T) {
	t.Parallel()
	got := Sign("secret", Path, "key", strings.Repeat("a1", 16), "12345678", "1700000000", []byte(`{"orderNos":["1"]}`))
	require.Equal(t, "THnI+Jy0NeGY5lSUGACAewRhWsQ=", got)
}

func TestWrongCallersAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	const query = "nuonuo.OpeMplatform.queryInvoiceResult"
	in := map[string]any{"orderNos": []string{"none"}}
	set := func(k, v string) func(*http.Request) {
		return func(r *http.Request) {
			q := r.URL.Query()
			q.Set(k, v)
			r.URL.RawQuery = q.Encode()
		}
	}
	for want, spoils := range map[string][]func(*http.Request){
		codeNotFound:  {nil},
		codeSignature: {func(r *http.Request) { r.Header.Set("X-Nuonuo-Sign", "AAAA") }, set("nonce", "87654321")},
		codeToken:     {func(r *http.Request) { r.Header.Set("accessToken", "old") }, func(r *http.Request) { r.Header.Set("userTax", "9144") }},
		codeAppKey:    {set("appkey", "other")},
		codeInvalid:   {set("senid", "short"), set("timestamp", "1"), set("nonce", "1")},
		codeMethod:    {func(r *http.Request) { r.Header.Set("method", "nuonuo.none") }},
	} {
		for _, spoil := range spoils {
			code, body := b.call(t, query, in, spoil)
			require.Equal(t, want, code, string(body))
		}
	}
}

func (b *bench) query(t *testing.T, no string) result {
	t.Helper()
	code, body := b.call(t, "nuonuo.OpeMplatform.queryInvoiceResult", map[string]any{"orderNos": []string{no}}, nil)
	require.Equal(t, codeOK, code)
	var in struct{ Result []result }
	require.NoError(t, json.Unmarshal(body, &in))
	require.Len(t, in.Result, 1)
	return in.Result[0]
}

func TestInvoiceIsIssuedLaterAndOnce(t *testing.T) {
	t.Parallel()
	told := make(chan url.Values, 4)
	customer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		told <- r.PostForm
		_, _ = io.WriteString(w, `{"status":"0000","message":"ok"}`)
	}))
	defer customer.Close()
	state := t.TempDir()
	b := setup(t, state)
	const request = "nuonuo.OpeMplatform.requestBillingNew"

	code, body := b.call(t, request, billing("R26112200018", "样例公司", customer.URL), nil)
	require.Equal(t, codeOK, code, string(body))
	code, _ = b.call(t, request, billing("R26112200018", "样例公司", customer.URL), nil)
	require.Equal(t, codeDuplicate, code, "an order number is the idempotency key")

	first := b.query(t, "R26112200018")
	require.Equal(t, "20", first.Status)
	require.Empty(t, first.PDFURL)

	form := <-told
	require.Equal(t, "callback", form.Get("operater"))
	require.Equal(t, "R26112200018", form.Get("orderno"))
	require.Contains(t, form.Get("content"), `"c_status":"1"`)
	b.opt.Callbacks.Wait()

	b.clock.Move(time.Second)
	done := b.query(t, "R26112200018")
	require.Equal(t, "2", done.Status)
	require.Regexp(t, `^\d{20}$`, done.InvoiceNo)
	require.Equal(t, []string{"264.15", "15.85", "280.00"}, []string{done.ExTaxAmount, done.TaxAmount, done.OrderAmount})

	resp, err := http.Get(done.PDFURL)
	require.NoError(t, err)
	pdf, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	pages, err := paper.Pages(t.Context(), pdf)
	require.NoError(t, err, "another program must be able to open the PDF")
	require.Len(t, pages, 1)

	again := setup(t, state)
	again.clock.Move(time.Second)
	require.Equal(t, done.InvoiceNo, again.query(t, "R26112200018").InvoiceNo, "a new start knows the invoice")
}

func TestFailedInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	code, _ := b.call(t, "nuonuo.OpeMplatform.requestBillingNew", billing("1", "开票失败公司", ""), nil)
	require.Equal(t, codeOK, code)
	b.clock.Move(time.Second)
	v := b.query(t, "1")
	require.Equal(t, "22", v.Status)
	require.NotEmpty(t, v.FailCause)
	require.Empty(t, v.InvoiceNo)

	code, _ = b.call(t, "nuonuo.OpeMplatform.requestBillingNew", billing("1", "开票失败公司", ""), nil)
	require.Equal(t, codeDuplicate, code, "what failed keeps its number")
	again := map[string]string{"orderno": "1"}
	code, _ = b.call(t, "nuonuo.OpeMplatform.reInvoice", again, nil)
	require.Equal(t, codeOK, code)
	code, _ = b.call(t, "nuonuo.OpeMplatform.reInvoice", again, nil)
	require.Equal(t, codeInvalid, code, "under way")
	b.clock.Move(time.Second)
	require.Equal(t, "2", b.query(t, "1").Status)
	code, _ = b.call(t, "nuonuo.OpeMplatform.reInvoice", again, nil)
	require.Equal(t, codeInvalid, code, "done")
	code, _ = b.call(t, "nuonuo.OpeMplatform.reInvoice", map[string]string{"orderno": "2"}, nil)
	require.Equal(t, codeNotFound, code)
}

func TestWrongOrdersAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	for field, value := range map[string]any{
		"orderNo": "", "salerTaxNum": "914403001922038216", "invoiceType": "2", "invoiceLine": "p", "buyerName": "", "buyerTaxNum": "914403001922038217",
		"invoiceDetail": []map[string]string{},
	} {
		in := billing("7", "样例公司", "")
		in["order"].(map[string]any)[field] = value
		code, body := b.call(t, "nuonuo.OpeMplatform.requestBillingNew", in, nil)
		require.Equal(t, codeInvalid, code, "%s: %s", field, body)
	}
	for field, value := range map[string]string{"goodsCode": "1", "tax": "15.84", "taxRate": "0.13", "taxIncludedAmount": "280.001"} {
		in := billing("8", "样例公司", "")
		in["order"].(map[string]any)["invoiceDetail"].([]map[string]string)[0][field] = value
		code, body := b.call(t, "nuonuo.OpeMplatform.requestBillingNew", in, nil)
		require.Equal(t, codeInvalid, code, "%s: %s", field, body)
	}
}

func TestAccessToken(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	for secret, want := range map[string]string{"secret": `"access_token":"token"`, "guess": `"error"`} {
		resp, err := http.PostForm(b.URL+"/accessToken", url.Values{"client_id": {"key"}, "client_secret": {secret}, "grant_type": {"client_credentials"}})
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Contains(t, string(body), want)
	}
}
