// Package alipay is the client of Alipay's open platform with RSA2 signatures: alipay.trade.precreate, .query, .close,
// .refund, .fastpay.refund.query, and its notices.
//
// Source: Alipay, "开放平台 API 文档" of 当面付 and "异步通知验签".
package alipay

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/payment"
)

// Config is an application at the platform and the seller it takes money for.
type Config struct {
	URL       string // base, "https://openapi.alipay.com"
	AppID     string
	SellerID  string
	AppKey    *rsa.PrivateKey
	AlipayKey *rsa.PublicKey
	NotifyURL string
	Now       func() time.Time
}

// Client implements payment.Vendor.
type Client struct{ c Config }

// ErrConfig tells that an account is not fully described.
var ErrConfig = errors.New("alipay: account incomplete")

// New makes a client; ErrConfig if something is missing.
func New(c Config) (*Client, error) {
	if c.AppID == "" || c.SellerID == "" || c.AppKey == nil || c.AlipayKey == nil {
		return nil, ErrConfig
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	return &Client{c}, nil
}

const (
	gateway  = "/gateway.do"
	currency = "CNY"
)

// Codes of the platform.
const (
	codeOK   = "10000"
	codeDown = "20000"
)

// call makes one signed call and reads its answer into out. The answer's signature is verified over its bytes before
// they are read. Errors: *payment.Refusal; Unavailable where it is open what happened.
func (c *Client) call(ctx context.Context, method string, in, out any) error {
	content, err := json.Marshal(in)
	if err != nil {
		return fault.Wrap("vendor_request", err)
	}
	params := map[string]string{
		"app_id": c.c.AppID, "method": method, "format": "JSON", "charset": "utf-8", "sign_type": "RSA2",
		"timestamp": c.c.Now().In(beijing).Format(time.DateTime), "version": "1.0", "biz_content": string(content),
	}
	if method == "alipay.trade.precreate" {
		params["notify_url"] = c.c.NotifyURL
	}
	if params["sign"], err = sign(c.c.AppKey, params); err != nil {
		return err
	}
	form := url.Values{}
	for k, v := range params {
		form.Set(k, v)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.c.URL+gateway+"?charset=utf-8", strings.NewReader(form.Encode()))
	if err != nil {
		return fault.Wrap("vendor_request", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	answer, err := payment.Call(req)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK {
		return payment.Down(fmt.Errorf("status %d", answer.Status))
	}
	return c.read(method, answer.Body, out)
}

// read takes the method's node out of an answer, byte for byte as it was signed.
func (c *Client) read(method string, raw []byte, out any) error {
	var nodes map[string]json.RawMessage
	if err := json.Unmarshal(raw, &nodes); err != nil {
		return payment.Down(err)
	}
	var sig string
	if err := json.Unmarshal(nodes["sign"], &sig); err != nil {
		return payment.Down(errors.Join(errors.New("alipay: answer without a signature"), err))
	}
	node := nodes[strings.ReplaceAll(method, ".", "_")+"_response"]
	if err := verify(c.c.AlipayKey, string(node), sig); err != nil {
		return payment.Down(err)
	}
	var head struct {
		Code    string `json:"code"`
		SubCode string `json:"sub_code"`
	}
	if err := json.Unmarshal(node, &head); err != nil {
		return payment.Down(err)
	}
	switch {
	case head.Code == codeDown, strings.HasSuffix(head.SubCode, "SYSTEM_ERROR"), strings.HasPrefix(head.SubCode, "isp."):
		return payment.Down(fmt.Errorf("%s %s", head.Code, head.SubCode))
	case head.Code != codeOK:
		return &payment.Refusal{Vendor: "alipay", Class: head.Code, Code: head.SubCode}
	}
	if err := json.Unmarshal(node, out); err != nil {
		return payment.Down(err)
	}
	return nil
}

// about are the fields by which the platform knows a payment or refund.
type about struct {
	OutTradeNo   string `json:"out_trade_no"`
	OutRequestNo string `json:"out_request_no,omitempty"`
	RefundAmount string `json:"refund_amount,omitempty"`
	RefundReason string `json:"refund_reason,omitempty"`
}

// Create opens a payment; asked again under the same number with the same order, the answer is a code of the same.
func (c *Client) Create(ctx context.Context, a payment.Ask) (string, error) {
	in := struct {
		OutTradeNo  string `json:"out_trade_no"`
		TotalAmount string `json:"total_amount"`
		Subject     string `json:"subject"`
		SellerID    string `json:"seller_id"`
		TimeExpire  string `json:"time_expire"`
	}{a.OwnNo, a.Amount.String(), a.Subject, c.c.SellerID, a.ExpiresAt.In(beijing).Format(time.DateTime)}
	var out struct {
		OutTradeNo string `json:"out_trade_no"`
		QRCode     string `json:"qr_code"`
	}
	err := c.call(ctx, "alipay.trade.precreate", in, &out)
	switch {
	case payment.RefusedWith(err, "ACQ.TRADE_HAS_SUCCESS"):
		return "", &fault.Error{Kind: fault.Conflict, Key: "payment_made", Cause: err}
	case err != nil:
		return "", payment.Refused(err)
	case out.QRCode == "" || out.OutTradeNo != a.OwnNo:
		return "", payment.Down(errors.New("alipay: no code of this payment"))
	}
	return out.QRCode, nil
}

// Query asks what is known under our number. The platform knows a payment only once its code was scanned.
func (c *Client) Query(ctx context.Context, ownNo string) (payment.Trade, error) {
	var out struct {
		OutTradeNo  string `json:"out_trade_no"`
		TradeNo     string `json:"trade_no"`
		Status      string `json:"trade_status"`
		TotalAmount string `json:"total_amount"`
		Currency    string `json:"trans_currency"`
		PaidAt      string `json:"send_pay_date"`
	}
	err := c.call(ctx, "alipay.trade.query", about{OutTradeNo: ownNo}, &out)
	switch {
	case payment.RefusedWith(err, "ACQ.TRADE_NOT_EXIST"):
		return payment.Trade{State: payment.TradeUnknown}, nil
	case err != nil:
		return payment.Trade{}, payment.Refused(err)
	case out.OutTradeNo != ownNo:
		return payment.Trade{}, payment.Down(errors.New("alipay: the answer is about another payment"))
	}
	switch {
	case out.Status == "WAIT_BUYER_PAY":
		return payment.Trade{State: payment.TradeWaiting}, nil
	case out.Status == "TRADE_CLOSED" && out.PaidAt == "": // with a time it was paid and has gone back
		return payment.Trade{State: payment.TradeClosed}, nil
	case out.Status == "TRADE_SUCCESS", out.Status == "TRADE_FINISHED", out.Status == "TRADE_CLOSED":
		got, err := received(out.TradeNo, out.TotalAmount, out.Currency, out.PaidAt)
		if err != nil {
			return payment.Trade{}, payment.Down(err)
		}
		return payment.Trade{State: payment.TradePaid, Received: got}, nil
	}
	return payment.Trade{}, payment.Down(fmt.Errorf("alipay: trade status %q", out.Status))
}

// received reads the money of a payment as the platform writes it: yuan, Beijing time.
func received(tradeNo, yuan, in, paidAt string) (payment.Received, error) {
	amount, err := money.Parse(yuan)
	if err == nil && (amount <= 0 || tradeNo == "") {
		err = errors.New("alipay: a payment without number or amount")
	}
	if err != nil {
		return payment.Received{}, err
	}
	at, err := time.ParseInLocation(time.DateTime, paidAt, beijing)
	if err != nil {
		return payment.Received{}, fmt.Errorf("alipay: time of payment: %w", err)
	}
	if in == "" {
		in = currency
	}
	return payment.Received{TransactionID: tradeNo, Amount: amount, Currency: in, PaidAt: at}, nil
}

// Close ends a payment nobody has made.
func (c *Client) Close(ctx context.Context, ownNo string) (payment.TradeState, error) {
	var out struct{}
	err := c.call(ctx, "alipay.trade.close", about{OutTradeNo: ownNo}, &out)
	switch {
	case err == nil:
		return payment.TradeClosed, nil
	case payment.RefusedWith(err, "ACQ.TRADE_NOT_EXIST"):
		return payment.TradeUnknown, nil
	case payment.RefusedWith(err, "ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID", "ACQ.REASON_ILLEGAL_STATUS"):
		t, err := c.Query(ctx, ownNo) // it is over already, this way or that
		return t.State, err
	}
	return "", payment.Refused(err)
}

// Refund asks for a refund.
func (c *Client) Refund(ctx context.Context, r payment.Return) (payment.Returned, error) {
	var out struct {
		TradeNo    string `json:"trade_no"`
		FundChange string `json:"fund_change"`
	}
	in := about{OutTradeNo: r.TradeNo, OutRequestNo: r.OwnNo, RefundAmount: r.Amount.String(), RefundReason: r.Reason}
	if err := c.call(ctx, "alipay.trade.refund", in, &out); err != nil {
		return payment.Returned{}, payment.Refused(err)
	}
	if out.FundChange != "Y" { // taken before, or not decided: to be asked after
		return payment.Returned{State: payment.ReturnProcessing, VendorNo: out.TradeNo}, nil
	}
	return payment.Returned{State: payment.ReturnDone, VendorNo: out.TradeNo}, nil
}

// FindRefund asks what became of a refund. The platform gives no status of one it did not get or that failed: it may be
// asked for again.
func (c *Client) FindRefund(ctx context.Context, r payment.Return) (payment.Returned, error) {
	var out struct {
		TradeNo      string `json:"trade_no"`
		OutRequestNo string `json:"out_request_no"`
		RefundAmount string `json:"refund_amount"`
		Status       string `json:"refund_status"`
	}
	err := c.call(ctx, "alipay.trade.fastpay.refund.query", about{OutTradeNo: r.TradeNo, OutRequestNo: r.OwnNo}, &out)
	switch {
	case payment.RefusedWith(err, "ACQ.TRADE_NOT_EXIST", "TRADE_NOT_EXIST"):
		return payment.Returned{State: payment.ReturnUnknown}, nil
	case err != nil:
		return payment.Returned{}, payment.Refused(err)
	case out.Status == "":
		return payment.Returned{State: payment.ReturnUnknown}, nil
	}
	amount, err := money.Parse(out.RefundAmount)
	switch {
	case err != nil || out.OutRequestNo != r.OwnNo || amount != r.Amount:
		return payment.Returned{}, payment.Down(errors.Join(errors.New("alipay: the answer is about another refund"), err))
	case out.Status == "REFUND_SUCCESS":
		return payment.Returned{State: payment.ReturnDone, VendorNo: out.TradeNo}, nil
	}
	return payment.Returned{State: payment.ReturnProcessing, VendorNo: out.TradeNo}, nil
}
