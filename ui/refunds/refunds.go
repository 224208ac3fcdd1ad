// Package refunds is finance's screen of money that goes back: invoices to be red-lettered (红冲) before it, refunds by the
// way the money came, money in suspense, and orders whose time is up while something came for them.
package refunds

import (
	"embed"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/money"
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

// Routes adds the area. Who may have invoices sent again works on their red letters; who may allocate money sends it back.
func Routes(r *page.Router, d Deps) {
	r.Templates("refunds", files)
	r.Get("/refunds", rbac.InvoiceView, d.list)
	r.Get("/refunds/red/:id/file", rbac.InvoiceView, d.file)
	r.Post("/refunds/red/:id/retry", rbac.InvoiceResend, d.retryRed)
	r.Post("/refunds/red/:id/record", rbac.InvoiceResend, d.recordRed)
	r.Post("/refunds/:id/retry", rbac.MatchingAllocate, d.retry)
	r.Post("/refunds/suspense/:id/return", rbac.MatchingAllocate, d.giveBack)
}

// Tab is one list of the screen.
type Tab string

// The tabs.
const (
	RedBlocked Tab = "red_task"
	RedOpen    Tab = "red_open"
	RedDone    Tab = "red_done"
	ToRefund   Tab = "refund_task"
	Refunding  Tab = "refund_open"
	Refunded   Tab = "refund_done"
	Suspense   Tab = "suspense"
	Overdue    Tab = "overdue"
)

// Tabs lists the tabs in display order: first what waits for a person.
var Tabs = []Tab{RedBlocked, ToRefund, Suspense, Overdue, RedOpen, Refunding, RedDone, Refunded}

// Line is one row of whatever list is shown, and what the panel beside it says.
type Line struct {
	ID      uuid.UUID
	OrderNo string
	Name    string // the unit, or the invoice's buyer
	Amount  money.Fen
	Method  string // of payment; "" for a red letter
	Status  page.Status
	Cause   string // why it is as it is, in words
	URL     string
	Chosen  bool
	Facts   []Fact
	File    string // address of the red invoice's file; "" where there is none
	Act     string // what the reader may do: "red" (try again, or record by hand), "refund", "suspense", or nothing
}

// Fact is one line of the panel.
type Fact struct {
	Label, Value string
	Mono         bool
}

// Paid tells whether the tab's lines are money that came in some way, rather than invoices.
func (p Page) Paid() bool { return p.Tab != RedBlocked && p.Tab != RedOpen && p.Tab != RedDone }

// Page is the screen.
type Page struct {
	Tab    Tab
	Tabs   []page.Tab
	Query  page.Query
	Lines  []Line
	Pager  page.Pager
	Empty  page.Empty
	Chosen *Line
	Wrong  string // the red number that was refused, as it was typed
}

func (d Deps) list(c *page.Ctx) error {
	p, err := d.page(c, Tab(c.Query("tab")), c.Query("id"))
	if err != nil {
		return err
	}
	return c.Render("refunds/list", p)
}

func (d Deps) page(c *page.Ctx, tab Tab, chosen string) (Page, error) {
	if !slices.Contains(Tabs, tab) {
		tab = Tabs[0]
	}
	counts, err := d.counts(c)
	if err != nil {
		return Page{}, err
	}
	no, after := c.Query("no"), c.Query("after")
	lines, next, err := d.lines(c, tab, no, after)
	if err != nil {
		return Page{}, err
	}
	p := Page{
		Tab: tab, Lines: lines, Empty: page.Empty{Title: c.T("refunds.empty."+string(tab), nil), Text: c.T("refunds.empty.text", nil)},
		Query: page.Query{Action: "/refunds", Hidden: map[string]string{"tab": string(tab)}, Fields: []page.QueryField{
			{Name: "no", Label: c.T("refunds.no", nil), Kind: "text", Value: no},
		}},
	}
	for _, t := range Tabs {
		p.Tabs = append(p.Tabs, page.Tab{
			Word: c.T("refunds.tab."+string(t), nil), URL: page.With("/refunds", nil, "tab", string(t)),
			Count: page.Count(counts[t].N, counts[t].More), Current: t == tab,
		})
	}
	values := url.Values{"tab": {string(tab)}}
	if no != "" {
		values.Set("no", no)
	}
	for i := range p.Lines {
		l := &p.Lines[i]
		l.URL = page.With("/refunds", values, "id", l.ID.String())
		if l.Chosen = l.ID.String() == chosen || chosen == "" && i == 0; l.Chosen {
			p.Chosen = l
		}
	}
	p.Pager = page.Pager{Shown: len(lines), Size: len(lines), Total: counts[tab].N, Capped: counts[tab].More}
	if next != "" {
		p.Pager.Next = page.With("/refunds", values, "after", next)
	}
	if after != "" {
		p.Pager.Prev = page.With("/refunds", values)
	}
	return p, nil
}

// counts counts every tab.
func (d Deps) counts(c *page.Ctx) (map[Tab]board.Count, error) {
	reds, err := d.Board.RedCounts(c.Context(), c.Actor())
	if err != nil {
		return nil, err
	}
	refunds, err := d.Board.RefundCounts(c.Context(), c.Actor())
	if err != nil {
		return nil, err
	}
	suspense, err := d.Board.SuspenseCounts(c.Context(), c.Actor())
	if err != nil {
		return nil, err
	}
	overdue, err := d.Board.OverdueCount(c.Context(), c.Actor())
	return map[Tab]board.Count{
		RedBlocked: reds[board.RedTask], RedOpen: reds[board.RedOpen], RedDone: reds[board.RedDone],
		ToRefund: refunds[board.RefundTask], Refunding: refunds[board.RefundOpen], Refunded: refunds[board.RefundDone],
		Suspense: suspense[board.SuspenseOpen], Overdue: overdue,
	}, err
}

// target reads the id of what is acted on.
func target(c *page.Ctx, unknown string) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return uuid.Nil, fault.New(fault.NotFound, unknown, nil)
	}
	return id, nil
}

