package renew

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"caconsole/cmd/applicant/bank"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/ports"
)

// beijing is the time zone of dates people write.
var beijing = time.FixedZone("CST", 8*3600)

// openingFen is the balance of the CA's account before the transfer; a statement needs some.
const openingFen = 1_234_567_89

// settlePatience is how long a paid QR code may take until the order knows.
const settlePatience = 3 * time.Minute

// payment is how and where to pay.
type payment struct {
	Method  string `json:"method"`
	CodeURL string `json:"code_url"`
	Account struct {
		Name   string `json:"name"`
		Number string `json:"number"`
		Bank   string `json:"bank"`
	} `json:"account"`
	AmountFen int64  `json:"amount_fen"`
	Reference string `json:"reference"`
}

// pay asks where to pay and pays there.
func (r *robot) pay(ctx context.Context) error {
	method := r.opt.Pay
	if method == "" {
		method = PayTransfer
		if r.order.Path == PathOnline {
			method = PayWeChat
		}
	}
	var to payment
	if _, err := r.api.call(ctx, http.MethodPost, "/orders/"+r.order.No+"/payments", map[string]string{"method": method}, &to); err != nil {
		if codeOf(err) == "payment_not_awaited" {
			return nil // it came in this moment
		}
		return err
	}
	if method == PayTransfer {
		return r.transfer(ctx, to)
	}
	return r.scan(ctx, method, to)
}

// scan pays by phone, and waits until the order knows.
func (r *robot) scan(ctx context.Context, method string, to payment) error {
	wallet, field := r.at(ports.WeChat, "/_sim/wechat/pay"), "code_url"
	if method == PayAlipay {
		wallet, field = r.at(ports.Alipay, "/_sim/alipay/pay"), "qr_code"
	}
	body, err := json.Marshal(map[string]string{field: to.CodeURL})
	if err != nil {
		return fmt.Errorf("pay by %s: %w", method, err)
	}
	if err := r.outside(ctx, http.MethodPost, wallet, "application/json", body, nil); err != nil {
		return fmt.Errorf("pay by %s: %w", method, err)
	}
	r.opt.Log.InfoContext(ctx, "paid", "order", r.order.No, "method", method)
	return r.again(ctx, settlePatience, func() (bool, error) {
		err := r.look(ctx)
		return r.order.Gates["payment"] != "awaiting", err
	})
}

// transfer sends the money from the holder's own account, writes the statement the CA's bank would export with it, and
// uploads the bank's receipt. The statement comes first: an order with a receipt has its money under way.
func (r *robot) transfer(ctx context.Context, to payment) error {
	if to.AmountFen == 0 {
		to.AmountFen = r.order.AmountFen
	}
	name := "statement-" + r.order.No + ".xlsx"
	at, sent := r.sentAt(name)
	v := paper.Voucher{
		Payer: r.ukey.holder, PayerAccount: fmt.Sprintf("4000%015d", r.seed%1_000_000_000_000_000), PayerBank: "中国工商银行深圳福田支行",
		Payee: to.Account.Name, PayeeAccount: to.Account.Number, PayeeBank: to.Account.Bank, AmountFen: to.AmountFen, At: at,
		Remark: "证书续期 " + to.Reference, BankSerial: fmt.Sprintf("C%013d", r.seed%10_000_000_000_000), Seed: r.seed,
	}
	if !sent {
		sheet, err := bank.CMB(bank.Account{Name: v.Payee, Number: v.PayeeAccount}, openingFen, []bank.Line{{
			At: at, Fen: v.AmountFen, Party: v.Payer, PartyAccount: v.PayerAccount, PartyBank: v.PayerBank, Remark: v.Remark, Serial: v.BankSerial,
		}})
		if err != nil {
			return err
		}
		if err := r.save(name, sheet); err != nil {
			return err
		}
		r.opt.Log.InfoContext(ctx, "transferred", "order", r.order.No, "amount_fen", to.AmountFen, "statement", name)
	}
	receipt, err := r.opt.Painter.Remittance(v)
	if err != nil {
		return err
	}
	claims := url.Values{"payer": {v.Payer}, "amount_fen": {fmt.Sprint(v.AmountFen)}, "paid_on": {at.In(beijing).Format(time.DateOnly)}}
	return r.upload(ctx, voucher, "image/jpeg", receipt, claims)
}

// sentAt is when the money of an earlier run was sent, which its statement tells; without one it is sent now.
func (r *robot) sentAt(statement string) (at time.Time, sent bool) {
	if r.opt.Out != "" {
		if info, err := os.Stat(filepath.Join(r.opt.Out, statement)); err == nil {
			return info.ModTime().Truncate(time.Second), true
		}
	}
	return r.opt.Now().Truncate(time.Second), false
}
