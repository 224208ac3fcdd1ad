package nuonuo

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/invoice"
)

// noon is 12:00 in Beijing.
var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// platform answers each method as the test says and keeps what came.
type platform struct {
	answers map[string]string
	calls   []string // methods in their order
	request *http.Request
	body    []byte
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.request = r.Clone(r.Context())
	p.body, _ = io.ReadAll(r.Body)
	p.calls = append(p.calls, r.Header.Get("method"))
	_, _ = io.WriteString(w, p.answers[r.Header.Get("method")])
}

const (
	issue = "nuonuo.OpeMplatform.requestBillingNew"
	query = "nuonuo.OpeMplatform.queryInvoiceResult"
	again = "nuonuo.OpeMplatform.reInvoice"
)

func newClient(t *testing.T) (*Client, *platform) {
	t.Helper()
	p := &platform{answers: map[string]string{}}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	return New(Config{
		URL: srv.URL + "/", AppKey: "SD12345678", AppSecret: "SD-SECRET", AccessToken: "token", TaxNo: "91440300708461136T", Tel: "0755-26588388",
		Address: "深圳市南山区", Account: "招商银行 755900000000019", Clerk: "系统", CallbackURL: "https://hall.example/cb",
		Now: func() time.Time { return noon },
	}), p
}

func request() invoice.Order {
	return invoice.Order{
		Serial: "R26112200017B1", Goods: invoice.Goods{Code: "3040203000000000000", Name: "*信息技术服务*数字证书服务费"},
		Buyer: invoice.Buyer{
			Kind: invoice.Special, Title: "样例公司", TaxID: "914403001922038216", Address: "深圳", Phone: "0755-1", Bank: "招行", Account: "123",
		},
		Total: 20000, Net: 18868, Tax: 1132, TaxPercent: 6, Remark: "R26112200017", At: noon,
	}
}

// The expected value was computed with OpenSSL from the document's formula:
// printf %s 'a=services&l=v1&p=open&k=…&i=…&n=…&t=…&f=…' | openssl dgst -sha1 -hmac SD-SECRET -binary | base64.
func TestSignAgreesWithOpenSSL(t *testing.T) {
	t.Parallel()
	got := sign("SD-SECRET", "SD12345678", "0123456789abcdef0123456789abcdef", "12345678", "1795320000", []byte(`{"orderNos":["R26112200017B1"]}`))
	require.Equal(t, "T2ugR9MTtIHJTG/Tm+rHf2CFrd8=", got)
}

func TestIssue(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	p.answers[issue] = `{"code":"E0000","describe":"开票提交成功","result":{"invoiceSerialNum":"20160108165823395151"}}`
	require.NoError(t, c.Issue(t.Context(), request()))

	q := p.request.URL.Query()
	require.Equal(t, "/open/v1/services", p.request.URL.Path)
	require.Regexp(t, regexp.MustCompile(`^[0-9a-f]{32}$`), q.Get("senid"))
	require.Regexp(t, regexp.MustCompile(`^[1-9][0-9]{7}$`), q.Get("nonce"))
	require.Equal(t, "1795320000", q.Get("timestamp"))
	require.Equal(t, "SD12345678", q.Get("appkey"))
	h := p.request.Header
	require.Equal(t, sign("SD-SECRET", "SD12345678", q.Get("senid"), q.Get("nonce"), q.Get("timestamp"), p.body), h.Get("X-Nuonuo-Sign"))
	require.Equal(t, "token", h.Get("accessToken"))
	require.Equal(t, "91440300708461136T", h.Get("userTax"))

	var sent struct{ Order map[string]any }
	require.NoError(t, json.Unmarshal(p.body, &sent))
	require.Equal(t, map[string]any{
		"buyerName": "样例公司", "buyerTaxNum": "914403001922038216", "buyerTel": "0755-1", "buyerAddress": "深圳", "buyerAccount": "招行 123",
		"salerTaxNum": "91440300708461136T", "salerTel": "0755-26588388", "salerAddress": "深圳市南山区", "salerAccount": "招商银行 755900000000019",
		"orderNo": "R26112200017B1", "invoiceDate": "2026-11-22 12:00:00", "clerk": "系统", "remark": "R26112200017", "pushMode": "-1",
		"invoiceType": "1", "invoiceLine": "bs", "callBackUrl": "https://hall.example/cb",
		"invoiceDetail": []any{map[string]any{
			"goodsName": "*信息技术服务*数字证书服务费", "goodsCode": "3040203000000000000", "withTaxFlag": "1", "taxRate": "0.06",
			"tax": "11.32", "taxExcludedAmount": "188.68", "taxIncludedAmount": "200.00",
		}},
	}, sent.Order)
}

