package intake

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/money"
	"caconsole/admin/seal"
)

func postFormConfirmation(c *call) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	no := c.param("no")
	version, err := c.s.flow.ConfirmForm(c.UserContext(), c.actor, key, no)
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, struct {
		Version int    `json:"version"`
		FormURL string `json:"form_url"`
	}{version, "/api/v1/orders/" + no + "/application-form.pdf"})
}

func getApplicationForm(c *call) error {
	no := c.param("no")
	pdf, err := c.s.flow.ApplicationForm(c.UserContext(), c.actor, no)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+no+`.pdf"`)
	return c.unlessSame("application/pdf", pdf)
}

// putDocument takes an upload. What it is gets decided by its content, not by its Content-Type.
func putDocument(c *call) error {
	kind, err := document.ParseKind(c.param("kind"))
	if err != nil {
		return err
	}
	up := flow.Upload{Kind: kind, Body: c.Body()}
	if kind == document.RemittanceVoucher {
		if up.Claim, err = readClaim(c); err != nil {
			return err
		}
	}
	doc, err := c.s.flow.UploadDocument(c.UserContext(), c.actor, c.param("no"), up)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, struct {
		ID    string `json:"id"`
		SM3   string `json:"sm3"`
		Pages int    `json:"pages"`
	}{doc.ID.String(), doc.SM3, doc.Pages})
}

// readClaim reads what a remittance voucher says, from the query.
func readClaim(c *call) (document.Claim, error) {
	claim := document.Claim{Payer: seal.Secret(c.Query("payer"))}
	var wrong []fault.Field
	fen, err := strconv.ParseInt(c.Query("amount_fen"), 10, 64)
	if err != nil {
		wrong = append(wrong, fault.Field{Name: "amount_fen", Key: "wrong_type"})
	}
	claim.Amount = money.Fen(fen)
	if claim.Date, err = time.ParseInLocation(time.DateOnly, c.Query("paid_on"), beijing); err != nil {
		wrong = append(wrong, fault.Field{Name: "paid_on", Key: "date_wrong"})
	}
	if len(wrong) > 0 {
		return document.Claim{}, fault.InvalidFields(wrong...)
	}
	return claim, nil
}

// beijing is the zone of dates people write.
var beijing = time.FixedZone("CST", 8*3600)
