// Package matching is finance's workbench: credits that no rule could match at the left, the orders they may be meant
// for with the reasons in the middle, the order's voucher beside them. What was matched by itself never waits here; it
// can be looked up on its own tab.
package matching

import (
	"embed"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/rbac"
	"caconsole/ui/page"
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
	r.Templates("matching", files)
	r.Get("/matching", rbac.MatchingView, d.bench)
	r.Post("/matching/allocations", rbac.MatchingAllocate, d.allocate)
	r.Get("/matching/vouchers/:id/:page", rbac.MatchingView, d.voucher)
}

// Bench is the page.
type Bench struct {
	Tab     board.MatchTab
	ToMatch bool // the tab 待确认: panes to work in; the others are lists
	Tabs    []page.Tab
	Text    string
	Credits []Credit
	Count   string
	Pager   page.Pager
	Empty   page.Empty
	Work    Work // of the selected credit, on the tab 待确认
}

// Credit is one credit of the list.
type Credit struct {
	board.Credit
	URL      string
	Selected bool
	Mark     string // what is special about it, in a word: 个人, 退汇
	Account  string // the end of our account
}

// place is where on the bench a request is; all of it stands in the URL.
type place struct {
	tab   board.MatchTab
	text  string
	after string
	line  uuid.UUID
	order string
}

func where(c *page.Ctx) place {
	p := place{tab: board.MatchTab(c.Query("tab")), text: c.Query("q"), after: c.Query("after"), order: c.Query("order")}
	if p.tab != board.TabAuto && p.tab != board.TabByHand {
		p.tab = board.TabToConfirm
	}
	p.line, _ = uuid.Parse(c.Query("line")) // no line is selected then
	return p
}

// url leads to a place of the bench.
func (p place) url() string {
	values := url.Values{}
	for k, v := range map[string]string{"tab": string(p.tab), "q": p.text, "after": p.after, "order": p.order} {
		if v != "" && v != string(board.TabToConfirm) {
			values.Set(k, v)
		}
	}
	if p.line != uuid.Nil {
		values.Set("line", p.line.String())
	}
	return page.With("/matching", values)
}

func (p place) at(line uuid.UUID, order string) string {
	p.line, p.order = line, order
	return p.url()
}

func (d Deps) bench(c *page.Ctx) error {
	b, err := d.benchPage(c, where(c))
	if err != nil {
		return err
	}
	return c.Render("matching/bench", b)
}

func (d Deps) benchPage(c *page.Ctx, p place) (Bench, error) {
	counts, err := d.Board.MatchCounts(c.Context(), c.Actor())
	if err != nil {
		return Bench{}, err
	}
	rows, err := d.Board.Credits(c.Context(), c.Actor(), board.MatchFilter{Tab: p.tab, Text: p.text, After: p.after, Limit: 50})
	if err != nil {
		return Bench{}, err
	}
	n := counts[p.tab]
	b := Bench{
		Tab: p.tab, ToMatch: p.tab == board.TabToConfirm, Text: p.text, Count: page.Count(n.N, n.More),
		Empty: page.Empty{Title: c.T("matching.empty."+string(p.tab), nil), Text: c.T("matching.empty.text", nil)},
		Pager: page.Pager{Shown: len(rows.Rows), Size: len(rows.Rows), Total: n.N, Capped: n.More},
	}
	if rows.Next != "" {
		b.Pager.Next = place{tab: p.tab, text: p.text, after: rows.Next}.url()
	}
	if p.after != "" {
		b.Pager.Prev = place{tab: p.tab, text: p.text}.url()
	}
	for _, tab := range board.MatchTabs {
		n := counts[tab]
		b.Tabs = append(b.Tabs, page.Tab{
			Word: c.T("matching.tab."+string(tab), nil), URL: place{tab: tab}.url(), Count: page.Count(n.N, n.More), Current: tab == p.tab,
		})
	}
	if p.line == uuid.Nil && p.tab == board.TabToConfirm && len(rows.Rows) > 0 {
		p.line = rows.Rows[0].ID
	}
	for _, row := range rows.Rows {
		cr := credit(c, row)
		cr.URL, cr.Selected = p.at(row.ID, ""), row.ID == p.line
		b.Credits = append(b.Credits, cr)
		if cr.Selected && p.tab == board.TabToConfirm {
			if b.Work, err = d.work(c, p, cr); err != nil {
				return Bench{}, err
			}
		}
	}
	return b, nil
}

func credit(c *page.Ctx, row board.Credit) Credit {
	cr := Credit{Credit: row, Account: tail(row.AccountNo)}
	switch {
	case row.Kind == "return":
		cr.Mark = c.T("matching.mark.return", nil)
	case row.Person:
		cr.Mark = c.T("matching.mark.person", nil)
	case row.AllocatedFen > 0:
		cr.Mark = c.T("matching.mark.part", nil)
	}
	return cr
}

type allocation struct {
	Line string `form:"line" validate:"required,uuid"`
	No   string `form:"no" validate:"required,max=20"`
}

// allocate gives the selected credit to the chosen order and goes on to the next credit.
func (d Deps) allocate(c *page.Ctx) error {
	var f allocation
	if err := c.Bind(&f); err != nil {
		return err
	}
	line, err := uuid.Parse(f.Line)
	if err != nil {
		return fault.InvalidField("line", "field_wrong")
	}
	done, err := d.Flow.AllocateByHand(c.Context(), c.Actor(), line, f.No)
	if err != nil {
		b, perr := d.benchPage(c, place{tab: board.TabToConfirm, line: line, order: f.No})
		if perr != nil {
			return err
		}
		return c.Refuse(err, "matching/bench", b)
	}
	args := map[string]any{"no": done.No, "amount": done.Amount, "gap": done.Gap}
	if done.Settled {
		return c.Redirect("/matching", "matching.settled", args)
	}
	return c.Redirect("/matching", "matching.part", args)
}

// voucher sends one page of an order's voucher.
func (d Deps) voucher(c *page.Ctx) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return fault.New(fault.NotFound, "not_found", nil)
	}
	n, err := strconv.Atoi(c.Param("page"))
	if err != nil {
		return fault.New(fault.NotFound, "not_found", nil)
	}
	img, err := d.Flow.ViewVoucher(c.Context(), c.Actor(), id, n, c.Me().Name+" "+c.Me().No)
	if err != nil {
		return err
	}
	return c.Bytes("image/jpeg", "", img.Body)
}

// tail shows the end of one of our own account numbers.
func tail(no string) string {
	if len(no) < 4 {
		return no
	}
	return "*" + no[len(no)-4:]
}
