package nuonuo

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/vendors/trouble"
)

const (
	save   = "nuonuo.OpeMplatform.saveInvoiceRedConfirm"
	find   = "nuonuo.OpeMplatform.queryInvoiceRedConfirm"
	cancel = "nuonuo.OpeMplatform.confirmInfoCancel"
)

// blue issues an invoice and returns it done.
func (b *bench) blue(t *testing.T, no, buyer string) result {
	t.Helper()
	code, body := b.call(t, "nuonuo.OpeMplatform.requestBillingNew", billing(no, buyer, ""), nil)
	require.Equal(t, codeOK, code, string(body))
	b.clock.Move(time.Second)
	return b.query(t, no)
}

func red(no string, blue result, callBack string) map[string]any {
	return map[string]any{
		"billId": no, "blueInvoiceLine": "bs", "applySource": "0", "blueElecInvoiceNumber": blue.InvoiceNo, "sellerTaxNo": seller,
		"buyerTaxNo": blue.PayerTaxNo, "buyerName": blue.PayerName, "redReason": "3", "orderNo": no, "callbackUrl": callBack, "autoInvoice": "1",
	}
}

func (b *bench) form(t *testing.T, billID string) formView {
	t.Helper()
	code, body := b.call(t, find, map[string]string{"identity": "0", "billId": billID}, nil)
	require.Equal(t, codeOK, code, string(body))
	var in struct {
		Result struct {
			Total int
			List  []formView
		}
	}
	require.NoError(t, json.Unmarshal(body, &in))
	require.Equal(t, 1, in.Result.Total)
	return in.Result.List[0]
}

func TestRedLetterWithoutConfirmation(t *testing.T) {
	t.Parallel()
	told := make(chan url.Values, 1)
	customer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		told <- r.PostForm
		_, _ = io.WriteString(w, `{"status":"0000"}`)
	}))
	defer customer.Close()
	state := t.TempDir()
	b := setup(t, state)
	blue := b.blue(t, "B1", "样例公司")
	code, body := b.call(t, save, red("B1R", blue, customer.URL), nil)
	require.Equal(t, codeOK, code, string(body))
	require.Contains(t, string(body), `"result":"B1R"`)
	require.Equal(t, "15", b.form(t, "B1R").BillStatus)
	code, body = b.call(t, save, red("B1R", blue, ""), nil)
	require.NotEqual(t, codeOK, code, "a number is taken once: %s", body)
	code, _ = b.call(t, save, red("B1S", blue, ""), nil)
	require.Equal(t, "E9103", code, "an invoice is taken back once")

	b.clock.Move(40 * time.Millisecond)
	f := b.form(t, "B1R")
	require.Equal(t, []string{"01", "0", "-264.15", "-15.85"}, []string{f.BillStatus, f.OpenStatus, f.TaxExcludedAmount, f.TaxAmount})
	require.Equal(t, "20", b.query(t, "B1R").Status, "the red invoice follows by itself")
	b.clock.Move(time.Second)
	f = b.form(t, "B1R")
	done := b.query(t, "B1R")
	require.Equal(t, []string{"1", done.InvoiceNo, done.SerialNo}, []string{f.OpenStatus, f.RedInvoiceNumber, f.InvoiceSerialNum})
	require.Equal(t, []string{"2", "-264.15", "-15.85", "-280.00"}, []string{done.Status, done.ExTaxAmount, done.TaxAmount, done.OrderAmount})
	form := <-told
	require.Equal(t, "B1R", form.Get("orderno"))
	require.Contains(t, form.Get("content"), `"c_status":"1"`)

	require.NotEmpty(t, done.PDFURL)

	again := setup(t, state)
	again.clock.Move(time.Minute)
	require.Equal(t, f.RedInvoiceNumber, again.form(t, "B1R").RedInvoiceNumber, "a new start knows it")
	p, err := New(again.opt)
	require.NoError(t, err)
	require.Equal(t, Counts{Blue: 1, BlueFen: 28000, Red: 1, RedFen: -28000}, p.Counts())
}

