package wechat

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"

	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/trouble"
)

// notice is what the platform posts to notify_url.
type notice struct {
	ID           string   `json:"id"`
	CreateTime   string   `json:"create_time"`
	ResourceType string   `json:"resource_type"`
	EventType    string   `json:"event_type"`
	Summary      string   `json:"summary"`
	Resource     resource `json:"resource"`
}

// noticeID is a new number of a notice: a UUID in spelling, not in meaning.
func noticeID() string {
	t := rand.Text()
	return fmt.Sprintf("%s-%s-%s-%s-%s", t[:8], t[8:12], t[12:16], t[16:20], t[20:26])
}

// code is the end of a new code_url.
func code() string { return rand.Text()[:12] }

// resume takes up what an earlier run had not told the merchant.
func (p *Platform) resume(v order) {
	if v.TransactionID != "" && !v.Told {
		p.tellPaid(v)
	}
	for _, f := range v.Refunds {
		if !f.Told {
			p.tellRefund(v, f)
		}
	}
}

// tellPaid sends the notice of a payment.
func (p *Platform) tellPaid(v order) {
	paid := v.transaction()
	paid.TradeState, paid.TradeStateDesc = success, stateNames[success]
	call, err := p.notice(p.opt.APIv3Key, v.Ask.NotifyURL, notice{ID: v.NoticeID, CreateTime: rfc3339(v.PaidAt), EventType: "TRANSACTION.SUCCESS", Summary: "支付成功"},
		"transaction", paid)
	if err != nil {
		p.opt.Log.Error("notice not made", "error", err)
		return
	}
	call.Taken = func() { p.note(v.Ask.OutTradeNo, func(v *order) { v.Told = true }) }
	p.opt.Callbacks.Send(call)
}

// tellRefund sends the notice of a refund when it ends; a request without a notify_url wants none.
func (p *Platform) tellRefund(v order, f refund) {
	if f.Ask.NotifyURL == "" {
		return
	}
	plain := map[string]any{
		"mchid": p.opt.MchID, "out_trade_no": v.Ask.OutTradeNo, "transaction_id": v.TransactionID, "out_refund_no": f.Ask.OutRefundNo, "refund_id": f.RefundID,
		"refund_status": f.Outcome, "user_received_account": account,
		"amount": map[string]int64{"total": v.Ask.Amount.Total, "refund": f.Ask.Amount.Refund, "payer_total": v.Ask.Amount.Total, "payer_refund": f.Ask.Amount.Refund},
	}
	if f.Outcome == success {
		plain["success_time"] = rfc3339(f.DueAt)
	}
	head := notice{ID: f.NoticeID, CreateTime: rfc3339(f.DueAt), EventType: "REFUND." + f.Outcome, Summary: map[string]string{success: "退款成功", abnormal: "退款异常"}[f.Outcome]}
	call, err := p.notice(p.opt.APIv3Key, f.Ask.NotifyURL, head, "refund", plain)
	if err != nil {
		p.opt.Log.Error("notice not made", "error", err)
		return
	}
	call.Taken = func() {
		p.note(v.Ask.OutTradeNo, func(v *order) {
			if i := v.find(f.Ask.OutRefundNo); i >= 0 {
				told := append([]refund(nil), v.Refunds...) // readers hold the old one
				told[i].Told = true
				v.Refunds = told
			}
		})
	}
	p.opt.Callbacks.After(f.DueAt.Sub(p.opt.Now()), call)
}

// notice seals what a notice says and makes the call. It is taken with 200 or 204.
func (p *Platform) notice(key []byte, url string, n notice, kind string, plain any) (callback.Call, error) {
	raw, err := json.Marshal(plain)
	if err != nil {
		return callback.Call{}, fmt.Errorf("wechat: notice: %w", err)
	}
	n.ResourceType = "encrypt-resource"
	if n.Resource, err = seal(key, kind, raw); err != nil {
		return callback.Call{}, err
	}
	body, err := json.Marshal(n)
	if err != nil {
		return callback.Call{}, fmt.Errorf("wechat: notice: %w", err)
	}
	return callback.Call{
		Vendor: trouble.WeChat, URL: url, ContentType: "application/json", Body: body, Sign: p.sign,
		Accepted: func(status int, _ []byte) bool { return status == http.StatusOK || status == http.StatusNoContent },
	}, nil
}

// forge has somebody else claim that a new order is paid, if somebody is to do so: all is as it should be but the keys.
func (p *Platform) forge(v order) {
	if _, ok := p.opt.Troubles.Strike(trouble.WeChat, trouble.Forge); !ok {
		return
	}
	now := p.opt.Now()
	v.State, v.TransactionID, v.PaidAt = success, "42000"+digits(23), now
	wrong := []byte(rand.Text() + rand.Text())[:32]
	call, err := p.notice(wrong, v.Ask.NotifyURL, notice{ID: noticeID(), CreateTime: rfc3339(now), EventType: "TRANSACTION.SUCCESS", Summary: "支付成功"},
		"transaction", v.transaction())
	if err != nil {
		p.opt.Log.Error("notice not made", "error", err)
		return
	}
	call.Sign = func(h http.Header, body []byte) error {
		return signWith(p.forger, p.opt.PlatformSerial, p.opt.Now(), h, body)
	}
	p.opt.Callbacks.Once(call)
}

func (p *Platform) note(no string, change func(*order)) {
	if _, err := p.orders.Update(no, func(v *order) error { change(v); return nil }); err != nil {
		p.opt.Log.Warn("notice not noted", "order", no, "error", err)
	}
}
