package history

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/payment"
	counter "caconsole/cmd/applicant/vendors/till"
)

// wallet is the vendor of one way to pay at once.
type wallet struct {
	method  payment.Method
	now     func() time.Time
	trades  map[string]*payment.Trade // by our number
	bills   map[string]*counter.Bill  // of the same: what is left of them
	refunds map[string]payment.Returned
	paid    int
}

func newWallet(method payment.Method, now func() time.Time) *wallet {
	return &wallet{
		method: method, now: now, trades: map[string]*payment.Trade{}, bills: map[string]*counter.Bill{}, refunds: map[string]payment.Returned{},
	}
}

// codes is how what a phone scans begins.
var codes = map[payment.Method]string{
	payment.WeChat: "weixin://wxpay/bizpayurl?pr=", payment.Alipay: "https://qr.alipay.com/bax0",
}

// Create opens a payment.
func (v *wallet) Create(_ context.Context, a payment.Ask) (string, error) {
	code := codes[v.method] + a.OwnNo
	if v.trades[a.OwnNo] == nil {
		v.trades[a.OwnNo] = &payment.Trade{State: payment.TradeWaiting}
		v.bills[a.OwnNo] = &counter.Bill{
			OutTradeNo: a.OwnNo, Subject: a.Subject, Code: code, State: counter.Open, AmountFen: int64(a.Amount), CreatedAt: v.now(), ExpiresAt: a.ExpiresAt,
		}
	}
	return code, nil
}

// Query tells what is known of a payment.
func (v *wallet) Query(_ context.Context, ownNo string) (payment.Trade, error) {
	if t := v.trades[ownNo]; t != nil {
		return *t, nil
	}
	return payment.Trade{State: payment.TradeUnknown}, nil
}

// Close ends a payment that nobody has made.
func (v *wallet) Close(_ context.Context, ownNo string) (payment.TradeState, error) {
	t := v.trades[ownNo]
	if t == nil {
		return payment.TradeUnknown, nil
	}
	if t.State == payment.TradeWaiting {
		t.State, v.bills[ownNo].State = payment.TradeClosed, counter.Closed
	}
	return t.State, nil
}

// Refund pays back at once.
func (v *wallet) Refund(_ context.Context, r payment.Return) (payment.Returned, error) {
	if _, known := v.refunds[r.OwnNo]; !known {
		back := payment.Returned{State: payment.ReturnDone, VendorNo: fmt.Sprintf("503%018d", 100_000+len(v.refunds))}
		v.refunds[r.OwnNo] = back
		b := v.bills[r.TradeNo]
		b.Refunds = append(b.Refunds, counter.Refund{OutRefundNo: r.OwnNo, AmountFen: int64(r.Amount), Done: true, RefundID: back.VendorNo, At: v.now()})
	}
	return v.refunds[r.OwnNo], nil
}

// FindRefund tells what became of a refund.
func (v *wallet) FindRefund(_ context.Context, r payment.Return) (payment.Returned, error) {
	if back, known := v.refunds[r.OwnNo]; known {
		return back, nil
	}
	return payment.Returned{State: payment.ReturnUnknown}, nil
}

// Notice reads one of scan's. The past has nobody who would forge one.
func (v *wallet) Notice(_ map[string]string, body []byte, _ time.Time) (payment.Notice, error) {
	var in struct{ No string }
	if err := json.Unmarshal(body, &in); err != nil || v.trades[in.No] == nil {
		return payment.Notice{}, fault.New(fault.Invalid, "callback_unreadable", nil)
	}
	return payment.Notice{Kind: payment.NoticePaid, OwnNo: in.No, Received: v.trades[in.No].Received}, nil
}

// left are the bills as the running simulator will know them.
func (v *wallet) left() []counter.Bill {
	out := make([]counter.Bill, 0, len(v.bills))
	for _, b := range v.bills {
		out = append(out, *b)
	}
	return out
}

// pay is a phone that scans a code and pays; it returns the notice of it.
func (v *wallet) pay(code string) ([]byte, error) {
	ownNo := strings.TrimPrefix(code, codes[v.method])
	t := v.trades[ownNo]
	if t == nil || t.State != payment.TradeWaiting {
		return nil, fmt.Errorf("nothing to pay by %s", code)
	}
	at, b := v.now(), v.bills[ownNo]
	v.paid++
	t.State = payment.TradePaid
	t.Received = payment.Received{
		TransactionID: fmt.Sprintf("42000%s%013d", at.Format("20060102"), v.paid*7919), Amount: money.Fen(b.AmountFen), Currency: "CNY",
		PaidAt: at.Truncate(time.Second),
	}
	b.State, b.PaidFen, b.PaidAt, b.TransactionID, b.Told = counter.Paid, b.AmountFen, at, t.Received.TransactionID, true
	return json.Marshal(map[string]string{"No": ownNo})
}
