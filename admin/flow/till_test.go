package flow_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/payment"
)

// till plays a payment vendor: what it was asked for, what was paid, what it gave back. Its notices are JSON that
// anybody may write; signatures are the business of the real clients' tests.
type till struct {
	sync.Mutex
	now    func() time.Time
	asked  map[string]int         // calls of Create by our number
	asks   map[string]payment.Ask // by our number
	state  map[string]payment.TradeState
	money  map[string]payment.Received
	back   map[string]money.Fen // given back, by our number of the refund
	calls  map[string]int       // of Refund, by our number of the refund
	down   bool
	refuse string // code with which refunds are refused
	slow   bool   // a refund takes its time
	closer func() // what happens while a payment is being closed
}

func newTill(now func() time.Time) *till {
	return &till{
		now: now, asked: map[string]int{}, asks: map[string]payment.Ask{}, state: map[string]payment.TradeState{},
		money: map[string]payment.Received{}, back: map[string]money.Fen{}, calls: map[string]int{},
	}
}

var errTillDown = fault.Down("vendor_unavailable", 10*time.Second, nil)

func (v *till) Create(_ context.Context, a payment.Ask) (string, error) {
	v.Lock()
	defer v.Unlock()
	v.asked[a.OwnNo]++
	if v.state[a.OwnNo] == payment.TradePaid {
		return "", fault.New(fault.Conflict, "payment_made", nil)
	}
	v.asks[a.OwnNo], v.state[a.OwnNo] = a, payment.TradeWaiting
	if v.down { // it was heard, and the answer is lost
		return "", errTillDown
	}
	return "weixin://pay/" + a.OwnNo, nil
}

func (v *till) Query(_ context.Context, ownNo string) (payment.Trade, error) {
	v.Lock()
	defer v.Unlock()
	if v.down {
		return payment.Trade{}, errTillDown
	}
	state, known := v.state[ownNo]
	if !known {
		state = payment.TradeUnknown
	}
	return payment.Trade{State: state, Received: v.money[ownNo]}, nil
}

func (v *till) Close(_ context.Context, ownNo string) (payment.TradeState, error) {
	if v.closer != nil {
		v.closer()
	}
	v.Lock()
	defer v.Unlock()
	if v.state[ownNo] == payment.TradeWaiting {
		v.state[ownNo] = payment.TradeClosed
	}
	return v.state[ownNo], nil
}

func (v *till) Refund(_ context.Context, r payment.Return) (payment.Returned, error) {
	v.Lock()
	defer v.Unlock()
	v.calls[r.OwnNo]++
	switch {
	case v.refuse != "":
		return payment.Returned{}, fault.New(fault.Conflict, "payment_vendor_refused", fault.Args{"code": v.refuse})
	case v.down:
		v.back[r.OwnNo] = r.Amount
		return payment.Returned{}, errTillDown
	case v.slow:
		v.back[r.OwnNo] = r.Amount
		return payment.Returned{State: payment.ReturnProcessing}, nil
	}
	v.back[r.OwnNo] = r.Amount
	return payment.Returned{State: payment.ReturnDone, VendorNo: "B-" + r.OwnNo}, nil
}

func (v *till) FindRefund(_ context.Context, r payment.Return) (payment.Returned, error) {
	v.Lock()
	defer v.Unlock()
	if v.down {
		return payment.Returned{}, errTillDown
	}
	if v.back[r.OwnNo] == 0 {
		return payment.Returned{State: payment.ReturnUnknown}, nil
	}
	return payment.Returned{State: payment.ReturnDone, VendorNo: "B-" + r.OwnNo}, nil
}

func (v *till) Notice(_ map[string]string, body []byte, _ time.Time) (payment.Notice, error) {
	var n payment.Notice
	if err := json.Unmarshal(body, &n); err != nil {
		return n, fault.New(fault.Invalid, "callback_signature", nil)
	}
	return n, nil
}

// pays has somebody scan a code and pay what it asks for, or another amount.
func (v *till) pays(ownNo string, amount money.Fen) []byte {
	v.Lock()
	defer v.Unlock()
	v.state[ownNo] = payment.TradePaid
	v.money[ownNo] = payment.Received{TransactionID: "T-" + ownNo, Amount: amount, Currency: "CNY", PaidAt: v.now()}
	notice, _ := json.Marshal(payment.Notice{Kind: payment.NoticePaid, OwnNo: ownNo, Received: v.money[ownNo]})
	return notice
}

// returned is all that was given back.
func (v *till) returned() (sum money.Fen) {
	v.Lock()
	defer v.Unlock()
	for _, m := range v.back {
		sum += m
	}
	return sum
}

func (v *till) set(down bool) {
	v.Lock()
	defer v.Unlock()
	v.down = down
}

func uuidOf(t *testing.T, s string) uuid.UUID {
	t.Helper()
	id, err := uuid.Parse(s)
	require.NoError(t, err)
	return id
}
