package wechat

import (
	"cmp"

	"caconsole/cmd/applicant/vendors/shelf"
	"caconsole/cmd/applicant/vendors/till"
)

// Merchant is whom the bills of a past belong to.
type Merchant struct{ AppID, MchID, NotifyURL string }

// Remember writes bills of a past into the state folder of a platform that is not running: it will know them as its own.
// Of refunds only those that are done are told.
func Remember(dir string, m Merchant, bills []till.Bill) error {
	orders := map[string]order{}
	for _, b := range bills {
		v := order{
			Ask:   ask{AppID: m.AppID, MchID: m.MchID, Description: b.Subject, OutTradeNo: b.OutTradeNo, NotifyURL: m.NotifyURL},
			State: notPaid, CodeURL: b.Code, ExpiresAt: b.ExpiresAt, CreatedAt: b.CreatedAt, TransactionID: b.TransactionID, PaidAt: b.PaidAt, Told: b.Told,
		}
		v.Ask.Amount.Total, v.Ask.Amount.Currency = b.AmountFen, "CNY"
		switch b.State {
		case till.Paid:
			v.State, v.NoticeID = success, noticeID()
		case till.Closed:
			v.State = closed
		}
		for _, f := range b.Refunds {
			back := refund{
				Ask:      refundAsk{TransactionID: b.TransactionID, OutTradeNo: b.OutTradeNo, OutRefundNo: f.OutRefundNo, NotifyURL: m.NotifyURL},
				RefundID: cmp.Or(f.RefundID, "503"+digits(25)), CreatedAt: f.At, DueAt: f.At, Outcome: success, NoticeID: noticeID(), Told: true,
			}
			back.Ask.Amount.Refund, back.Ask.Amount.Total, back.Ask.Amount.Currency = f.AmountFen, b.AmountFen, "CNY"
			v.State, v.Refunds = refunded, append(v.Refunds, back)
		}
		orders[b.OutTradeNo] = v
	}
	return shelf.Fill(dir, orders)
}
