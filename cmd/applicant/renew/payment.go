package renew

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"caconsole/cmd/applicant/bank"
	"caconsole/cmd/applicant/paper"
)

// beijing is the time zone of dates people write.
var beijing = time.FixedZone("CST", 8*3600)

// openingFen is the balance of the CA's account before the transfer; a statement needs some.
const openingFen = 1_234_567_89

// pay chooses corporate transfer, sends the money from the holder's own account, uploads the bank's receipt and writes
// the statement the CA's bank would export with it.
func (r *robot) pay(ctx context.Context) error {
	if g := r.order.Gates["payment"]; g == "settled" || g == "waived" {
		return nil
	}
	var in struct {
		Account struct {
			Name   string `json:"name"`
			Number string `json:"number"`
			Bank   string `json:"bank"`
		} `json:"account"`
		AmountFen int64  `json:"amount_fen"`
		Reference string `json:"reference"`
	}
	if _, err := r.api.call(ctx, http.MethodPost, "/orders/"+r.order.No+"/payments", map[string]string{"method": "transfer"}, &in); err != nil {
		return err
	}
	if in.AmountFen == 0 {
		in.AmountFen = r.order.AmountFen
	}
	at := r.opt.Now().Truncate(time.Second)
	v := paper.Voucher{
		Payer: r.ukey.holder, PayerAccount: fmt.Sprintf("4000%015d", r.seed%1_000_000_000_000_000), PayerBank: "中国工商银行深圳福田支行",
		Payee: in.Account.Name, PayeeAccount: in.Account.Number, PayeeBank: in.Account.Bank, AmountFen: in.AmountFen, At: at,
		Remark: "证书续期 " + in.Reference, BankSerial: fmt.Sprintf("C%013d", r.seed%10_000_000_000_000), Seed: r.seed,
	}
	receipt, err := r.opt.Painter.Remittance(v)
	if err != nil {
		return err
	}
	claims := url.Values{"payer": {v.Payer}, "amount_fen": {fmt.Sprint(v.AmountFen)}, "paid_on": {at.In(beijing).Format(time.DateOnly)}}
	if err := r.upload(ctx, "remittance_voucher", "image/jpeg", receipt, claims); err != nil {
		return err
	}
	sheet, err := bank.CMB(bank.Account{Name: v.Payee, Number: v.PayeeAccount}, openingFen, []bank.Line{{
		At: at, Fen: v.AmountFen, Party: v.Payer, PartyAccount: v.PayerAccount, PartyBank: v.PayerBank, Remark: v.Remark, Serial: v.BankSerial,
	}})
	if err != nil {
		return err
	}
	return r.save("statement-"+r.order.No+".xlsx", sheet)
}
