package alipay

import (
	"crypto/rand"
	"crypto/rsa"
	"net/url"
	"strings"
	"time"

	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/trouble"
)

// notifyID is a new number of a notice.
func notifyID(now time.Time) string {
	return now.In(beijing).Format("20060102") + "00222" + strings.ToLower(rand.Text()[:20])
}

// resume takes up what an earlier run had not told the merchant.
func (g *Gateway) resume(v trade) {
	if v.paid() && !v.Told {
		g.tellPaid(v)
	}
	for _, f := range v.Refunds {
		if !f.Told {
			g.tellRefund(v, f)
		}
	}
}

// tellPaid sends the notice of a payment.
func (g *Gateway) tellPaid(v trade) {
	form := g.form(v)
	form.Set("notify_id", v.NotifyID)
	form.Set("trade_status", success)
	g.send(v.NotifyURL, form, func() { g.note(v.Ask.OutTradeNo, func(v *trade) { v.Told = true }) })
}

// tellRefund sends the notice of a refund: one of the payment with out_biz_no, refund_fee and gmt_refund.
func (g *Gateway) tellRefund(v trade, f refund) {
	form := g.form(v)
	form.Set("notify_id", f.NotifyID)
	form.Set("trade_status", v.State)
	form.Set("out_biz_no", f.RequestNo)
	form.Set("refund_fee", yuan(v.back()))
	form.Set("gmt_refund", clock(f.At)+".000")
	g.send(v.NotifyURL, form, func() {
		g.note(v.Ask.OutTradeNo, func(v *trade) {
			if i := v.find(f.RequestNo); i >= 0 {
				told := append([]refund(nil), v.Refunds...) // readers hold the old one
				told[i].Told = true
				v.Refunds = told
			}
		})
	})
}

// form is what every notice says of a trade.
func (g *Gateway) form(v trade) url.Values {
	paid := yuan(v.Fen)
	return url.Values{
		"notify_time": {clock(g.opt.Now())}, "notify_type": {"trade_status_sync"}, "charset": {"utf-8"}, "version": {"1.0"}, "sign_type": {"RSA2"},
		"app_id": {g.opt.AppID}, "auth_app_id": {g.opt.AppID}, "trade_no": {v.TradeNo}, "out_trade_no": {v.Ask.OutTradeNo}, "seller_id": {g.opt.SellerID},
		"buyer_id": {buyerID}, "buyer_logon_id": {buyerLogon}, "subject": {v.Ask.Subject}, "total_amount": {paid}, "receipt_amount": {paid},
		"buyer_pay_amount": {paid}, "invoice_amount": {paid}, "point_amount": {"0.00"}, "gmt_create": {clock(v.CreatedAt)}, "gmt_payment": {clock(v.PaidAt)},
		"fund_bill_list": {`[{"amount":"` + paid + `","fundChannel":"ALIPAYACCOUNT"}]`},
	}
}

// send signs and sends a notice. It is taken with the seven bytes success and nothing else.
func (g *Gateway) send(to string, form url.Values, taken func()) {
	call, err := g.call(g.opt.Key, to, form)
	if err != nil {
		g.opt.Log.Error("notice not made", "error", err)
		return
	}
	call.Taken = taken
	g.opt.Callbacks.Send(call)
}

func (g *Gateway) call(key *rsa.PrivateKey, to string, form url.Values) (callback.Call, error) {
	signature, err := sign(key, toSign(form, "sign", "sign_type"))
	if err != nil {
		return callback.Call{}, err
	}
	form.Set("sign", signature)
	return callback.Call{
		Vendor: trouble.Alipay, URL: to, ContentType: "application/x-www-form-urlencoded; charset=utf-8", Body: []byte(form.Encode()),
		Accepted: func(_ int, body []byte) bool { return string(body) == "success" },
	}, nil
}

// forge has somebody else claim that a new trade is paid, if somebody is to do so: all is as it should be but the key.
func (g *Gateway) forge(v trade) {
	if _, ok := g.opt.Troubles.Strike(trouble.Alipay, trouble.Forge); !ok {
		return
	}
	now := g.opt.Now()
	v.TradeNo, v.PaidAt = now.In(beijing).Format("20060102")+"22001400"+digits(12), now
	form := g.form(v)
	form.Set("notify_id", notifyID(now))
	form.Set("trade_status", success)
	call, err := g.call(g.forger, v.NotifyURL, form)
	if err != nil {
		g.opt.Log.Error("notice not made", "error", err)
		return
	}
	g.opt.Callbacks.Once(call)
}

func (g *Gateway) note(no string, change func(*trade)) {
	if _, err := g.trades.Update(no, func(v *trade) error { change(v); return nil }); err != nil {
		g.opt.Log.Warn("notice not noted", "order", no, "error", err)
	}
}
