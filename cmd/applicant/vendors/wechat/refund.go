package wechat

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// The states of a refund beside success.
const (
	processing = "PROCESSING"
	abnormal   = "ABNORMAL" // the payer's account cannot take it: a person has to act in the merchant's console
)

// refundAsk is the body of a refund.
type refundAsk struct {
	TransactionID string `json:"transaction_id"`
	OutTradeNo    string `json:"out_trade_no"`
	OutRefundNo   string `json:"out_refund_no"`
	Reason        string `json:"reason"`
	NotifyURL     string `json:"notify_url"`
	Amount        struct {
		Refund   int64  `json:"refund"`
		Total    int64  `json:"total"`
		Currency string `json:"currency"`
	} `json:"amount"`
}

// refund is one record of the platform, kept with its order.
type refund struct {
	Ask       refundAsk `json:"ask"`
	RefundID  string    `json:"refund_id"`
	CreatedAt time.Time `json:"created_at"`
	DueAt     time.Time `json:"due_at"` // when it ends
	Outcome   string    `json:"outcome"`
	NoticeID  string    `json:"notice_id"`
	Told      bool      `json:"told"`
}

// state is what a query says of a refund at a time.
func (f refund) state(now time.Time) string {
	if now.Before(f.DueAt) {
		return processing
	}
	return f.Outcome
}

var refundNo = regexp.MustCompile(`^[0-9A-Za-z_\-|*@]{1,64}$`)

// refund takes a refund of an order that is paid. The same number again is the same refund; with another amount it is
// refused. "ABNORMAL" ordered as the code of a trouble "refund_outcome" makes the next one fail in the end.
func (p *Platform) refund(_ *http.Request, body []byte) (any, *apiError) {
	var in refundAsk
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, paramError("输入源“/body”不是合法的JSON")
	}
	switch {
	case !refundNo.MatchString(in.OutRefundNo):
		return nil, paramError("out_refund_no不能为空且不超过64位")
	case in.Amount.Currency != "CNY":
		return nil, paramError("amount.currency仅支持CNY")
	case in.Amount.Refund < 1:
		return nil, paramError("amount.refund应大于0，单位为分")
	case len(in.Reason) > 80:
		return nil, paramError("reason不超过80个字节")
	}
	no, ok := p.orderOf(in)
	if !ok {
		return nil, &apiError{http.StatusNotFound, "RESOURCE_NOT_EXISTS", "订单号不存在，请检查订单号是否正确"}
	}
	now := p.opt.Now()
	var made refund
	fresh := false
	kept, err := p.orders.Update(no, func(v *order) error {
		if i := v.find(in.OutRefundNo); i >= 0 {
			made = v.Refunds[i]
			if made.Ask.Amount != in.Amount {
				return &apiError{http.StatusBadRequest, "PARAM_ERROR", "订单金额或退款金额与之前请求不一致，请核实后再试"}
			}
			return nil
		}
		if bad := v.mayRefund(in); bad != nil {
			return bad
		}
		fresh = true
		made = refund{Ask: in, RefundID: "50300" + digits(23), CreatedAt: now, DueAt: now.Add(p.opt.RefundDelay), Outcome: success, NoticeID: noticeID()}
		if t, ok := p.opt.Troubles.Take("refund_outcome"); ok {
			made.Outcome = t.Code
		}
		v.State = refunded
		v.Refunds = append(v.Refunds[:len(v.Refunds):len(v.Refunds)], made)
		return nil
	})
	if bad := asAPI(err); bad != nil {
		return nil, bad
	}
	if fresh {
		p.tellRefund(kept, made)
	}
	return kept.tell(made, now), nil
}

// orderOf finds the order a refund is about by either number.
func (p *Platform) orderOf(in refundAsk) (string, bool) {
	if in.TransactionID == "" {
		_, ok := p.orders.Get(in.OutTradeNo)
		return in.OutTradeNo, ok
	}
	for _, v := range p.orders.All() {
		if v.TransactionID == in.TransactionID {
			return v.Ask.OutTradeNo, true
		}
	}
	return "", false
}

// find returns the place of a refund in the order, -1 for none.
func (v order) find(outRefundNo string) int {
	for i, f := range v.Refunds {
		if f.Ask.OutRefundNo == outRefundNo {
			return i
		}
	}
	return -1
}

func (v order) mayRefund(in refundAsk) *apiError {
	if v.TransactionID == "" {
		return &apiError{http.StatusBadRequest, "INVALID_REQUEST", "订单未支付，不能退款"}
	}
	if in.Amount.Total != v.Ask.Amount.Total {
		return paramError("amount.total与原订单金额不一致")
	}
	back := in.Amount.Refund
	for _, f := range v.Refunds {
		if f.Outcome == success {
			back += f.Ask.Amount.Refund
		}
	}
	if back > v.Ask.Amount.Total {
		return &apiError{http.StatusBadRequest, "INVALID_REQUEST", "累计退款金额大于支付金额"}
	}
	return nil
}

// tell is a refund as the API answers it.
func (v order) tell(f refund, now time.Time) map[string]any {
	total, back := v.Ask.Amount.Total, f.Ask.Amount.Refund
	out := map[string]any{
		"refund_id": f.RefundID, "out_refund_no": f.Ask.OutRefundNo, "transaction_id": v.TransactionID, "out_trade_no": v.Ask.OutTradeNo,
		"channel": "ORIGINAL", "user_received_account": account, "create_time": rfc3339(f.CreatedAt), "status": f.state(now), "funds_account": "AVAILABLE",
		"amount": map[string]any{
			"total": total, "refund": back, "payer_total": total, "payer_refund": back, "settlement_refund": back, "settlement_total": total,
			"discount_refund": 0, "currency": "CNY",
		},
	}
	if f.state(now) == success {
		out["success_time"] = rfc3339(f.DueAt)
	}
	return out
}

// account is where refunds go to.
const account = "支付用户零钱"

func (p *Platform) findRefund(r *http.Request, _ []byte) (any, *apiError) {
	no := r.PathValue("no")
	for _, v := range p.orders.All() {
		if i := v.find(no); i >= 0 {
			return v.tell(v.Refunds[i], p.opt.Now()), nil
		}
	}
	return nil, &apiError{http.StatusNotFound, "RESOURCE_NOT_EXISTS", fmt.Sprintf("退款单不存在：%s", no)}
}
