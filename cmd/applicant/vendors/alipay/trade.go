package alipay

import (
	"crypto/rand"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"caconsole/cmd/applicant/vendors/till"
)

// The states of a trade (trade_status); one that nobody has scanned has none.
const (
	unscanned = ""
	waiting   = "WAIT_BUYER_PAY"
	success   = "TRADE_SUCCESS"
	closed    = "TRADE_CLOSED" // unpaid in time, closed by the merchant, or paid back in full
)

// codeLife is how long a code may be scanned where the merchant says nothing.
const codeLife = 2 * time.Hour

// The simulated payer.
const (
	buyerID    = "2088000000000019"
	buyerLogon = "sim***@example.test"
)

// ask is the biz_content of precreate.
type ask struct {
	OutTradeNo     string `json:"out_trade_no"`
	TotalAmount    text   `json:"total_amount"`
	Subject        string `json:"subject"`
	SellerID       string `json:"seller_id"`
	TimeoutExpress string `json:"timeout_express"`
	TimeExpire     string `json:"time_expire"`
}

// trade is one record of the gateway.
type trade struct {
	Ask       ask       `json:"ask"`
	NotifyURL string    `json:"notify_url"`
	Fen       int64     `json:"fen"`
	Code      string    `json:"code"`
	TradeNo   string    `json:"trade_no"`
	State     string    `json:"state"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	PaidAt    time.Time `json:"paid_at"`
	NotifyID  string    `json:"notify_id"` // the same for every try
	Told      bool      `json:"told"`
	Refunds   []refund  `json:"refunds"`
}

// status is the state at a time: a trade that is not paid in time closes by itself.
func (v trade) status(now time.Time) string {
	if v.State == waiting && !now.Before(v.ExpiresAt) {
		return closed
	}
	return v.State
}

func (v trade) paid() bool { return !v.PaidAt.IsZero() }

var ownNo = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)

// precreate makes a code to scan. The same number again gives the same code as long as nobody has paid or closed.
func (g *Gateway) precreate(biz []byte, notifyURL string) (any, error) {
	var in ask
	if err := json.Unmarshal(biz, &in); err != nil {
		return nil, invalid("biz_content")
	}
	now := g.opt.Now()
	v := trade{Ask: in, NotifyURL: notifyURL, Fen: in.TotalAmount.fen(), Code: "https://qr.alipay.com/bax" + strings.ToLower(rand.Text()[:17]), CreatedAt: now}
	switch {
	case !ownNo.MatchString(in.OutTradeNo):
		return nil, invalid("out_trade_no")
	case v.Fen < 1:
		return nil, invalid("total_amount")
	case in.Subject == "" || utf8.RuneCountInString(in.Subject) > 128 || strings.ContainsAny(in.Subject, "/=&"):
		return nil, invalid("subject")
	case in.SellerID != "" && in.SellerID != g.opt.SellerID:
		return nil, invalid("seller_id")
	}
	var ok bool
	if v.ExpiresAt, ok = in.expires(now); !ok {
		return nil, invalid("time_expire、timeout_express")
	}
	kept, fresh, err := g.trades.Add(in.OutTradeNo, v)
	switch {
	case err != nil:
		return nil, err
	case fresh:
		g.forge(kept)
	case kept.paid():
		return nil, business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
	case kept.status(now) == closed:
		return nil, business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
	case kept.Ask != in:
		return nil, business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
	}
	return map[string]string{"code": "10000", "msg": "Success", "out_trade_no": kept.Ask.OutTradeNo, "qr_code": kept.Code}, nil
}

var express = regexp.MustCompile(`^([1-9]\d{0,4})([mhd])$`)

// expires works out when a trade ends unpaid; time_expire wins over timeout_express.
func (in ask) expires(now time.Time) (time.Time, bool) {
	if in.TimeExpire != "" {
		at, err := time.ParseInLocation(time.DateTime, in.TimeExpire, beijing)
		return at, err == nil && at.After(now)
	}
	if in.TimeoutExpress == "" {
		return now.Add(codeLife), true
	}
	m := express.FindStringSubmatch(in.TimeoutExpress)
	if m == nil {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(m[1])
	return now.Add(time.Duration(n) * map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]), err == nil
}

// numbers name a trade by either number; Alipay's wins.
type numbers struct {
	OutTradeNo string `json:"out_trade_no"`
	TradeNo    string `json:"trade_no"`
}

// find returns the merchant's number of a trade that exists, which one unscanned does not.
func (g *Gateway) find(in numbers) (trade, error) {
	if in.TradeNo != "" {
		for _, v := range g.trades.All() {
			if v.TradeNo == in.TradeNo {
				return v, nil
			}
		}
		return trade{}, errNoTrade
	}
	v, ok := g.trades.Get(in.OutTradeNo)
	if !ok || v.State == unscanned {
		return trade{}, errNoTrade
	}
	return v, nil
}

func (g *Gateway) query(biz []byte, _ string) (any, error) {
	var in numbers
	if err := json.Unmarshal(biz, &in); err != nil {
		return nil, invalid("biz_content")
	}
	v, err := g.find(in)
	if err != nil {
		return nil, err
	}
	out := map[string]any{
		"code": "10000", "msg": "Success", "trade_no": v.TradeNo, "out_trade_no": v.Ask.OutTradeNo, "buyer_logon_id": buyerLogon, "buyer_user_id": buyerID,
		"trade_status": v.status(g.opt.Now()), "total_amount": yuan(v.Fen), "receipt_amount": "0.00", "buyer_pay_amount": "0.00", "point_amount": "0.00",
		"invoice_amount": "0.00", "buyer_user_type": "PRIVATE",
	}
	if v.paid() {
		out["receipt_amount"], out["buyer_pay_amount"], out["invoice_amount"] = yuan(v.Fen), yuan(v.Fen), yuan(v.Fen)
		out["send_pay_date"] = clock(v.PaidAt)
		out["fund_bill_list"] = []map[string]string{{"fund_channel": "ALIPAYACCOUNT", "amount": yuan(v.Fen)}}
	}
	return out, nil
}

// close ends a trade that has been scanned and not paid.
func (g *Gateway) close(biz []byte, _ string) (any, error) {
	var in numbers
	if err := json.Unmarshal(biz, &in); err != nil {
		return nil, invalid("biz_content")
	}
	v, err := g.find(in)
	if err != nil {
		return nil, err
	}
	now := g.opt.Now()
	v, err = g.trades.Update(v.Ask.OutTradeNo, func(v *trade) error {
		if v.status(now) != waiting {
			return business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
		}
		v.State = closed
		return nil
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{"code": "10000", "msg": "Success", "trade_no": v.TradeNo, "out_trade_no": v.Ask.OutTradeNo}, nil
}

// Bills implements till.Vendor.
func (g *Gateway) Bills() []till.Bill {
	now := g.opt.Now()
	all := g.trades.All()
	out := make([]till.Bill, 0, len(all))
	for _, v := range all {
		b := till.Bill{
			OutTradeNo: v.Ask.OutTradeNo, Subject: v.Ask.Subject, Code: v.Code, State: till.Open, AmountFen: v.Fen,
			CreatedAt: v.CreatedAt, ExpiresAt: v.ExpiresAt, Told: v.Told, Refunds: []till.Refund{},
		}
		switch {
		case v.paid():
			b.State, b.PaidFen, b.PaidAt, b.TransactionID = till.Paid, v.Fen, v.PaidAt, v.TradeNo
		case v.State == closed:
			b.State = till.Closed
		case !now.Before(v.ExpiresAt):
			b.State = till.Expired
		}
		for _, f := range v.Refunds {
			b.Refunds = append(b.Refunds, till.Refund{OutRefundNo: f.RequestNo, AmountFen: f.Fen, State: refundSuccess, Done: true, At: f.At})
		}
		out = append(out, b)
	}
	return out
}

// Pay implements till.Vendor: the payer scans the code and pays.
func (g *Gateway) Pay(code string) (string, error) {
	v, err := g.scan(code, true)
	if err != nil {
		return "", err
	}
	g.tellPaid(v)
	return v.TradeNo, nil
}

// scan makes the trade of a code, and pays it if the payer does so.
func (g *Gateway) scan(code string, pay bool) (trade, error) {
	now := g.opt.Now()
	for _, v := range g.trades.All() {
		if v.Code != code {
			continue
		}
		return g.trades.Update(v.Ask.OutTradeNo, func(v *trade) error {
			switch {
			case v.paid():
				return till.ErrPaid
			case v.State == closed:
				return till.ErrClosed
			case !now.Before(v.ExpiresAt):
				return till.ErrExpired
			}
			if v.TradeNo == "" {
				v.TradeNo, v.State = now.In(beijing).Format("20060102")+"22001400"+digits(12), waiting
			}
			if pay {
				v.State, v.PaidAt, v.NotifyID = success, now, notifyID(now)
			}
			return nil
		})
	}
	return trade{}, till.ErrUnknown
}
