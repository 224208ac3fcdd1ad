// Package queue is the review queue: what waits, what is mine, what comes due, and 领取下一单.
package queue

import (
	"embed"
	"net/url"
	"slices"
	"time"

	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/order"
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
	r.Templates("queue", files)
	r.Get("/queue", rbac.QueueView, d.list)
	r.Post("/queue/next", rbac.CaseClaim, d.next)
}

// Line is one order of the queue as the page shows it.
type Line struct {
	board.OrderLine
	Mine   bool
	Left   string // of the claim
	Status page.Status
	Due    page.Status // remaining time in words
	Tight  bool        // less than ten minutes left: the one filled tag in a list
}

// List is the page.
type List struct {
	Tab      board.QueueTab
	Tabs     []page.Tab
	Query    page.Query
	Lines    []Line
	Pager    page.Pager
	Empty    page.Empty
	MayClaim bool
}

func (d Deps) list(c *page.Ctx) error {
	f := board.QueueFilter{
		Tab: board.QueueTab(c.Query("tab")), No: c.Query("no"), Holder: c.Query("holder"),
		After: c.Query("after"), Limit: c.QueryInt("size", 20),
	}
	if !slices.Contains(board.QueueTabs, f.Tab) {
		f.Tab = board.TabOpen
	}
	rows, err := d.Board.Queue(c.Context(), c.Actor(), f)
	if err != nil {
		return err
	}
	counts, err := d.Board.QueueCounts(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	return c.Render("queue/queue", d.listPage(c, f, rows, counts))
}

func (d Deps) listPage(c *page.Ctx, f board.QueueFilter, rows board.Page[board.OrderLine], counts map[board.QueueTab]board.Count) List {
	values := url.Values{}
	for k, v := range map[string]string{"tab": string(f.Tab), "no": f.No, "holder": f.Holder} {
		if v != "" {
			values.Set(k, v)
		}
	}
	p := List{
		Tab: f.Tab, MayClaim: c.Actor().Can(rbac.CaseClaim),
		Query: page.Query{Action: "/queue", Hidden: map[string]string{"tab": string(f.Tab)}, Fields: []page.QueryField{
			{Name: "no", Label: c.T("queue.no", nil), Kind: "text", Value: f.No, Placeholder: c.T("queue.no.hint", nil)},
			{Name: "holder", Label: c.T("queue.holder", nil), Kind: "text", Value: f.Holder, Placeholder: c.T("queue.holder.hint", nil)},
		}},
		Empty: page.Empty{Title: c.T("queue.empty."+string(f.Tab), nil), Text: c.T("queue.empty."+string(f.Tab)+".text", nil)},
	}
	if n := counts[board.TabTransfer]; f.Tab == board.TabOpen && n.N > 0 {
		word := c.T("queue.see.transfer", map[string]any{"n": page.Count(n.N, n.More)})
		p.Empty.Links = []page.Link{{Word: word, URL: page.With("/queue", nil, "tab", string(board.TabTransfer))}}
	}
	for _, tab := range board.QueueTabs {
		n := counts[tab]
		p.Tabs = append(p.Tabs, page.Tab{
			Word: c.T("queue.tab."+string(tab), nil), URL: page.With("/queue", nil, "tab", string(tab)),
			Count: page.Count(n.N, n.More), Current: tab == f.Tab,
		})
	}
	for _, row := range rows.Rows {
		p.Lines = append(p.Lines, line(c, row))
	}
	n := counts[f.Tab]
	p.Pager = page.Pager{Shown: len(rows.Rows), Size: len(rows.Rows), Total: n.N, Capped: n.More}
	if rows.Next != "" {
		p.Pager.Next = page.With("/queue", values, "after", rows.Next)
	}
	if f.After != "" {
		p.Pager.Prev = page.With("/queue", values)
	} else {
		p.Pager.Page = 1
	}
	return p
}

// tight is when a deadline becomes the one filled tag in the list; near is when it takes the colour of attention.
const (
	tight = 10 * time.Minute
	near  = 30 * time.Minute
)

func line(c *page.Ctx, row board.OrderLine) Line {
	l := Line{OrderLine: row, Mine: row.ClaimStaff != nil && *row.ClaimStaff == c.Actor().ID, Status: Status(c, row)}
	if row.ClaimUntil != nil {
		l.Left = page.Span(c.Lang(), row.ClaimUntil.Sub(c.Now()))
	}
	if row.ReviewDueAt != nil && (row.Stage == order.StageReview || row.Stage == order.StageSecondReview) {
		left := row.ReviewDueAt.Sub(c.Now())
		l.Due = page.Status{Tone: page.NotYet, Word: page.Span(c.Lang(), left)}
		if left < near {
			l.Due.Tone = page.Warn
		}
		if left < 0 {
			l.Due = page.Status{Tone: page.Bad, Word: c.T("queue.overdue", map[string]any{"span": page.Span(c.Lang(), -left)})}
		}
		l.Tight = left < tight
	}
	return l
}

// Status says in glyph and word where an order of a list stands; a resubmission says so.
func Status(c *page.Ctx, row board.OrderLine) page.Status {
	s := page.Status{Tone: page.Progress, Word: c.T("stage."+string(row.Stage), nil)}
	switch row.Stage {
	case order.StageReturned:
		s.Tone = page.Back
	case order.StageDone:
		s.Tone = page.OK
	case order.StageClosed:
		s.Tone = page.Closed
	case order.StageReview:
		if row.Rounds > 0 {
			s = page.Status{Tone: page.Back, Word: c.T("queue.resent", nil)}
		}
	default: // the others have nothing of their own
	}
	return s
}

// next claims the order that must be decided first and opens it.
func (d Deps) next(c *page.Ctx) error {
	o, err := d.Flow.ClaimNext(c.Context(), c.Actor())
	if fault.HasKey(err, "queue_empty") {
		return c.Redirect("/queue", "queue_empty")
	}
	if err != nil {
		return err
	}
	return c.Redirect("/orders/"+o.No, "")
}