// file sends the red invoice's PDF; the view is on record.
func (d Deps) file(c *page.Ctx) error {
	id, err := target(c, "red_letter_unknown")
	if err != nil {
		return err
	}
	red, pdf, err := d.Flow.RedLetterFile(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return c.Bytes("application/pdf", red.Number+".pdf", pdf)
}

func (d Deps) retryRed(c *page.Ctx) error {
	id, err := target(c, "red_letter_unknown")
	if err != nil {
		return err
	}
	if err := d.Flow.RetryRedLetter(c.Context(), c.Actor(), id); err != nil {
		return err
	}
	return c.Redirect(page.With("/refunds", nil, "tab", string(RedOpen), "id", id.String()), "refunds.red_retried")
}

// recordRed takes the number of a red invoice made at the tax bureau; one that cannot be a number is said where it stands.
func (d Deps) recordRed(c *page.Ctx) error {
	id, err := target(c, "red_letter_unknown")
	if err != nil {
		return err
	}
	err = d.Flow.RecordRedLetter(c.Context(), c.Actor(), id, c.Form("number"))
	if fault.Is(err, fault.Invalid) {
		p, pageErr := d.page(c, RedBlocked, id.String())
		if pageErr != nil {
			return pageErr
		}
		p.Wrong = c.Form("number")
		return c.Refuse(err, "refunds/list", p)
	}
	if err != nil {
		return err
	}
	return c.Redirect(page.With("/refunds", nil, "tab", string(RedDone), "id", id.String()), "refunds.red_recorded")
}

func (d Deps) retry(c *page.Ctx) error {
	id, err := target(c, "not_found")
	if err != nil {
		return err
	}
	if err := d.Flow.RetryRefund(c.Context(), c.Actor(), id); err != nil {
		return err
	}
	return c.Redirect(page.With("/refunds", nil, "tab", string(Refunding), "id", id.String()), "refunds.retried")
}

func (d Deps) giveBack(c *page.Ctx) error {
	id, err := target(c, "not_found")
	if err != nil {
		return err
	}
	if err := d.Flow.ReturnSuspense(c.Context(), c.Actor(), id); err != nil {
		return err
	}
	return c.Redirect(page.With("/refunds", nil, "tab", string(Refunding)), "refunds.returned")
}
