// Package wechat is the client of WeChat Pay's API v3: Native payments (下单, 查询订单, 关闭订单), refunds (申请退款,
// 查询单笔退款) and the notices of both.
//
// Source: WeChat Pay, "开发指引" of Native 支付 and "签名生成", "签名验证", "回调报文解密".
package wechat

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/payment"
)

// Config is a merchant's account.
type Config struct {
	URL            string // base, "https://api.mch.weixin.qq.com"
	AppID          string
	MchID          string
	APIv3Key       string // 32 bytes
	MerchantKey    *rsa.PrivateKey
	MerchantSerial string
	Platform       map[string]*rsa.PublicKey // WeChat Pay's keys by serial number or id: two while they are exchanged
	PlatformSerial string                    // the one that answers are to be signed with
	NotifyURL      string
	Now            func() time.Time
}

// Client implements payment.Vendor.
type Client struct {
	c    Config
	aead cipher.AEAD
}

// ErrConfig tells that an account is not fully described.
var ErrConfig = errors.New("wechat: account incomplete")

// New makes a client; ErrConfig if a key is missing or not of its size.
func New(c Config) (*Client, error) {
	if c.MchID == "" || c.AppID == "" || c.MerchantKey == nil || c.MerchantSerial == "" || c.Platform[c.PlatformSerial] == nil {
		return nil, ErrConfig
	}
	if len(c.APIv3Key) != keyLen {
		return nil, fmt.Errorf("%w: the APIv3 key has %d bytes, not %d", ErrConfig, len(c.APIv3Key), keyLen)
	}
	block, err := aes.NewCipher([]byte(c.APIv3Key))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	return &Client{c: c, aead: aead}, nil
}

const (
	keyLen   = 32
	currency = "CNY"
)

// call makes one signed call and reads its answer into out, nil where none is expected. The answer's signature is
// verified over its bytes before they are read. Errors: *payment.Refusal; Unavailable where it is open what happened.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fault.Wrap("vendor_request", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.c.URL+path, bytes.NewReader(body))
	if err != nil {
		return fault.Wrap("vendor_request", err)
	}
	if err := c.sign(req, body); err != nil {
		return err
	}
	answer, err := payment.Call(req)
	if err != nil {
		return err
	}
	return c.read(answer, out)
}

func (c *Client) read(a payment.Answer, out any) error {
	switch {
	case a.Status == http.StatusOK, a.Status == http.StatusNoContent:
		if err := c.verify(headersOf(a.Header), a.Body, c.c.Now()); err != nil {
			return payment.Down(err)
		}
		if out == nil {
			return nil
		}
		if err := json.Unmarshal(a.Body, out); err != nil {
			return payment.Down(err)
		}
		return nil
	case a.Status >= http.StatusInternalServerError, a.Status == http.StatusTooManyRequests,
		a.Status == http.StatusUnauthorized, a.Status == http.StatusAccepted:
		// Turned away at the gate, or not decided yet: the same call may be made again.
		return payment.Down(fmt.Errorf("status %d", a.Status))
	}
	var refusal struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(a.Body, &refusal); err != nil || refusal.Code == "" {
		return payment.Down(fmt.Errorf("status %d without a code", a.Status))
	}
	return &payment.Refusal{Vendor: "wechat", Class: strconv.Itoa(a.Status), Code: refusal.Code}
}

type amount struct {
	Total    int64  `json:"total,omitempty"`
	Refund   int64  `json:"refund,omitempty"`
	Currency string `json:"currency"`
}

// Create opens a payment; asked again under the same number with the same order, the answer is the same.
func (c *Client) Create(ctx context.Context, a payment.Ask) (string, error) {
	in := struct {
		AppID       string `json:"appid"`
		MchID       string `json:"mchid"`
		Description string `json:"description"`
		OutTradeNo  string `json:"out_trade_no"`
		TimeExpire  string `json:"time_expire"`
		NotifyURL   string `json:"notify_url"`
		Amount      amount `json:"amount"`
	}{c.c.AppID, c.c.MchID, a.Subject, a.OwnNo, a.ExpiresAt.In(beijing).Format(time.RFC3339), c.c.NotifyURL, amount{Total: int64(a.Amount), Currency: currency}}
	var out struct {
		CodeURL string `json:"code_url"`
	}
	err := c.call(ctx, http.MethodPost, "/v3/pay/transactions/native", in, &out)
	switch {
	case payment.RefusedWith(err, "ORDERPAID"):
		return "", &fault.Error{Kind: fault.Conflict, Key: "payment_made", Cause: err}
	case err != nil:
		return "", payment.Refused(err)
	case out.CodeURL == "":
		return "", payment.Down(errors.New("no code_url"))
	}
	return out.CodeURL, nil
}

