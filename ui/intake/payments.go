package intake

import (
	"net/http"

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
	type account struct {
		Name   string `json:"name"`
		Number string `json:"number"`
		Bank   string `json:"bank"`
	}
	return c.answer(http.StatusCreated, struct {
		Account   account   `json:"account"`
		AmountFen money.Fen `json:"amount_fen"`
		Reference string    `json:"reference"`
	}{account{i.Account.Name, i.Account.No, i.Account.Bank}, i.Amount, i.Reference})
}
