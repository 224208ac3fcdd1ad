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
)

// wallet is the vendor of one way to pay at once.
type wallet struct {
	method  payment.Method
	now     func() time.Time
	trades  map[string]*payment.Trade // by our number
	amounts map[string]money.Fen
	refunds map[string]payment.Returned
	paid    int
}

func newWallet(method payment.Method, now func() time.Time) *wallet {
	return &wallet{
		method: method, now: now, trades: map[string]*payment.Trade{}, amounts: map[string]money.Fen{}, refunds: map[string]payment.Returned{},
	}
}

// codes is how what a phone scans begins.
var codes = map[payment.Method]string{
	payment.WeChat: "weixin://wxpay/bizpayurl?pr=", payment.Alipay: "https://qr.alipay.com/bax0",
}

// Create opens a payment.
func (v *wallet) Create(_ context.Context, a payment.Ask) (string, error) {
	if v.trades[a.OwnNo] == nil {
		v.trades[a.OwnNo], v.amounts[a.OwnNo] = &payment.Trade{State: payment.TradeWaiting}, a.Amount
	}
	return codes[v.method] + a.OwnNo, nil
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
		t.State = payment.TradeClosed
	}
	return t.State, nil
}

// Refund pays back at once.
func (v *wallet) Refund(_ context.Context, r payment.Return) (payment.Returned, error) {
	if _, known := v.refunds[r.OwnNo]; !known {
		v.refunds[r.OwnNo] = payment.Returned{State: payment.ReturnDone, VendorNo: fmt.Sprintf("503%018d", 100_000+len(v.refunds))}
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

// pay is a phone that scans a code and pays; it returns the notice of it.
func (v *wallet) pay(code string) ([]byte, error) {
	ownNo := strings.TrimPrefix(code, codes[v.method])
	t := v.trades[ownNo]
	if t == nil || t.State != payment.TradeWaiting {
		return nil, fmt.Errorf("nothing to pay by %s", code)
	}
	at := v.now()
	v.paid++
	t.State = payment.TradePaid
	t.Received = payment.Received{
		TransactionID: fmt.Sprintf("42000%s%013d", at.Format("20060102"), v.paid*7919), Amount: v.amounts[ownNo], Currency: "CNY",
		PaidAt: at.Truncate(time.Second),
	}
	return json.Marshal(map[string]string{"No": ownNo})
}
