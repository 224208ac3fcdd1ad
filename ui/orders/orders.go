// Package orders is the order list and the case screen: papers left, comparison right, the verdict at the foot.
package orders

import (
	"embed"
	"net/url"
	"strings"

	"caconsole/admin/board"
	"caconsole/admin/flow"
	"caconsole/admin/order"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/queue"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Deps are what the area works with.
type Deps struct {
	Flow  *flow.Flow
	Board *board.Board
}

// Routes adds the area.
func Routes(r *page.Router, d Deps) {
	r.Templates("orders", files)
	r.Get("/orders", rbac.OrderSearch, d.list)
	r.Get("/orders/:no", rbac.CaseView, d.show)
	r.Post("/orders/:no/claim", rbac.CaseClaim, d.claim)
	r.Post("/orders/:no/release", rbac.CaseClaim, d.release)
	r.Post("/orders/:no/draft", rbac.CaseDecide, d.draft)
	r.Post("/orders/:no/approve/to-sign", rbac.CaseDecide, d.approveToSign)
	r.Post("/orders/:no/approve", rbac.CaseDecide, d.approve)
	r.Post("/orders/:no/return", rbac.CaseDecide, d.sendBack)
	r.Post("/orders/:no/reject", rbac.CaseDecide, d.reject)
	r.Post("/orders/:no/reveal", rbac.CaseReveal, d.reveal)
	r.Post("/orders/:no/unblock", rbac.OrderUnblock, d.unblock)
	r.Post("/orders/:no/refund", rbac.OrderRefund, d.refund)
	r.Get("/orders/:no/papers/:id/:page", rbac.DocumentView, d.paper)
	r.Get("/orders/:no/faces/:id/:which", rbac.IdentityView, d.face)
}

// ListLine is one order of the list.
type ListLine struct {
	board.OrderLine
	Status page.Status
}

// ListPage is the order list.
type ListPage struct {
	Query page.Query
	Lines []ListLine
	Pager page.Pager
	Empty page.Empty
}

// list searches orders; an order number typed whole opens it, which is what the search box of the top bar is for.
func (d Deps) list(c *page.Ctx) error {
	f := board.OrderFilter{
		No: c.Query("no"), Holder: c.Query("holder"), Stage: order.Stage(c.Query("stage")),
		After: c.Query("after"), Limit: c.QueryInt("size", 20),
	}
	if q := c.Query("q"); q != "" {
		if no := strings.ToUpper(q); order.ValidNo(no) && c.Actor().Can(rbac.CaseView) {
			return c.Redirect("/orders/"+no, "")
		}
		f.Holder = q
	}
	rows, err := d.Board.Orders(c.Context(), c.Actor(), f)
	if err != nil {
		return err
	}
	values := url.Values{}
	for k, v := range map[string]string{"no": f.No, "holder": f.Holder, "stage": string(f.Stage)} {
		if v != "" {
			values.Set(k, v)
		}
	}
	p := ListPage{Query: listQuery(c, f), Empty: page.Empty{Title: c.T("orders.empty", nil), Text: c.T("orders.empty.text", nil)}}
	for _, row := range rows.Rows {
		p.Lines = append(p.Lines, ListLine{row, queue.Status(c, row)})
	}
	p.Pager = page.Pager{Shown: len(p.Lines), Size: len(p.Lines), Total: len(p.Lines), Capped: rows.Next != ""}
	if rows.Next != "" {
		p.Pager.Next = page.With("/orders", values, "after", rows.Next)
	}
	if f.After != "" {
		p.Pager.Prev = page.With("/orders", values)
	}
	return c.Render("orders/list", p)
}

func listQuery(c *page.Ctx, f board.OrderFilter) page.Query {
	stages := make([]page.Choice, 0, len(order.AllStages))
	for _, s := range order.AllStages {
		stages = append(stages, page.Choice{Value: string(s), Word: c.T("stage."+string(s), nil)})
	}
	return page.Query{Action: "/orders", Fields: []page.QueryField{
		{Name: "no", Label: c.T("orders.no", nil), Kind: "text", Value: f.No, Placeholder: c.T("orders.no.hint", nil)},
		{Name: "holder", Label: c.T("orders.holder", nil), Kind: "text", Value: f.Holder, Placeholder: c.T("orders.holder.hint", nil)},
		{Name: "stage", Label: c.T("orders.stage", nil), Kind: "select", Value: string(f.Stage), Options: stages},
	}}
}
