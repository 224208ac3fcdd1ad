// Package till is what a payer and a test see of the payment vendors: the bills that are open, paying them, and what
// each vendor has counted under the merchant's own numbers.
package till

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// The states of a bill.
const (
	Open    = "open"    // may be paid
	Expired = "expired" // unpaid, and too late to pay
	Closed  = "closed"  // closed by the merchant before anybody paid
	Paid    = "paid"    // paid, whatever went back since
)

// The reasons why a bill is not paid.
var (
	ErrUnknown = errors.New("no bill has this code")
	ErrClosed  = errors.New("the bill is closed")
	ErrExpired = errors.New("the bill has expired")
	ErrPaid    = errors.New("the bill is paid already")
)

// Bill is one payment as its vendor knows it.
type Bill struct {
	OutTradeNo    string    `json:"out_trade_no"`
	Subject       string    `json:"subject"`
	Code          string    `json:"code"` // what the payer scans
	State         string    `json:"state"`
	AmountFen     int64     `json:"amount_fen"`
	TransactionID string    `json:"transaction_id,omitempty"` // the vendor's number, once paid
	PaidFen       int64     `json:"paid_fen"`
	PaidAt        time.Time `json:"paid_at,omitzero"`
	Refunds       []Refund  `json:"refunds"`
	CreatedAt     time.Time `json:"created_at"`
	ExpiresAt     time.Time `json:"expires_at"`
	Told          bool      `json:"told"` // the merchant has taken the notice of the payment
}

// Refund is one refund of a bill.
type Refund struct {
	OutRefundNo string `json:"out_refund_no"`
	AmountFen   int64  `json:"amount_fen"`
	State       string `json:"state"` // in the vendor's words
	Done        bool   `json:"done"`  // the money has gone back

	RefundID string    `json:"refund_id,omitempty"` // the vendor's number, where it has one
	At       time.Time `json:"at,omitzero"`         // when it was asked for
}

// Vendor is a payment vendor as its payers know it.
type Vendor interface {
	// Bills returns every bill, in no order.
	Bills() []Bill
	// Pay pays the bill with this code and returns the vendor's number of the payment. Errors: ErrUnknown, ErrClosed,
	// ErrExpired, ErrPaid.
	Pay(code string) (transaction string, err error)
}

// Counts sums up a vendor's bills.
type Counts struct {
	Bills       int   `json:"bills"`
	Paid        int   `json:"paid"`
	PaidFen     int64 `json:"paid_fen"`
	Refunds     int   `json:"refunds"` // done
	RefundedFen int64 `json:"refunded_fen"`
}

// Count sums up bills.
func Count(bills []Bill) Counts {
	c := Counts{Bills: len(bills)}
	for _, b := range bills {
		if b.State == Paid {
			c.Paid++
		}
		c.PaidFen += b.PaidFen
		for _, r := range b.Refunds {
			if r.Done {
				c.Refunds++
				c.RefundedFen += r.AmountFen
			}
		}
	}
	return c
}

// Counter is one vendor at the till.
type Counter struct {
	Name   string // in addresses: wechat, alipay
	Title  string // on the page
	Vendor Vendor
	// How the vendor calls a code and its payment in JSON.
	CodeField, TransactionField string
}

// Till serves payers and tests.
type Till struct {
	Counters []Counter
	Log      *slog.Logger
}

// Routes adds to mux:
//
//	GET  /_sim/pay             the page with a button for each open bill
//	POST /_sim/pay             form vendor, code: pays and returns to the page
//	POST /_sim/{vendor}/pay    {"code_url": …} or {"qr_code": …} → {"transaction_id": …} or {"trade_no": …}; 404 unknown code, 409 not to be paid
//	GET  /_sim/{vendor}/bills  every bill with its refunds; ?out_trade_no= for one
func (t *Till) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sim/pay", t.page)
	mux.HandleFunc("POST /_sim/pay", t.press)
	for _, c := range t.Counters {
		mux.HandleFunc("POST /_sim/"+c.Name+"/pay", func(w http.ResponseWriter, r *http.Request) { t.pay(w, r, c) })
		mux.HandleFunc("GET /_sim/"+c.Name+"/bills", func(w http.ResponseWriter, r *http.Request) { t.bills(w, r, c) })
	}
}

