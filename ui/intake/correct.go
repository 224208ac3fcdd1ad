package intake

import (
	"encoding/json"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/order"
	"caconsole/admin/seal"
)

// correctionBody is what a web hall wants changed (RFC 7396: what is absent stays); invoice data come whole.
type correctionBody struct {
	Years        *int `json:"years"`
	Organisation *struct {
		Name     *string `json:"name"`
		IDKind   *string `json:"id_kind"`
		IDNumber *string `json:"id_number"`
	} `json:"organisation"`
	Agent *struct {
		Name     *seal.Secret `json:"name"`
		IDNumber *seal.Secret `json:"id_number"`
		Phone    *seal.Secret `json:"phone"`
		Email    *seal.Secret `json:"email"`
	} `json:"agent"`
	LegalPerson *struct {
		Name     *seal.Secret `json:"name"`
		IDNumber *seal.Secret `json:"id_number"`
	} `json:"legal_person"`
	Invoice *invoiceBody `json:"invoice"`
}

func (b correctionBody) correction() flow.Correction {
	out := flow.Correction{
		Years: b.Years, Organisation: (*flow.OrganisationPatch)(b.Organisation), Agent: (*flow.PersonPatch)(b.Agent),
	}
	if b.LegalPerson != nil {
		out.Legal = &flow.PersonPatch{Name: b.LegalPerson.Name, IDNumber: b.LegalPerson.IDNumber}
	}
	if b.Invoice != nil {
		buyer := b.Invoice.buyer()
		out.Invoice = &buyer
	}
	return out
}

// patchOrder puts an order's entry right. With If-Match it does so only to the order the caller has seen: 412 otherwise.
func patchOrder(c *call) error {
	var in correctionBody
	if err := c.body(&in); err != nil {
		return err
	}
	correction := in.correction()
	if tag := c.Get(fiber.HeaderIfMatch); tag != "" {
		seen, err := c.seen(tag)
		if err != nil {
			return err
		}
		correction.Seen = &seen
	}
	view, err := c.s.flow.CorrectOrder(c.UserContext(), c.actor, c.param("no"), correction)
	if fault.HasKey(err, "order_changed") {
		return fiber.ErrPreconditionFailed
	}
	if err != nil {
		return err
	}
	body, err := json.Marshal(c.orderAnswer(view))
	if err != nil {
		return fault.Wrap("answer_failed", err)
	}
	c.Set(fiber.HeaderETag, etag(body))
	return c.answer(http.StatusOK, json.RawMessage(body))
}

// seen is the order as it is now, if that is how the caller has it.
func (c *call) seen(tag string) (order.Order, error) {
	view, err := c.s.flow.ApplicantOrder(c.UserContext(), c.actor, c.param("no"))
	if err != nil {
		return order.Order{}, err
	}
	body, err := json.Marshal(c.orderAnswer(view))
	if err != nil {
		return order.Order{}, fault.Wrap("answer_failed", err)
	}
	if !matches(tag, etag(body)) {
		return order.Order{}, fiber.ErrPreconditionFailed
	}
	return view.Order, nil
}
