package wechat

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"
	"unicode/utf8"

	"caconsole/cmd/applicant/vendors/shelf"
	"caconsole/cmd/applicant/vendors/till"
)

// The states of an order (trade_state).
const (
	notPaid  = "NOTPAY"
	success  = "SUCCESS"
	closed   = "CLOSED"
	refunded = "REFUND"
)

var stateNames = map[string]string{notPaid: "订单未支付", success: "支付成功", closed: "订单已关闭", refunded: "转入退款"}

// ask is the body of a Native order.
type ask struct {
	AppID       string `json:"appid"`
	MchID       string `json:"mchid"`
	Description string `json:"description"`
	OutTradeNo  string `json:"out_trade_no"`
	TimeExpire  string `json:"time_expire"`
	Attach      string `json:"attach"`
	NotifyURL   string `json:"notify_url"`
	Amount      struct {
		Total    int64  `json:"total"` // fen
		Currency string `json:"currency"`
	} `json:"amount"`
}

// order is one record of the platform.
type order struct {
	Ask           ask       `json:"ask"`
	State         string    `json:"state"`
	CodeURL       string    `json:"code_url"`
	ExpiresAt     time.Time `json:"expires_at"`
	CreatedAt     time.Time `json:"created_at"`
	TransactionID string    `json:"transaction_id"`
	PaidAt        time.Time `json:"paid_at"`
	NoticeID      string    `json:"notice_id"` // the same for every try
	Told          bool      `json:"told"`      // the merchant took the notice
	Refunds       []refund  `json:"refunds"`
}

// qrLife is how long a code may be paid where no time_expire was given.
const qrLife = 2 * time.Hour

var ownNo = regexp.MustCompile(`^[0-9A-Za-z_\-*|]{6,32}$`)

// native opens an order. The same number again returns the same code as long as the order is open and the content is
// the same; after that the number is used up.
func (p *Platform) native(_ *http.Request, body []byte) (any, *apiError) {
	var in ask
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, paramError("输入源“/body”不是合法的JSON")
	}
	now := p.opt.Now()
	expires := now.Add(qrLife)
	if bad := p.check(in); bad != nil {
		return nil, bad
	}
	if in.TimeExpire != "" {
		at, err := time.Parse(time.RFC3339, in.TimeExpire)
		if err != nil || !at.After(now) {
			return nil, paramError("time_expire格式错误或早于当前时间")
		}
		expires = at
	}
	fresh := order{Ask: in, State: notPaid, CodeURL: "weixin://wxpay/bizpayurl?pr=" + code(), ExpiresAt: expires, CreatedAt: now}
	kept, isNew, err := p.orders.Add(in.OutTradeNo, fresh)
	switch {
	case err != nil:
		return nil, internal(err)
	case isNew:
		p.forge(kept)
	case kept.State == closed:
		return nil, &apiError{http.StatusBadRequest, "ORDER_CLOSED", "该订单已关闭，请重新下单"}
	case kept.State != notPaid:
		return nil, &apiError{http.StatusBadRequest, "ORDERPAID", "该订单已支付"}
	case kept.Ask != in:
		return nil, &apiError{http.StatusForbidden, "OUT_TRADE_NO_USED", "商户订单号重复：请求重入时，参数与首次请求时不一致"}
	}
	return map[string]string{"code_url": kept.CodeURL}, nil
}

func (p *Platform) check(in ask) *apiError {
	switch {
	case in.AppID != p.opt.AppID || in.MchID != p.opt.MchID:
		return &apiError{http.StatusBadRequest, "APPID_MCHID_NOT_MATCH", "AppID和mch_id不匹配"}
	case !ownNo.MatchString(in.OutTradeNo):
		return paramError("out_trade_no应为6至32位数字、大小写字母_-*|")
	case in.Description == "" || utf8.RuneCountInString(in.Description) > 127:
		return paramError("description不能为空且不超过127个字符")
	case in.NotifyURL == "" || len(in.NotifyURL) > 255:
		return paramError("notify_url不能为空且不超过255个字符")
	case in.Amount.Total < 1:
		return paramError("amount.total应大于0，单位为分")
	case in.Amount.Currency != "" && in.Amount.Currency != "CNY":
		return paramError("amount.currency仅支持CNY")
	}
	return nil
}

// transaction is an order as queries and notices tell it.
type transaction struct {
	AppID          string  `json:"appid"`
	MchID          string  `json:"mchid"`
	OutTradeNo     string  `json:"out_trade_no"`
	TransactionID  string  `json:"transaction_id,omitempty"`
	TradeType      string  `json:"trade_type,omitempty"`
	TradeState     string  `json:"trade_state"`
	TradeStateDesc string  `json:"trade_state_desc"`
	BankType       string  `json:"bank_type,omitempty"`
	Attach         string  `json:"attach,omitempty"`
	SuccessTime    string  `json:"success_time,omitempty"`
	Payer          *payer  `json:"payer,omitempty"`
	Amount         *amount `json:"amount,omitempty"`
}

