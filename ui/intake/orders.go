package intake

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/invoice"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/admin/seal"
)

type personBody struct {
	Name     seal.Secret `json:"name"`
	IDNumber seal.Secret `json:"id_number"`
	Phone    seal.Secret `json:"phone"`
	Email    seal.Secret `json:"email"`
}

type newOrderBody struct {
	Serial       string `json:"serial"`
	Years        int    `json:"years"`
	Organisation struct {
		Name     string `json:"name"`
		IDKind   string `json:"id_kind"`
		IDNumber string `json:"id_number"`
	} `json:"organisation"`
	Agent       personBody `json:"agent"`
	LegalPerson struct {
		Name     seal.Secret `json:"name"`
		IDNumber seal.Secret `json:"id_number"`
	} `json:"legal_person"`
	Invoice invoiceBody `json:"invoice"`
}

type invoiceBody struct {
	Kind    string      `json:"kind"`
	Title   string      `json:"title"`
	TaxID   string      `json:"tax_id"`
	Address string      `json:"address"`
	Phone   seal.Secret `json:"phone"`
	Bank    string      `json:"bank"`
	Account string      `json:"account"`
}

func postOrder(c *call) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	var in newOrderBody
	if err := c.body(&in); err != nil {
		return err
	}
	view, err := c.s.flow.CreateOrder(c.UserContext(), c.actor, key, flow.NewOrder{
		Serial: in.Serial, Years: in.Years,
		Organisation: applicant.Organisation{Name: in.Organisation.Name, IDKind: in.Organisation.IDKind, IDNumber: in.Organisation.IDNumber},
		Agent:        applicant.Person(in.Agent),
		Legal:        applicant.Person{Name: in.LegalPerson.Name, IDNumber: in.LegalPerson.IDNumber},
		Invoice:      in.Invoice.buyer(),
	})
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, "/api/v1/orders/"+view.Order.No)
	return c.answer(http.StatusCreated, c.orderAnswer(view))
}

func getOrders(c *call) error {
	views, err := c.s.flow.ApplicantOrders(c.UserContext(), c.actor)
	if err != nil {
		return err
	}
	out := struct {
		Orders []orderAnswer `json:"orders"`
	}{make([]orderAnswer, 0, len(views))}
	for _, v := range views {
		out.Orders = append(out.Orders, c.orderAnswer(v))
	}
	return c.answer(http.StatusOK, out)
}

// getOrder answers with an ETag, so that a page that polls costs little.
func getOrder(c *call) error {
	view, err := c.s.flow.ApplicantOrder(c.UserContext(), c.actor, c.param("no"))
	if err != nil {
		return err
	}
	body, err := json.Marshal(c.orderAnswer(view))
	if err != nil {
		return fault.Wrap("answer_failed", err)
	}
	return c.unlessSame(fiber.MIMEApplicationJSONCharsetUTF8, body)
}

func postResubmission(c *call) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	view, err := c.s.flow.Resubmit(c.UserContext(), c.actor, key, c.param("no"))
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, c.orderAnswer(view))
}

func postWithdrawal(c *call) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	view, err := c.s.flow.WithdrawOrder(c.UserContext(), c.actor, key, c.param("no"))
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, c.orderAnswer(view))
}

type orderAnswer struct {
	No          string            `json:"no"`
	Path        string            `json:"path"`
	Stage       string            `json:"stage"`
	Gates       map[string]string `json:"gates"`
	Next        string            `json:"next"`
	Sentence    string            `json:"sentence"`
	Then        string            `json:"then"`
	Service     string            `json:"service"`
	Description string            `json:"description"`
	Years       int               `json:"years"`
	AmountFen   money.Fen         `json:"amount_fen"`
	DueFen      money.Fen         `json:"due_fen"` // to be paid now: the price, a difference, or nothing
	Method      string            `json:"method"`
	Serial      string            `json:"serial"`
	MediumNo    string            `json:"medium_no"`
	Holder      string            `json:"holder"`
	Agent       personAnswer      `json:"agent"`
	LegalPerson personAnswer      `json:"legal_person"`
	Form        formAnswer        `json:"form"`
	Documents   []documentAnswer  `json:"documents"`
	Closed      string            `json:"closed,omitempty"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

// personAnswer is a person, masked.
type personAnswer struct {
	Name     string `json:"name"`
	IDNumber string `json:"id_number,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Email    string `json:"email,omitempty"`
}

type formAnswer struct {
	Version   int  `json:"version"` // 0 before the first confirmation
	Confirmed bool `json:"confirmed"`
}

type documentAnswer struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	State  string `json:"state"`
	Pages  int    `json:"pages"`
	Reason string `json:"reason,omitempty"` // why it was returned
}

func (c *call) orderAnswer(v flow.OrderView) orderAnswer {
	o := v.Order
	sentence := o.Gates.Sentence()
	out := orderAnswer{
		No: o.No, Path: string(o.Gates.Path), Stage: string(o.Stage), Gates: gatesAnswer(o.Gates), Next: string(v.Next),
		Sentence: c.sentence(sentence.Now, nil), Then: c.sentence(sentence.Then, nil),
		Service: c.sentence("intake.service", nil), Description: c.sentence("intake.description", fault.Args{"years": strconv.Itoa(o.Years)}),
		Years: o.Years, AmountFen: o.AmountFen, DueFen: o.Due(), Method: string(o.Gates.Method), Serial: o.Serial, MediumNo: o.MediumNo,
		Holder: o.Holder, Agent: personAnswer(o.Agent), LegalPerson: personAnswer(o.Legal),
		Form: formAnswer{Version: v.FormVersion, Confirmed: v.FormVersion > 0}, Documents: []documentAnswer{},
		Closed: string(o.Gates.Closed), CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
	for _, p := range v.Papers {
		out.Documents = append(out.Documents, documentAnswer{p.ID.String(), string(p.Kind), string(p.State), p.Pages, p.ReturnedReason})
	}
	return out
}

func gatesAnswer(g order.Gates) map[string]string {
	out := make(map[string]string, len(order.AllGates))
	for _, name := range order.AllGates {
		out[string(name)] = string(g.Get(name))
	}
	return out
}

func (b invoiceBody) buyer() invoice.Buyer {
	return invoice.Buyer{
		Kind: invoice.BuyerKind(b.Kind), Title: b.Title, TaxID: b.TaxID, Address: b.Address, Phone: b.Phone, Bank: b.Bank, Account: b.Account,
	}
}