func (t *Till) pay(w http.ResponseWriter, r *http.Request, c Counter) {
	in := map[string]any{}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<14)).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	code, _ := in[c.CodeField].(string)
	transaction, err := c.Vendor.Pay(code)
	if err != nil {
		http.Error(w, err.Error(), status(err))
		return
	}
	t.write(w, map[string]string{c.TransactionField: transaction})
}

// status is how HTTP says why a bill is not paid.
func status(err error) int {
	switch {
	case errors.Is(err, ErrUnknown):
		return http.StatusNotFound
	case errors.Is(err, ErrClosed), errors.Is(err, ErrExpired), errors.Is(err, ErrPaid):
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

func (t *Till) bills(w http.ResponseWriter, r *http.Request, c Counter) {
	all := c.Vendor.Bills()
	if no := r.URL.Query().Get("out_trade_no"); no != "" {
		all = slices.DeleteFunc(all, func(b Bill) bool { return b.OutTradeNo != no })
	}
	slices.SortFunc(all, func(a, b Bill) int { return a.CreatedAt.Compare(b.CreatedAt) })
	t.write(w, all)
}

func (t *Till) write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		t.Log.Warn("answer not sent", "error", err)
	}
}

//go:embed pay.html
var files embed.FS

var payPage = template.Must(template.ParseFS(files, "pay.html"))

// most is how many bills the page shows.
const most = 100

// view is what the page shows.
type view struct {
	Notice string // what became of the button pressed last
	Failed bool
	Bills  []billView
	More   int // open bills that are not shown
}

type billView struct{ Vendor, Title, OutTradeNo, Subject, Yuan, Code, Until string }

var beijing = time.FixedZone("CST", 8*3600)

func (t *Till) page(w http.ResponseWriter, r *http.Request) {
	v := view{}
	switch q := r.URL.Query(); {
	case q.Has("paid"):
		v.Notice = "已付款，交易号 " + q.Get("paid") + "。请回到办理页面继续。"
	case q.Has("failed"):
		v.Notice, v.Failed = sentences[q.Get("failed")], true
	}
	type open struct {
		counter Counter
		bill    Bill
	}
	var all []open
	for _, c := range t.Counters {
		for _, b := range c.Vendor.Bills() {
			if b.State == Open {
				all = append(all, open{c, b})
			}
		}
	}
	slices.SortFunc(all, func(a, b open) int { return b.bill.CreatedAt.Compare(a.bill.CreatedAt) })
	if len(all) > most {
		v.More, all = len(all)-most, all[:most]
	}
	for _, o := range all {
		b := o.bill
		v.Bills = append(v.Bills, billView{
			o.counter.Name, o.counter.Title, b.OutTradeNo, b.Subject, fmt.Sprintf("%d.%02d", b.AmountFen/100, b.AmountFen%100), b.Code,
			b.ExpiresAt.In(beijing).Format("01-02 15:04"),
		})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	if err := payPage.Execute(w, v); err != nil {
		t.Log.WarnContext(r.Context(), "page not sent", "error", err)
	}
}

// sentences tell the payer why a bill was not paid.
var sentences = map[string]string{
	"404": "没有这笔订单。刷新本页后再试。",
	"409": "这笔订单已付款、已关闭或已过期。请回到办理页面重新获取二维码。",
	"500": "付款没有完成。请稍后再试。",
}

func (t *Till) press(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<14)
	name, code := r.FormValue("vendor"), r.FormValue("code")
	for _, c := range t.Counters {
		if c.Name != name {
			continue
		}
		transaction, err := c.Vendor.Pay(code)
		if err != nil {
			http.Redirect(w, r, fmt.Sprintf("/_sim/pay?failed=%d", status(err)), http.StatusSeeOther)
			return
		}
		http.Redirect(w, r, "/_sim/pay?"+url.Values{"paid": {transaction}}.Encode(), http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/_sim/pay?failed=404", http.StatusSeeOther)
}