type payer struct {
	OpenID string `json:"openid"`
}

type amount struct {
	Total         int64  `json:"total"`
	PayerTotal    int64  `json:"payer_total,omitempty"`
	Currency      string `json:"currency"`
	PayerCurrency string `json:"payer_currency,omitempty"`
}

func (v order) transaction() transaction {
	t := transaction{
		AppID: v.Ask.AppID, MchID: v.Ask.MchID, OutTradeNo: v.Ask.OutTradeNo, TradeState: v.State, TradeStateDesc: stateNames[v.State],
		Attach: v.Ask.Attach, Amount: &amount{Total: v.Ask.Amount.Total, Currency: "CNY"},
	}
	if v.TransactionID != "" {
		t.TransactionID, t.TradeType, t.BankType, t.SuccessTime = v.TransactionID, "NATIVE", "OTHERS", rfc3339(v.PaidAt)
		t.Payer, t.Amount = &payer{"oSimulated" + v.TransactionID[:18]}, &amount{v.Ask.Amount.Total, v.Ask.Amount.Total, "CNY", "CNY"}
	}
	return t
}

var errNoOrder = &apiError{http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在"}

func (p *Platform) query(r *http.Request, _ []byte) (any, *apiError) {
	if r.URL.Query().Get("mchid") != p.opt.MchID {
		return nil, paramError("mchid与签名商户不一致")
	}
	v, ok := p.orders.Get(r.PathValue("no"))
	if !ok {
		return nil, errNoOrder
	}
	return v.transaction(), nil
}

var (
	errPaid   = &apiError{http.StatusBadRequest, "ORDERPAID", "该订单已支付，不能发起关单"}
	errClosed = &apiError{http.StatusBadRequest, "ORDER_CLOSED", "该订单已关闭，无需重复关闭"}
)

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// close ends an order that nobody has paid.
func (p *Platform) close(r *http.Request, body []byte) (any, *apiError) {
	var in struct {
		MchID string `json:"mchid"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.MchID != p.opt.MchID {
		return nil, paramError("mchid与签名商户不一致")
	}
	_, err := p.orders.Update(r.PathValue("no"), func(v *order) error {
		switch v.State {
		case notPaid:
			v.State = closed
			return nil
		case closed:
			return errClosed
		}
		return errPaid
	})
	return nil, asAPI(err)
}

// asAPI tells an error in the platform's words; nil stays nil.
func asAPI(err error) *apiError {
	var e *apiError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, shelf.ErrMissing):
		return errNoOrder
	}
	return internal(err)
}

// Bills implements till.Vendor.
func (p *Platform) Bills() []till.Bill {
	now := p.opt.Now()
	all := p.orders.All()
	out := make([]till.Bill, 0, len(all))
	for _, v := range all {
		b := till.Bill{
			OutTradeNo: v.Ask.OutTradeNo, Subject: v.Ask.Description, Code: v.CodeURL, State: till.Paid, AmountFen: v.Ask.Amount.Total,
			TransactionID: v.TransactionID, PaidAt: v.PaidAt, CreatedAt: v.CreatedAt, ExpiresAt: v.ExpiresAt, Told: v.Told, Refunds: []till.Refund{},
		}
		switch {
		case v.State == closed:
			b.State = till.Closed
		case v.State == notPaid && !now.Before(v.ExpiresAt):
			b.State = till.Expired
		case v.State == notPaid:
			b.State = till.Open
		default:
			b.PaidFen = v.Ask.Amount.Total
		}
		for _, f := range v.Refunds {
			s := f.state(now)
			b.Refunds = append(b.Refunds, till.Refund{OutRefundNo: f.Ask.OutRefundNo, AmountFen: f.Ask.Amount.Refund, State: s, Done: s == success, RefundID: f.RefundID, At: f.CreatedAt})
		}
		out = append(out, b)
	}
	return out
}

// Pay implements till.Vendor: the payer has scanned the code and typed the password.
func (p *Platform) Pay(codeURL string) (string, error) {
	now := p.opt.Now()
	for _, v := range p.orders.All() {
		if v.CodeURL != codeURL {
			continue
		}
		kept, err := p.orders.Update(v.Ask.OutTradeNo, func(v *order) error {
			switch {
			case v.State == closed:
				return till.ErrClosed
			case v.State != notPaid:
				return till.ErrPaid
			case !now.Before(v.ExpiresAt):
				return till.ErrExpired
			}
			v.State, v.PaidAt, v.TransactionID, v.NoticeID = success, now, "42000"+digits(23), noticeID()
			return nil
		})
		if err != nil {
			return "", err
		}
		p.tellPaid(kept)
		return kept.TransactionID, nil
	}
	return "", till.ErrUnknown
}