func TestIssueAnswers(t *testing.T) {
	t.Parallel()
	for answer, key := range map[string]string{
		`{"code":"E9501","describe":"购方名称不能为空"}`:   "invoice_refused",
		`{"code":"070304","describe":"token 已失效"}`: "vendor_unavailable",
		`{"code":"","describe":""}`:                "vendor_unavailable",
		`<html>`:                                   "vendor_unavailable",
		``:                                         "vendor_unavailable",
	} {
		c, p := newClient(t)
		p.answers[issue] = answer
		err := c.Issue(t.Context(), request())
		require.True(t, fault.HasKey(err, key), "%s: %v", answer, err)
	}
}

// A number that is known already is no second invoice: what failed there is started again, all else left alone.
func TestIssueOfAKnownNumber(t *testing.T) {
	t.Parallel()
	for status, calls := range map[string][]string{
		"2": {issue, query}, "20": {issue, query}, "21": {issue, query}, "22": {issue, query, again}, "24": {issue, query, again},
	} {
		c, p := newClient(t)
		p.answers = map[string]string{
			issue: `{"code":"E9106","describe":"订单编号不能重复"}`,
			query: `{"code":"E0000","result":[{"serialNo":"1","status":"` + status + `"}]}`,
			again: `{"code":"E0000","describe":"重试成功"}`,
		}
		require.NoError(t, c.Issue(t.Context(), request()), status)
		require.Equal(t, calls, p.calls, status)
	}
	c, p := newClient(t)
	p.answers = map[string]string{
		issue: `{"code":"E9106","describe":"订单编号不能重复"}`, query: `{"code":"E0000","result":[{"serialNo":"1","status":"22"}]}`,
		again: `{"code":"E9613","describe":"同一流水号单日最多重试 20 次"}`,
	}
	err := c.Issue(t.Context(), request())
	require.True(t, fault.HasKey(err, "invoice_refused"))
	require.JSONEq(t, `{"orderno":"R26112200017B1"}`, string(p.body))
}

func TestQuery(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	for answer, want := range map[string]invoice.Answer{
		`{"code":"E9500","describe":"未查询到发票信息"}`: {},
		`{"code":"E0000","result":[{"serialNo":"1","status":"20","statusMsg":"开票中","orderAmount":"200.00"}]}`: {
			Found: true, State: invoice.Issuing, VendorSerial: "1", Total: 20000, Cause: "开票中",
		},
		`{"code":"E0000","result":[{"serialNo":"1","status":"22","statusMsg":"开票失败","failCause":"授信额度不足"}]}`: {
			Found: true, State: invoice.Failed, VendorSerial: "1", Cause: "授信额度不足",
		},
		`{"code":"E0000","result":[{"serialNo":"1","status":"3","statusMsg":"已作废"}]}`: {
			Found: true, State: invoice.Failed, VendorSerial: "1", Cause: "已作废",
		},
		`{"code":"E0000","result":[{"serialNo":"1","status":"2","orderAmount":"200","pdfUrl":"https://x/1.pdf",
			"allElectronicInvoiceNumber":"26442000000000000001","invoiceNo":""}]}`: {
			Found: true, State: invoice.Issued, VendorSerial: "1", Total: 20000, Number: "26442000000000000001", PDFURL: "https://x/1.pdf",
		},
	} {
		p.answers[query] = answer
		got, err := c.Query(t.Context(), "R26112200017B1")
		require.NoError(t, err, answer)
		require.Equal(t, want, got, answer)
	}
	require.JSONEq(t, `{"orderNos":["R26112200017B1"],"isOfferInvoiceDetail":"0"}`, string(p.body))
	for _, answer := range []string{
		`{"code":"E0000","result":[]}`, `{"code":"E0000","result":{}}`, `{"code":"E9999"}`,
		`{"code":"E0000","result":[{"status":"2","orderAmount":"two hundred"}]}`,
	} {
		p.answers[query] = answer
		_, err := c.Query(t.Context(), "R26112200017B1")
		require.True(t, fault.Is(err, fault.Unavailable), answer)
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	files := http.NewServeMux()
	files.HandleFunc("/good.pdf", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "%PDF-1.7 …") })
	files.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>log in</html>") })
	srv := httptest.NewServer(files)
	t.Cleanup(srv.Close)
	c, _ := newClient(t)
	pdf, err := c.Fetch(t.Context(), srv.URL+"/good.pdf")
	require.NoError(t, err)
	require.Equal(t, "%PDF-1.7 …", string(pdf))
	for _, address := range []string{srv.URL + "/page", srv.URL + "/none", "file:///etc/passwd", "", "://"} {
		_, err := c.Fetch(t.Context(), address)
		require.True(t, fault.Is(err, fault.Unavailable), address)
	}
}

func TestHint(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t)
	serial, err := c.Hint([]byte(`operater=callback&orderno=R26112200017B1&content=%7B%22c_status%22%3A%221%22%7D`))
	require.NoError(t, err)
	require.Equal(t, "R26112200017B1", serial)
	for _, body := range []string{"", "operater=callback", "%zz"} {
		_, err := c.Hint([]byte(body))
		require.True(t, fault.HasKey(err, "callback_unreadable"), body)
	}
}