func TestTheBuyerDecides(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	for i, step := range []struct{ buyer, first, then string }{
		{"红冲须确认公司", "02", "04"}, {"红冲被拒公司", "02", "05"}, {"红冲失败公司", "16", "16"}, {"红冲待确认公司", "02", "02"},
	} {
		no := string(rune('A' + i))
		blue := b.blue(t, no, step.buyer)
		code, body := b.call(t, save, red(no+"R", blue, ""), nil)
		require.Equal(t, codeOK, code, string(body))
		b.clock.Move(30 * time.Millisecond)
		f := b.form(t, no+"R")
		require.Equal(t, step.first, f.BillStatus, step.buyer)
		require.Equal(t, step.first == "16", f.BillMessage != "", step.buyer)
		code, _ = b.call(t, "nuonuo.OpeMplatform.queryInvoiceResult", map[string]any{"orderNos": []string{no + "R"}}, nil)
		require.Equal(t, codeNotFound, code, "no red invoice before the buyer has agreed")
		b.clock.Move(time.Second)
		require.Equal(t, step.then, b.form(t, no+"R").BillStatus, step.buyer)
	}
	require.Equal(t, "2", b.query(t, "AR").Status, "the red invoice follows the confirmation")
	b.clock.Move(72 * time.Hour)
	require.Equal(t, "07", b.form(t, "DR").BillStatus, "the buyer's time is over")
	code, _ := b.call(t, save, red("DS", b.query(t, "D"), ""), nil)
	require.Equal(t, codeOK, code, "what came to nothing may be asked again")
}

func TestFormsAreToldAndWithdrawn(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	tell := func(id, state string) int {
		resp, err := http.Post(b.URL+"/_sim/invoice/red", "application/json", strings.NewReader(`{"bill_id":"`+id+`","status":"`+state+`"}`))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	blue := b.blue(t, "1", "红冲待确认公司")
	b.call(t, save, red("1R", blue, ""), nil)
	b.clock.Move(time.Second)
	require.Equal(t, 409, tell("1R", "99"))
	require.Equal(t, 404, tell("9R", "04"))
	require.Equal(t, 204, tell("1R", "04"))
	require.Equal(t, 409, tell("1R", "05"))
	b.clock.Move(time.Second)
	require.Equal(t, "1", b.form(t, "1R").OpenStatus)

	require.NoError(t, b.opt.Troubles.Add(trouble.Trouble{Call: "red_form", Kind: trouble.Refuse, Code: "02"}))
	blue = b.blue(t, "2", "样例公司")
	b.call(t, save, red("2R", blue, ""), nil)
	b.clock.Move(time.Second)
	require.Equal(t, "02", b.form(t, "2R").BillStatus)
	code, _ := b.call(t, cancel, map[string]string{"identity": "0", "billId": "2R"}, nil)
	require.Equal(t, codeOK, code)
	require.Equal(t, "08", b.form(t, "2R").BillStatus)
	code, _ = b.call(t, cancel, map[string]string{"identity": "0", "billId": "2R"}, nil)
	require.NotEqual(t, codeOK, code)
}

func TestWrongRedLettersAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	blue := b.blue(t, "1", "样例公司")
	for field, value := range map[string]any{
		"billId": strings.Repeat("1", 33), "applySource": "1", "blueInvoiceLine": "pc", "blueElecInvoiceNumber": strings.Repeat("1", 20),
		"sellerTaxNo": "914403001922038216", "buyerName": "别的公司", "redReason": "5", "orderNo": strings.Repeat("1", 21), "detail": []string{"1"},
	} {
		in := red("1R", blue, "")
		in[field] = value
		code, body := b.call(t, save, in, nil)
		require.Contains(t, []string{codeInvalid, codeNotFound}, code, "%s: %s", field, body)
	}
	code, body := b.call(t, find, map[string]string{"identity": "0", "billId": "none"}, nil)
	require.Equal(t, codeOK, code)
	require.Contains(t, string(body), `"list":[]`, "nothing found is no error")
	code, _ = b.call(t, find, map[string]string{"identity": "0"}, nil)
	require.Equal(t, codeInvalid, code, "without a number a time is needed")
	code, _ = b.call(t, find, map[string]string{"identity": "0", "billTimeStart": "2026-11-01", "billTimeEnd": "2026-11-30"}, nil)
	require.Equal(t, codeOK, code)
}
