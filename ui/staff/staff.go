// Package staff is the list of the people behind the console: roles, state, last log-in, live sessions; suspending an
// account and ending its sessions.
package staff

import (
	"context"
	"embed"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/staff"
	"caconsole/rbac"
	"caconsole/ui/page"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Accounts keeps the staff; package admin/staff does.
type Accounts interface {
	List(ctx context.Context) ([]staff.Line, error)
	SetState(ctx context.Context, a actor.Actor, id uuid.UUID, state string) error
	RevokeAll(ctx context.Context, a actor.Actor, id uuid.UUID) (sessions int, err error)
}

// Deps are what the area works with.
type Deps struct {
	Accounts Accounts
}

// Routes adds the area.
func Routes(r *page.Router, d Deps) {
	r.Templates("staff", files)
	r.Get("/staff", rbac.StaffView, d.list)
	r.Post("/staff/:id/state", rbac.StaffManage, d.setState)
	r.Post("/staff/:id/revocations", rbac.StaffManage, d.revoke)
}

// Row is one person as the list shows them.
type Row struct {
	staff.Line
	RoleWords []string
	Status    page.Status
	Duty      page.Status
	Self      bool // nobody suspends themselves
}

// Screen is the page.
type Screen struct {
	Tabs      []page.Tab
	Query     page.Query
	Rows      []Row
	Empty     page.Empty
	Manage    bool
	Rules     []string // catalogue "staff.rule.<key>"
	Conflicts []string // people whose roles exclude each other
	Total     int
}

// rules are stated beside the list; rbac.CheckRoles holds those of roles, order.Duty those of one order.
var rules = []string{"officers", "business", "order", "issue", "second"}

func (d Deps) list(c *page.Ctx) error {
	lines, err := d.Accounts.List(c.Context())
	if err != nil {
		return err
	}
	s := Screen{Manage: c.Actor().Can(rbac.StaffManage), Rules: rules, Total: len(lines), Query: query(c)}
	s.Tabs = tabs(c, lines)
	for _, l := range lines {
		if rbac.CheckRoles(l.Roles) != nil {
			s.Conflicts = append(s.Conflicts, l.Name+" "+l.No)
		}
		if matches(c, l) {
			s.Rows = append(s.Rows, row(c, l))
		}
	}
	s.Empty = page.Empty{
		Title: c.T("staff.none", nil), Text: c.T("staff.none.text", nil),
		Links: []page.Link{{Word: c.T("staff.all", nil), URL: "/staff"}},
	}
	return c.Render("staff/staff", s)
}

// matches applies the query. The list is a few hundred people at most, so it is filtered here.
func matches(c *page.Ctx, l staff.Line) bool {
	switch c.Query("tab") {
	case "suspended":
		if l.State != staff.Suspended {
			return false
		}
	case "sessions":
		if l.Sessions == 0 {
			return false
		}
	}
	if role := c.Query("role"); role != "" && !slices.Contains(l.Roles, role) {
		return false
	}
	who := strings.ToLower(c.Query("who"))
	return strings.Contains(strings.ToLower(l.Name+" "+l.Login+" "+l.No), who)
}

func row(c *page.Ctx, l staff.Line) Row {
	r := Row{Line: l, Self: l.ID == c.Actor().ID}
	for _, role := range l.Roles {
		r.RoleWords = append(r.RoleWords, c.T("role."+role, nil))
	}
	r.Status = page.Status{Tone: page.OK, Word: c.T("staff.state.active", nil)}
	if l.State == staff.Suspended {
		r.Status = page.Status{Tone: page.Closed, Word: c.T("staff.state.suspended", nil)}
	}
	r.Duty = page.Status{Tone: page.NotYet, Word: c.T("staff.duty.off", nil)}
	if l.OnDuty && l.State == staff.Active {
		r.Duty = page.Status{Tone: page.OK, Word: c.T("staff.duty.on", nil)}
	}
	return r
}

func tabs(c *page.Ctx, lines []staff.Line) []page.Tab {
	var suspended, online int
	for _, l := range lines {
		if l.State == staff.Suspended {
			suspended++
		}
		if l.Sessions > 0 {
			online++
		}
	}
	now := c.Query("tab")
	return []page.Tab{
		{Word: c.T("staff.tab.all", nil), URL: "/staff", Count: page.Count(len(lines), false), Current: now == ""},
		{Word: c.T("staff.tab.sessions", nil), URL: "/staff?tab=sessions", Count: page.Count(online, false), Current: now == "sessions"},
		{Word: c.T("staff.tab.suspended", nil), URL: "/staff?tab=suspended", Count: page.Count(suspended, false), Current: now == "suspended"},
	}
}

func query(c *page.Ctx) page.Query {
	roles := make([]page.Choice, 0, len(rbac.Roles()))
	for _, r := range rbac.Roles() {
		roles = append(roles, page.Choice{Value: r, Word: c.T("role."+r, nil)})
	}
	q := page.Query{Action: "/staff", Fields: []page.QueryField{
		{Name: "who", Label: c.T("staff.who", nil), Kind: "text", Value: c.Query("who"), Placeholder: c.T("staff.who.hint", nil)},
		{Name: "role", Label: c.T("staff.role", nil), Kind: "select", Value: c.Query("role"), Options: roles},
	}}
	if tab := c.Query("tab"); tab != "" {
		q.Hidden = map[string]string{"tab": tab}
	}
	return q
}

type change struct {
	State string `form:"state" validate:"required,oneof=active suspended"`
	Back  string `form:"back"`
}

func (d Deps) setState(c *page.Ctx) error {
	id, err := member(c)
	if err != nil {
		return err
	}
	var in change
	if err := c.Bind(&in); err != nil {
		return err
	}
	if err := d.Accounts.SetState(c.Context(), c.Actor(), id, in.State); err != nil {
		return err
	}
	return c.Redirect(back(in.Back), "staff.done."+in.State)
}

func (d Deps) revoke(c *page.Ctx) error {
	id, err := member(c)
	if err != nil {
		return err
	}
	n, err := d.Accounts.RevokeAll(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return c.Redirect(back(c.Form("back")), "staff.done.revoked", map[string]any{"count": n})
}

func member(c *page.Ctx) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return uuid.Nil, fault.New(fault.NotFound, "staff_unknown", nil)
	}
	return id, nil
}

// back keeps the reader's query over an act.
func back(to string) string {
	u, err := url.Parse(page.LocalPath(to))
	if err != nil || u.Path != "/staff" {
		return "/staff"
	}
	return u.String()
}
