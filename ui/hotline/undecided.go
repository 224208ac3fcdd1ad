package hotline

import (
	"caconsole/admin/flow"
	"caconsole/admin/order"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// Overdue is a renewal nobody fetches, before the lead who decides what becomes of it.
type Overdue struct {
	No, Holder string
	Days       int
	Called     bool
	Extend     int    // days that more time gives
	Revoke     string // where its new pair is revoked; "" where there is none yet, or for whoever may not
}

// OverduePage is the list.
type OverduePage struct {
	Rows   []Overdue
	No     string // of the row whose form was refused
	Reason string // what was written in it
	Choice order.Decision
	Empty  page.Empty
}

func (d Deps) overdue(c *page.Ctx) error {
	p, err := d.overduePage(c)
	if err != nil {
		return err
	}
	return c.Render("hotline/undecided", p)
}

func (d Deps) overduePage(c *page.Ctx) (OverduePage, error) {
	rows, err := d.Flow.Undecided(c.Context(), c.Actor())
	p := OverduePage{Empty: page.Empty{Title: c.T("hotline.overdue.none", nil), Text: c.T("hotline.overdue.none.text", nil)}}
	for _, r := range rows {
		p.Rows = append(p.Rows, overdueRow(c, r))
	}
	return p, err
}

func overdueRow(c *page.Ctx, r flow.Undecided) Overdue {
	out := Overdue{No: r.No, Holder: r.Holder, Days: r.Days, Called: r.Called, Extend: r.Extend}
	if r.NewSerial != "" && c.Actor().Can(rbac.CertificateRevoke) {
		out.Revoke = "/certificates/" + r.NewSerial + "/revoke"
	}
	return out
}

// decide takes a lead's decision; refused, the page keeps what was written.
func (d Deps) decide(c *page.Ctx) error {
	no, choice, reason := c.Param("no"), order.Decision(c.Form("decision")), c.Form("reason")
	err := d.Flow.DecideUpdate(c.Context(), c.Actor(), no, choice, reason)
	if err == nil {
		return c.Redirect("/updates", "hotline.overdue.decided")
	}
	p, failed := d.overduePage(c)
	if failed != nil {
		return failed
	}
	p.No, p.Choice, p.Reason = no, choice, reason
	return c.Refuse(err, "hotline/undecided", p)
}
