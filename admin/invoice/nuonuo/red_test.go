package nuonuo

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/invoice"
)

const (
	askForm   = "nuonuo.OpeMplatform.saveInvoiceRedConfirm"
	queryForm = "nuonuo.OpeMplatform.queryInvoiceRedConfirm"
)

func redOrder() invoice.RedOrder {
	return invoice.RedOrder{Serial: "R26112200017R1", Number: "26442000000000000001", Buyer: request().Buyer}
}

// The form is applied for under our own number, for the whole invoice, with its buyer as it stands there.
func TestAskRed(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	p.answers[askForm] = `{"code":"E0000","describe":"成功","result":"R26112200017R1"}`
	require.NoError(t, c.AskRed(t.Context(), redOrder()))
	var sent map[string]string
	require.NoError(t, json.Unmarshal(p.body, &sent))
	require.Equal(t, map[string]string{
		"billId": "R26112200017R1", "blueInvoiceLine": "bs", "applySource": "0", "blueElecInvoiceNumber": "26442000000000000001",
		"sellerTaxNo": "91440300708461136T", "sellerName": "", "buyerTaxNo": "914403001922038216", "buyerName": "样例公司", "redReason": "3",
		"autoInvoice": "1", "orderNo": "R26112200017R1", "callbackUrl": "https://hall.example/cb",
	}, sent)
}

// What the platform refuses is asked for before it is believed: a number it has already is no second form.
func TestAskRedAgain(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	p.answers[askForm] = `{"code":"E9999","describe":"红字确认单申请号已存在"}`
	p.answers[queryForm] = `{"code":"E0000","result":{"total":1,"list":[{"billStatus":"02"}]}}`
	require.NoError(t, c.AskRed(t.Context(), redOrder()))
	require.JSONEq(t, `{"identity":"0","billId":"R26112200017R1"}`, string(p.body))

	p.answers[askForm] = `{"code":"E9999","describe":"授信额度不足"}`
	p.answers[queryForm] = `{"code":"E0000","result":{"total":0,"list":[]}}`
	err := c.AskRed(t.Context(), redOrder())
	require.True(t, fault.HasKey(err, "invoice_refused"))
	require.Equal(t, "授信额度不足", fault.Of(err).Args["cause"])
	p.answers[queryForm] = `nothing`
	require.True(t, fault.Is(c.AskRed(t.Context(), redOrder()), fault.Unavailable), "nobody knows")
}

func TestQueryRed(t *testing.T) {
	t.Parallel()
	c, p := newClient(t)
	form := func(state, message string) string {
		return `{"code":"E0000","result":{"total":"1","list":[{"billNo":"44030123","billStatus":"` + state + `","billMessage":"` + message + `","applySource":0}]}}`
	}
	for name, tc := range map[string]struct {
		form, invoice string
		want          invoice.RedAnswer
	}{
		"unknown":       {`{"code":"E0000","result":{"total":0,"list":[]}}`, "", invoice.RedAnswer{}},
		"not found":     {`{"code":"E9500","describe":"未查询到"}`, "", invoice.RedAnswer{}},
		"being applied": {form("15", ""), "", invoice.RedAnswer{Found: true, State: invoice.RedAsked, FormState: "15", FormNo: "44030123"}},
		"buyer":         {form("02", ""), "", invoice.RedAnswer{Found: true, State: invoice.RedWaitingBuyer, FormState: "02", FormNo: "44030123"}},
		"denied":        {form("05", "x"), "", invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "05", FormNo: "44030123", Cause: "red_denied"}},
		"timed out":     {form("07", ""), "", invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "07", FormNo: "44030123", Cause: "red_timed_out"}},
		"withdrawn":     {form("09", ""), "", invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "09", FormNo: "44030123", Cause: "red_withdrawn"}},
		"failed":        {form("16", "税局登录失效"), "", invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "16", FormNo: "44030123", Cause: "税局登录失效"}},
		"failed, mute":  {form("16", ""), "", invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "16", FormNo: "44030123", Cause: "red_failed"}},
		"no red invoice yet": {
			form("01", ""), `{"code":"E9500","describe":"未查询到发票信息"}`,
			invoice.RedAnswer{Found: true, State: invoice.RedConfirmed, FormState: "01", FormNo: "44030123"},
		},
		"red invoice under way": {
			form("04", ""), `{"code":"E0000","result":[{"status":"20"}]}`,
			invoice.RedAnswer{Found: true, State: invoice.RedConfirmed, FormState: "04", FormNo: "44030123"},
		},
		"red invoice failed": {
			form("01", ""), `{"code":"E0000","result":[{"status":"22","failCause":"授信额度不足"}]}`,
			invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "01", FormNo: "44030123", Cause: "授信额度不足"},
		},
		"red-lettered": {
			form("01", ""), `{"code":"E0000","result":[{"status":"2","orderAmount":"-200.00","pdfUrl":"https://x/r.pdf","allElectronicInvoiceNumber":"26442000000000000002"}]}`,
			invoice.RedAnswer{
				Found: true, State: invoice.RedIssued, FormState: "01", FormNo: "44030123", Number: "26442000000000000002", PDFURL: "https://x/r.pdf", Total: 20000,
			},
		},
	} {
		p.answers[queryForm], p.answers[query] = tc.form, tc.invoice
		got, err := c.QueryRed(t.Context(), "R26112200017R1")
		require.NoError(t, err, name)
		require.Equal(t, tc.want, got, name)
	}
	for _, answer := range []string{`{"code":"E0000","result":[]}`, `{"code":"E9999"}`, `{"code":"E0000","result":{"list":[{},{}]}}`, `070304`} {
		p.answers[queryForm] = answer
		_, err := c.QueryRed(t.Context(), "R26112200017R1")
		require.True(t, fault.Is(err, fault.Unavailable), answer)
	}
}
