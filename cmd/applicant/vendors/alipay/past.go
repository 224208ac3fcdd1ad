package alipay

import (
	"caconsole/cmd/applicant/vendors/shelf"
	"caconsole/cmd/applicant/vendors/till"
)

// Merchant is whom the bills of a past belong to.
type Merchant struct{ SellerID, NotifyURL string }

// Remember writes bills of a past into the state folder of a gateway that is not running: it will know them as its own.
// Nobody has scanned those that are open.
func Remember(dir string, m Merchant, bills []till.Bill) error {
	trades := map[string]trade{}
	for _, b := range bills {
		v := trade{
			Ask:       ask{OutTradeNo: b.OutTradeNo, TotalAmount: text(yuan(b.AmountFen)), Subject: b.Subject, SellerID: m.SellerID},
			NotifyURL: m.NotifyURL, Fen: b.AmountFen, Code: b.Code, TradeNo: b.TransactionID, CreatedAt: b.CreatedAt, ExpiresAt: b.ExpiresAt,
			PaidAt: b.PaidAt, Told: b.Told,
		}
		switch b.State {
		case till.Paid:
			v.State, v.NotifyID = success, notifyID(b.PaidAt)
		case till.Closed:
			v.State = closed
		}
		for _, f := range b.Refunds {
			v.Refunds = append(v.Refunds, refund{RequestNo: f.OutRefundNo, Fen: f.AmountFen, At: f.At, NotifyID: notifyID(f.At), Told: true})
		}
		if v.paid() && v.back() == v.Fen {
			v.State = closed
		}
		trades[b.OutTradeNo] = v
	}
	return shelf.Fill(dir, trades)
}
