// Package hotline is the one search box of the hotline (400-112-3838) and the answer that can be read aloud as it
// stands. It shows no papers and no numbers of persons.
package hotline

import (
	"embed"

	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
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
	r.Post("/hotline/:no/check", rbac.HotlineView, d.check)
}

// Found is one order of an answer.
type Found struct {
	No     string
	Holder string
	Status page.Status
	URL    string
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
	Strip    []page.GateMark
	Steps    []page.Step
	Updated  string
	Phone    string
}

// Page is what the hotline sees.
type Page struct {
	Query   string
	Asked   flow.Asked
	Found   []Found
	Answer  *Answer
	Empty   page.Empty
	Answers []int // numbers of the standing answers: catalogue "answer.<n>.q" and ".a"
	Checked string
}

// standing is how many standing answers the catalogue has.
const standing = 7

func (d Deps) show(c *page.Ctx) error {
	p := Page{Query: c.Query("q"), Checked: c.Query("checked")}
	for i := range standing {
		p.Answers = append(p.Answers, i+1)
	}
	no := c.Query("order")
	if p.Query == "" {
		p.Empty = page.Empty{Title: c.T("hotline.ask", nil), Text: c.T("hotline.ask.text", nil)}
		return c.Render("hotline/hotline", p)
	}
	asked, rows, err := d.Flow.Lookup(c.Context(), c.Actor(), p.Query)
	if fault.Is(err, fault.Invalid) {
		p.Empty = page.Empty{Title: c.T("hotline.short", nil), Text: c.T("hotline.ask.text", nil)}
		return c.Render("hotline/hotline", p)
	}
	if err != nil {
		return err
	}
	p.Asked = asked
	if len(rows) == 0 {
		p.Empty = page.Empty{Title: c.T("hotline.none", nil), Text: c.T("hotline.none.text", nil)}
	}
	if no == "" && len(rows) > 0 {
		no = rows[0].No
	}
	for _, row := range rows {
		p.Found = append(p.Found, found(c, p.Query, row, no))
	}
	if no != "" && len(rows) > 0 {
		if p.Answer, err = d.answer(c, no); err != nil {
			return err
		}
	}
	return c.Render("hotline/hotline", p)
}

func found(c *page.Ctx, query string, row board.OrderLine, chosen string) Found {
	return Found{
		No: row.No, Holder: row.Holder, Status: queue.Status(c, row), Chosen: row.No == chosen,
		URL: page.With("/hotline", nil, "q", query, "order", row.No),
	}
}

func (d Deps) answer(c *page.Ctx, no string) (*Answer, error) {
	caller, err := d.Flow.Caller(c.Context(), c.Actor(), no)
	if err != nil {
		return nil, err
	}
	o := caller.Order
	a := &Answer{
		No: o.No, Holder: o.Holder, Years: o.Years, Kind: o.Kind, Phone: o.Agent.Phone, Sentence: o.Gates.Sentence(),
		Strip: page.OrderGates(o.Gates).Strip(), Updated: page.Beijing(o.UpdatedAt).Format("01-02 15:04:05"),
		Status: queue.Status(c, board.OrderLine{Stage: o.Stage}),
	}
	for _, e := range caller.Events {
		a.Steps = append(a.Steps, page.EventStep(c, e))
	}
	return a, nil
}

// check compares the digits a caller said with the agent's ID number, on the server.
func (d Deps) check(c *page.Ctx) error {
	same, err := d.Flow.CheckCaller(c.Context(), c.Actor(), c.Param("no"), c.Form("last4"))
	if err != nil {
		return err
	}
	result := "no"
	if same {
		result = "yes"
	}
	return c.Redirect(page.With("/hotline", nil, "q", c.Form("q"), "order", c.Param("no"), "checked", result), "")
}
