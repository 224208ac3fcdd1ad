// Package issuance is the issuer's screen: what the reviewers approved, confirmed in batches by one signature.
package issuance

import (
	"embed"
	"slices"

	"caconsole/admin/board"
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
	r.Templates("issuance", files)
	r.Get("/issuance", rbac.IssuanceView, d.list)
	r.Get("/issuance/:no", rbac.IssuanceView, d.show)
	r.Post("/issuance/to-sign", rbac.IssuanceConfirm, d.toSign)
	r.Post("/issuance/confirm", rbac.IssuanceConfirm, d.confirm)
	manualRoutes(r, d)
}

// Line is one order as the page shows it.
type Line struct {
	board.IssueLine
	Why string // the last failure in words
}

// Page is the list.
type Page struct {
	Tab        board.IssueTab
	Tabs       []page.Tab
	Lines      []Line
	Pager      page.Pager
	Empty      page.Empty
	MayConfirm bool
	Max        int
}

func (d Deps) list(c *page.Ctx) error {
	p, err := d.page(c, board.IssueTab(c.Query("tab")))
	if err != nil {
		return err
	}
	return c.Render("issuance/list", p)
}

func (d Deps) page(c *page.Ctx, tab board.IssueTab) (Page, error) {
	if !slices.Contains(board.IssueTabs, tab) {
		tab = board.IssueOpen
	}
	rows, err := d.Board.Issues(c.Context(), c.Actor(), tab, c.Query("after"))
	if err != nil {
		return Page{}, err
	}
	counts, err := d.Board.IssueCounts(c.Context(), c.Actor())
	if err != nil {
		return Page{}, err
	}
	p := Page{
		Tab: tab, Max: flow.MaxBatch,
		MayConfirm: c.Actor().Can(rbac.IssuanceConfirm) && (tab == board.IssueOpen || tab == board.IssueFailed),
		Empty:      page.Empty{Title: c.T("issuance.empty."+string(tab), nil), Text: c.T("issuance.empty.text", nil)},
		Pager:      page.Pager{Shown: len(rows.Rows), Size: len(rows.Rows), Total: counts[tab].N, Capped: counts[tab].More},
	}
	for _, row := range rows.Rows {
		p.Lines = append(p.Lines, Line{row, c.T(row.Reason, nil)})
	}
	for _, t := range board.IssueTabs {
		if (t == board.IssueLate || t == board.IssueUnsettled) && counts[t].N == 0 && t != tab {
			continue // what must be empty has no tab while it is
		}
		p.Tabs = append(p.Tabs, page.Tab{
			Word: c.T("issuance.tab."+string(t), nil), URL: page.With("/issuance", nil, "tab", string(t)),
			Count: page.Count(counts[t].N, counts[t].More), Current: t == tab,
		})
	}
	if rows.Next != "" {
		p.Pager.Next = page.With("/issuance", nil, "tab", string(tab), "after", rows.Next)
	}
	if c.Query("after") != "" {
		p.Pager.Prev = page.With("/issuance", nil, "tab", string(tab))
	}
	return p, nil
}

// chosen is the form of a batch.
type chosen struct {
	Orders []string `form:"orders"`
	Tab    string   `form:"tab"`
}

// toSign answers what one confirmation of the chosen orders is signed over.
func (d Deps) toSign(c *page.Ctx) error {
	var form chosen
	if err := c.Bind(&form); err != nil {
		return err
	}
	t, err := d.Flow.ConfirmToSign(c.Context(), c.Actor(), form.Orders)
	if err != nil {
		return err
	}
	return c.ToSign(t)
}

// confirm signs the chosen orders together; all of them are handed to the signer or none.
func (d Deps) confirm(c *page.Ctx) error {
	var form chosen
	if err := c.Bind(&form); err != nil {
		return err
	}
	if err := d.confirmSigned(c, form.Orders); err != nil {
		p, readErr := d.page(c, board.IssueTab(form.Tab))
		if readErr != nil {
			return err
		}
		return c.Refuse(err, "issuance/list", p)
	}
	return c.Redirect("/issuance", "issuance.confirmed", map[string]any{"n": len(form.Orders)})
}

func (d Deps) confirmSigned(c *page.Ctx, orders []string) error {
	sig, err := c.Signature()
	if err != nil {
		if _, refused := d.Flow.ConfirmToSign(c.Context(), c.Actor(), orders); refused != nil {
			return refused
		}
		return err
	}
	return d.Flow.ConfirmIssue(c.Context(), c.Actor(), orders, sig)
}
