package wechat

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/payment"
)

// transaction is a payment as notices and queries give it, with the fields that are used.
type transaction struct {
	AppID         string `json:"appid"`
	MchID         string `json:"mchid"`
	OutTradeNo    string `json:"out_trade_no"`
	TransactionID string `json:"transaction_id"`
	State         string `json:"trade_state"`
	SuccessTime   string `json:"success_time"`
	Amount        amount `json:"amount"`
}

// received reads the money of a transaction that was paid.
func (t transaction) received() (payment.Received, error) {
	at, err := time.Parse(time.RFC3339, t.SuccessTime)
	if err != nil || t.TransactionID == "" || t.Amount.Total <= 0 {
		return payment.Received{}, payment.Down(errors.Join(fmt.Errorf("wechat: a paid transaction without number, time or amount"), err))
	}
	return payment.Received{TransactionID: t.TransactionID, Amount: money.Fen(t.Amount.Total), Currency: t.Amount.Currency, PaidAt: at}, nil
}

type envelope struct {
	EventType string `json:"event_type"`
	Resource  struct {
		Algorithm      string `json:"algorithm"`
		Ciphertext     string `json:"ciphertext"`
		AssociatedData string `json:"associated_data"`
		Nonce          string `json:"nonce"`
	} `json:"resource"`
}

// Notice verifies a notice over its raw bytes, then opens it, then compares whom it is for.
func (c *Client) Notice(headers map[string]string, body []byte, at time.Time) (payment.Notice, error) {
	if err := c.verify(headers, body, at); err != nil {
		return payment.Notice{}, err
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return payment.Notice{}, unreadable(err)
	}
	if !strings.HasPrefix(e.EventType, "TRANSACTION.") && !strings.HasPrefix(e.EventType, "REFUND.") {
		return payment.Notice{Kind: payment.NoticeOther}, nil
	}
	plain, err := c.open(e)
	if err != nil {
		return payment.Notice{}, err
	}
	if strings.HasPrefix(e.EventType, "REFUND.") {
		return c.refundNotice(plain)
	}
	return c.paidNotice(plain)
}

func (c *Client) paidNotice(plain []byte) (payment.Notice, error) {
	var t transaction
	if err := json.Unmarshal(plain, &t); err != nil {
		return payment.Notice{}, unreadable(err)
	}
	if t.MchID != c.c.MchID || t.AppID != c.c.AppID {
		return payment.Notice{}, fault.New(fault.Invalid, "callback_other_merchant", nil)
	}
	if t.State != "SUCCESS" {
		return payment.Notice{Kind: payment.NoticeOther, OwnNo: t.OutTradeNo}, nil
	}
	got, err := t.received()
	if err != nil {
		return payment.Notice{}, unreadable(err)
	}
	return payment.Notice{Kind: payment.NoticePaid, OwnNo: t.OutTradeNo, Received: got}, nil
}

func (c *Client) refundNotice(plain []byte) (payment.Notice, error) {
	var r struct {
		MchID       string `json:"mchid"`
		OutTradeNo  string `json:"out_trade_no"`
		OutRefundNo string `json:"out_refund_no"`
	}
	if err := json.Unmarshal(plain, &r); err != nil {
		return payment.Notice{}, unreadable(err)
	}
	if r.MchID != c.c.MchID {
		return payment.Notice{}, fault.New(fault.Invalid, "callback_other_merchant", nil)
	}
	return payment.Notice{Kind: payment.NoticeRefund, OwnNo: r.OutTradeNo, RefundNo: r.OutRefundNo}, nil
}

// open decrypts the resource of a notice (AEAD_AES_256_GCM with the APIv3 key).
func (c *Client) open(e envelope) ([]byte, error) {
	r := e.Resource
	sealed, err := base64.StdEncoding.DecodeString(r.Ciphertext)
	switch {
	case err != nil:
		return nil, unreadable(err)
	case r.Algorithm != "AEAD_AES_256_GCM" || len(r.Nonce) != c.aead.NonceSize():
		return nil, unreadable(fmt.Errorf("algorithm %q", r.Algorithm))
	}
	plain, err := c.aead.Open(nil, []byte(r.Nonce), sealed, []byte(r.AssociatedData))
	if err != nil {
		return nil, unreadable(err)
	}
	return plain, nil
}

// unreadable is a notice of the vendor's that says nothing; what it may have meant is found by asking.
func unreadable(cause error) error {
	return &fault.Error{Kind: fault.Invalid, Key: "callback_unreadable", Cause: cause}
}