func trade(ownNo string) string { return "/v3/pay/transactions/out-trade-no/" + url.PathEscape(ownNo) }

// Query asks what is known under our number.
func (c *Client) Query(ctx context.Context, ownNo string) (payment.Trade, error) {
	var t transaction
	err := c.call(ctx, http.MethodGet, trade(ownNo)+"?mchid="+url.QueryEscape(c.c.MchID), nil, &t)
	switch {
	case payment.RefusedWith(err, "ORDER_NOT_EXIST", "ORDERNOTEXIST"):
		return payment.Trade{State: payment.TradeUnknown}, nil
	case err != nil:
		return payment.Trade{}, payment.Refused(err)
	case t.MchID != c.c.MchID || t.OutTradeNo != ownNo:
		return payment.Trade{}, payment.Down(errors.New("the answer is about another payment"))
	}
	switch t.State {
	case "SUCCESS", "REFUND": // REFUND: it was paid, and some of it has gone back
		got, err := t.received()
		return payment.Trade{State: payment.TradePaid, Received: got}, err
	case "CLOSED", "REVOKED":
		return payment.Trade{State: payment.TradeClosed}, nil
	case "NOTPAY", "USERPAYING", "PAYERROR":
		return payment.Trade{State: payment.TradeWaiting}, nil
	}
	return payment.Trade{}, payment.Down(fmt.Errorf("trade state %q", t.State))
}

// Close ends a payment nobody has made.
func (c *Client) Close(ctx context.Context, ownNo string) (payment.TradeState, error) {
	in := struct {
		MchID string `json:"mchid"`
	}{c.c.MchID}
	err := c.call(ctx, http.MethodPost, trade(ownNo)+"/close", in, nil)
	switch {
	case err == nil, payment.RefusedWith(err, "ORDER_CLOSED", "ORDERCLOSED"):
		return payment.TradeClosed, nil
	case payment.RefusedWith(err, "ORDERPAID"):
		return payment.TradePaid, nil
	case payment.RefusedWith(err, "ORDER_NOT_EXIST", "ORDERNOTEXIST"):
		return payment.TradeUnknown, nil
	}
	return "", payment.Refused(err)
}

// Refund asks for a refund.
func (c *Client) Refund(ctx context.Context, r payment.Return) (payment.Returned, error) {
	in := struct {
		OutTradeNo  string `json:"out_trade_no"`
		OutRefundNo string `json:"out_refund_no"`
		Reason      string `json:"reason"`
		NotifyURL   string `json:"notify_url"`
		Amount      amount `json:"amount"`
	}{r.TradeNo, r.OwnNo, r.Reason, c.c.NotifyURL, amount{Total: int64(r.Total), Refund: int64(r.Amount), Currency: currency}}
	var out refund
	if err := c.call(ctx, http.MethodPost, "/v3/refund/domestic/refunds", in, &out); err != nil {
		return payment.Returned{}, payment.Refused(err)
	}
	return out.returned(r)
}

// FindRefund asks what became of a refund.
func (c *Client) FindRefund(ctx context.Context, r payment.Return) (payment.Returned, error) {
	var out refund
	err := c.call(ctx, http.MethodGet, "/v3/refund/domestic/refunds/"+url.PathEscape(r.OwnNo), nil, &out)
	if payment.RefusedWith(err, "RESOURCE_NOT_EXISTS") {
		return payment.Returned{State: payment.ReturnUnknown}, nil
	}
	if err != nil {
		return payment.Returned{}, payment.Refused(err)
	}
	return out.returned(r)
}

type refund struct {
	RefundID    string `json:"refund_id"`
	OutRefundNo string `json:"out_refund_no"`
	Status      string `json:"status"`
	Amount      amount `json:"amount"`
}

func (f refund) returned(r payment.Return) (payment.Returned, error) {
	if f.OutRefundNo != r.OwnNo || f.Amount.Refund != int64(r.Amount) {
		return payment.Returned{}, payment.Down(errors.New("the answer is about another refund"))
	}
	out := payment.Returned{VendorNo: f.RefundID, State: payment.ReturnProcessing}
	switch f.Status {
	case "SUCCESS":
		out.State = payment.ReturnDone
	case "CLOSED", "ABNORMAL": // the payer's account takes no money: a person decides
		out.State, out.Code = payment.ReturnFailed, f.Status
	}
	return out, nil
}
