// Package hotline is the one search box of the hotline (400-112-3838) and the answer that can be read aloud as it
// stands. It shows no papers and no numbers of persons.
package hotline

import (
	"embed"
	"slices"
	"strings"

	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/queue"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Deps are what the area works with.
type Deps struct{ Flow *flow.Flow }

// Routes adds the area.
func Routes(r *page.Router, d Deps) {
	r.Templates("hotline", files)
	r.Get("/hotline", rbac.HotlineView, d.show)
	r.Post("/hotline", rbac.HotlineView, d.ask)
	r.Post("/hotline/:no/check", rbac.HotlineView, d.check)
	r.Post("/hotline/:no/phone", rbac.HotlineView, d.phone)
	r.Post("/hotline/:no/called", rbac.HotlineView, d.called)
	r.Get("/updates", rbac.UpdateDecide, d.overdue)
	r.Post("/updates/:no/decide", rbac.UpdateDecide, d.decide)
}

// Found is one order of an answer.
type Found struct {
	No     string
	Holder string
	Status page.Status
	Chosen bool
}

// Answer is the order in front of the clerk.
type Answer struct {
	No       string
	Holder   string
	Status   page.Status
	Years    int
	Kind     order.Kind
	Sentence order.Sentence
	Due      money.Fen // what is to be paid now; zero where nothing is
	Paid     money.Fen // of the price, where Due is a difference
	Strip    []page.GateMark
	Steps    []page.Step
	Updated  string
	Agent    string // masks of who may speak for the order
	Phone    string
}

// Call is one line of the call list: an agent who does not fetch the update.
type Call struct {
	No, Holder, Agent string
	Phone             string // in clear once it was asked for; "" before
	Days              int
	Decide            bool // a person has to decide what becomes of it
}

// Page is what the hotline sees.
type Page struct {
	Query   string
	Asked   flow.Asked
	Found   []Found
	Answer  *Answer
	Empty   page.Empty
	Answers []int  // numbers of the standing answers: catalogue "answer.<n>.q" and ".a"
	Checked string // yes or no after the caller's digits were compared
	Calls   []Call // whom to call while nobody calls: on the empty page only
}

// standing is how many standing answers the catalogue has.
const standing = 7

// show is the empty page, or the answer to a question that another page's link asks. A person's number stands in no
// address: whoever types one into it is asked for it again.
func (d Deps) show(c *page.Ctx) error {
	q := c.Query("q")
	if flow.NamesPerson(q) {
		return c.Redirect("/hotline", "hotline.retype")
	}
	return d.answered(c, q, c.Query("order"))
}

// ask answers what was typed into the box. The question comes in the body, so that no phone number gets into an address,
// a history or a log.
func (d Deps) ask(c *page.Ctx) error {
	return d.answered(c, strings.TrimSpace(c.Form("q")), c.Form("order"))
}

func (d Deps) answered(c *page.Ctx, q, no string) error {
	p, err := d.page(c, q, no)
	if err != nil {
		return err
	}
	return c.Render("hotline/hotline", p)
}

// page looks the question up and puts one order in front of the clerk: the one that is named, else the first.
func (d Deps) page(c *page.Ctx, q, no string) (Page, error) {
	p := Page{Query: q}
	for i := range standing {
		p.Answers = append(p.Answers, i+1)
	}
	if q == "" {
		p.Empty = page.Empty{Title: c.T("hotline.ask", nil), Text: c.T("hotline.ask.text", nil), Small: true}
		return p, d.calls(c, &p)
	}
	asked, rows, err := d.Flow.Lookup(c.Context(), c.Actor(), q)
	if fault.Is(err, fault.Invalid) {
		p.Empty = page.Empty{Title: c.T("hotline.short", nil), Text: c.T("hotline.ask.text", nil)}
		return p, nil
	}
	if err != nil {
		return p, err
	}
	p.Asked = asked
	if len(rows) == 0 {
		p.Empty = page.Empty{Title: c.T("hotline.none", nil), Text: c.T("hotline.none.text", nil)}
		return p, nil
	}
	if !slices.ContainsFunc(rows, func(row board.OrderLine) bool { return row.No == no }) {
		no = rows[0].No
	}
	if p.Answer, err = d.answer(c, no); err != nil {
		return p, err
	}
	for _, row := range rows {
		f := found(c, row, no)
		if f.Chosen {
			p.Answer.Status = f.Status
		}
		p.Found = append(p.Found, f)
	}
	return p, nil
}

func found(c *page.Ctx, row board.OrderLine, chosen string) Found {
	return Found{No: row.No, Holder: row.Holder, Status: queue.Status(c, row), Chosen: row.No == chosen}
}

func (d Deps) answer(c *page.Ctx, no string) (*Answer, error) {
	caller, err := d.Flow.Caller(c.Context(), c.Actor(), no)
	if err != nil {
		return nil, err
	}
	o := caller.Order
	a := &Answer{
		No: o.No, Holder: o.Holder, Years: o.Years, Kind: o.Kind, Agent: o.Agent.Name, Phone: o.Agent.Phone, Sentence: o.Gates.Sentence(),
		Due: o.Due(), Paid: o.Gates.Kept,
		Strip: page.OrderGates(o.Gates).Strip(), Updated: page.Beijing(o.UpdatedAt).Format("01-02 15:04:05"),
	}
	for _, e := range slices.Backward(caller.Events) { // the newest is what is asked about
		a.Steps = append(a.Steps, page.EventStep(c, e))
	}
	return a, nil
}

// calls puts the call list on the page.
func (d Deps) calls(c *page.Ctx, p *Page) error {
	list, err := d.Flow.CallList(c.Context(), c.Actor())
	for _, row := range list {
		p.Calls = append(p.Calls, Call{No: row.No, Holder: row.Holder, Agent: row.AgentMask, Days: row.Days, Decide: row.Decide})
	}
	return err
}

// phone shows the number of one agent on the call list, on the page that answers and in no address; the view is audited.
func (d Deps) phone(c *page.Ctx) error {
	number, err := d.Flow.CallNumber(c.Context(), c.Actor(), c.Param("no"))
	if err != nil {
		return err
	}
	p, err := d.page(c, "", "")
	if err != nil {
		return err
	}
	for i := range p.Calls {
		if p.Calls[i].No == c.Param("no") {
			p.Calls[i].Phone = number.Reveal()
		}
	}
	return c.Render("hotline/hotline", p)
}

// called takes an order off the call list.
func (d Deps) called(c *page.Ctx) error {
	if err := d.Flow.Called(c.Context(), c.Actor(), c.Param("no")); err != nil {
		return err
	}
	return c.Redirect("/hotline", "hotline.called")
}

// check compares the digits a caller said with the agent's ID number, on the server. The result stands on the page that
// answers and in no URL, so that nobody finds it there later.
func (d Deps) check(c *page.Ctx) error {
	same, wrong := d.Flow.CheckCaller(c.Context(), c.Actor(), c.Param("no"), c.Form("last4"))
	p, err := d.page(c, c.Form("q"), c.Param("no"))
	switch {
	case err != nil:
		return err
	case wrong != nil && (p.Answer == nil || c.Fragment() && !fault.Is(wrong, fault.Invalid)):
		return wrong
	case wrong != nil:
		return c.Refuse(wrong, "hotline/hotline", p)
	}
	p.Checked = "no"
	if same {
		p.Checked = "yes"
	}
	return c.Render("hotline/hotline", p)
}
