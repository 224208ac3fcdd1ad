package alipay

import (
	"cmp"
	"encoding/json"
	"time"
)

const refundSuccess = "REFUND_SUCCESS"

// refund is one record of the gateway, kept with its trade.
type refund struct {
	RequestNo string    `json:"request_no"` // out_request_no
	Fen       int64     `json:"fen"`
	Reason    string    `json:"reason"`
	At        time.Time `json:"at"`
	NotifyID  string    `json:"notify_id"`
	Told      bool      `json:"told"`
}

// find returns the place of a refund in the trade, -1 for none.
func (v trade) find(requestNo string) int {
	for i, f := range v.Refunds {
		if f.RequestNo == requestNo {
			return i
		}
	}
	return -1
}

// back is what has been paid back so far, in fen.
func (v trade) back() (fen int64) {
	for _, f := range v.Refunds {
		fen += f.Fen
	}
	return fen
}

// refund pays back at once. The same request number again changes nothing and says so (fund_change N).
func (g *Gateway) refund(biz []byte, _ string) (any, error) {
	var in struct {
		numbers
		RefundAmount text   `json:"refund_amount"`
		RefundReason string `json:"refund_reason"`
		OutRequestNo string `json:"out_request_no"`
	}
	if err := json.Unmarshal(biz, &in); err != nil {
		return nil, invalid("biz_content")
	}
	fen := in.RefundAmount.fen()
	if fen < 1 || len(in.OutRequestNo) > 64 {
		return nil, invalid("refund_amount、out_request_no")
	}
	found, err := g.find(in.numbers)
	if err != nil {
		return nil, err
	}
	now, change := g.opt.Now(), "N"
	var made refund
	v, err := g.trades.Update(found.Ask.OutTradeNo, func(v *trade) error {
		no := cmp.Or(in.OutRequestNo, v.Ask.OutTradeNo)
		if i := v.find(no); i >= 0 {
			if v.Refunds[i].Fen != fen {
				return business("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
			}
			return nil
		}
		switch {
		case !v.paid() || v.State == closed:
			return business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
		case len(v.Refunds) > 0 && in.OutRequestNo == "":
			return invalid("out_request_no")
		case v.back()+fen > v.Fen:
			return business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
		}
		change, made = "Y", refund{RequestNo: no, Fen: fen, Reason: in.RefundReason, At: now, NotifyID: notifyID(now)}
		v.Refunds = append(v.Refunds[:len(v.Refunds):len(v.Refunds)], made)
		if v.back() == v.Fen {
			v.State = closed
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if change == "Y" {
		g.tellRefund(v, made)
	}
	return map[string]any{
		"code": "10000", "msg": "Success", "trade_no": v.TradeNo, "out_trade_no": v.Ask.OutTradeNo, "buyer_logon_id": buyerLogon, "buyer_user_id": buyerID,
		"fund_change": change, "refund_fee": yuan(v.back()), "send_back_fee": yuan(fen), "gmt_refund_pay": clock(now),
	}, nil
}

// findRefund answers fastpay.refund.query: a refund it does not know is a success without a refund_status.
func (g *Gateway) findRefund(biz []byte, _ string) (any, error) {
	var in struct {
		numbers
		OutRequestNo string `json:"out_request_no"`
	}
	if err := json.Unmarshal(biz, &in); err != nil || in.OutRequestNo == "" {
		return nil, invalid("out_request_no")
	}
	v, err := g.find(in.numbers)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"code": "10000", "msg": "Success"}
	if i := v.find(in.OutRequestNo); i >= 0 {
		f := v.Refunds[i]
		out["trade_no"], out["out_trade_no"], out["out_request_no"] = v.TradeNo, v.Ask.OutTradeNo, f.RequestNo
		out["total_amount"], out["refund_amount"], out["refund_status"] = yuan(v.Fen), yuan(f.Fen), refundSuccess
		out["refund_reason"], out["gmt_refund_pay"] = f.Reason, clock(f.At)
	}
	return out, nil
}
