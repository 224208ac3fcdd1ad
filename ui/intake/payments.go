package intake

import (
	"net/http"
	"time"

	"caconsole/admin/money"
)

func postPayment(c *call) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	var in struct {
		Method string `json:"method"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	i, err := c.s.flow.ChoosePayment(c.UserContext(), c.actor, key, c.param("no"), in.Method)
	if err != nil {
		return err
	}
	if i.Method.Online() {
		return c.answer(http.StatusCreated, paymentCode{
			Method: string(i.Method), CodeURL: i.CodeURL, QRPNGURL: "/api/v1/orders/" + c.param("no") + "/payments/qr.png",
			ExpiresAt: i.ExpiresAt, AmountFen: i.Amount,
		})
	}
	return c.answer(http.StatusCreated, paymentAccount{
		Method: string(i.Method), Account: account{i.Account.Name, i.Account.No, i.Account.Bank}, AmountFen: i.Amount, Reference: i.Reference,
	})
}

// paymentCode is what a phone scans to pay by WeChat or Alipay.
type paymentCode struct {
	Method    string    `json:"method"`
	CodeURL   string    `json:"code_url"`
	QRPNGURL  string    `json:"qr_png_url"`
	ExpiresAt time.Time `json:"expires_at"`
	AmountFen money.Fen `json:"amount_fen"`
}

// paymentAccount is where a transfer goes.
type paymentAccount struct {
	Method    string    `json:"method"`
	Account   account   `json:"account"`
	AmountFen money.Fen `json:"amount_fen"`
	Reference string    `json:"reference"`
}

type account struct {
	Name   string `json:"name"`
	Number string `json:"number"`
	Bank   string `json:"bank"`
}

// getPaymentQR draws the code of the payment that is awaited; Conflict payment_over without one.
func getPaymentQR(c *call) error {
	code, err := c.s.flow.PaymentCode(c.UserContext(), c.actor, c.param("no"))
	if err != nil {
		return err
	}
	return c.picture(code)
}
