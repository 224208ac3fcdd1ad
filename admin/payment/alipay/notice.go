package alipay

import (
	"errors"
	"net/url"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/payment"
)

// Notice verifies a notice over its parameters, then compares whom it is for. The platform repeats a notice for a day
// as it first was, so its age says nothing: what keeps it from counting twice is that money counts once.
func (c *Client) Notice(_ map[string]string, body []byte, _ time.Time) (payment.Notice, error) {
	params, err := form(body)
	if err != nil {
		return payment.Notice{}, &fault.Error{Kind: fault.Invalid, Key: "callback_unreadable", Cause: err}
	}
	if params["sign_type"] != "RSA2" {
		return payment.Notice{}, fault.New(fault.Invalid, "callback_signature", nil)
	}
	if err := verify(c.c.AlipayKey, text(params, "sign", "sign_type"), params["sign"]); err != nil {
		return payment.Notice{}, err
	}
	if params["app_id"] != c.c.AppID || params["seller_id"] != c.c.SellerID {
		return payment.Notice{}, fault.New(fault.Invalid, "callback_other_merchant", nil)
	}
	n := payment.Notice{Kind: payment.NoticeOther, OwnNo: params["out_trade_no"]}
	switch status := params["trade_status"]; {
	case params["refund_fee"] != "" || params["gmt_refund"] != "": // also of a payment that is still a success
		if n.RefundNo = params["out_biz_no"]; n.RefundNo != "" {
			n.Kind = payment.NoticeRefund
		}
	case status == "TRADE_SUCCESS", status == "TRADE_FINISHED":
		n.Kind = payment.NoticePaid
		n.Received, err = received(params["trade_no"], params["total_amount"], params["trans_currency"], params["gmt_payment"])
		if err != nil {
			return payment.Notice{}, &fault.Error{Kind: fault.Invalid, Key: "callback_unreadable", Cause: err}
		}
	}
	return n, nil
}

// form reads a body as form parameters; one that comes twice could be signed as one value and read as the other.
func form(body []byte) (map[string]string, error) {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(values))
	for k, v := range values {
		if len(v) != 1 {
			return nil, errors.New("alipay: a parameter comes twice")
		}
		out[k] = v[0]
	}
	return out, nil
}
