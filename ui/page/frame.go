package page

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"caconsole/rbac"
)

// Page is what the frame shows and what components with forms need.
type Page struct {
	Lang    string
	Theme   string
	Env     Environment
	Me      Identity
	CSRF    string
	Path    string // of this page
	URL     string // with its query, for the preferences to come back to
	Menu    []MenuGroup
	Counts  Counts
	Flash   string
	Problem *problem // set while a refused form is shown again

	UkeyAgent string // where the script reaches the Ukey in the reader's PC, "" without an agent

	text func(key string, args map[string]any) string
}

// MenuGroup is a heading of the left menu (catalogue: "menu.<group>") and its lines.
type MenuGroup struct {
	Group string
	Items []MenuItem
}

// MenuItem is one line of the left menu.
type MenuItem struct {
	Word       string // catalogue: "menu.<word>"
	Path       string
	Permission string
	Icon       string
	Count      string
	Current    bool
}

// menu lists every screen that can be reached from the left menu, in the order of the groups. A line shows for those
// who may open it, once its page exists.
var menu = []MenuGroup{
	{"", []MenuItem{
		{Word: "home", Path: "/home", Permission: rbac.HomeView, Icon: "layout-dashboard"},
	}},
	{"review", []MenuItem{
		{Word: "queue", Path: "/queue", Permission: rbac.QueueView, Icon: "list-check"},
		{Word: "orders", Path: "/orders", Permission: rbac.OrderSearch, Icon: "clipboard-list"},
	}},
	{"money", []MenuItem{
		{Word: "statements", Path: "/statements", Permission: rbac.StatementView, Icon: "building-bank"},
		{Word: "matching", Path: "/matching", Permission: rbac.MatchingView, Icon: "cash-banknote"},
		{Word: "invoices", Path: "/invoices", Permission: rbac.InvoiceView, Icon: "receipt"},
		{Word: "refunds", Path: "/refunds", Permission: rbac.InvoiceView, Icon: "arrow-back-up"},
	}},
	{"certificates", []MenuItem{
		{Word: "issuance", Path: "/issuance", Permission: rbac.IssuanceView, Icon: "certificate"},
		{Word: "certificates", Path: "/certificates", Permission: rbac.CertificateView, Icon: "id"},
	}},
	{"service", []MenuItem{
		{Word: "hotline", Path: "/hotline", Permission: rbac.HotlineView, Icon: "headset"},
	}},
	{"governance", []MenuItem{
		{Word: "audit", Path: "/audit", Permission: rbac.AuditView, Icon: "shield-check"},
		{Word: "staff", Path: "/staff", Permission: rbac.StaffView, Icon: "user-cog"},
		{Word: "profiles", Path: "/profiles", Permission: rbac.ProfileView, Icon: "file-text"},
		{Word: "signer", Path: "/signer", Permission: rbac.SignerView, Icon: "lock"},
		{Word: "keys", Path: "/keys", Permission: rbac.RegistryView, Icon: "key"},
		{Word: "my_keys", Path: "/my-keys", Permission: rbac.KeyEnrol, Icon: "fingerprint"},
	}},
}

// Can reports whether the reader holds a permission. It hides what a reader may not do; the route refuses it anyway.
func (p *Page) Can(permission string) bool { return p.Me.Actor.Can(permission) }

// SearchOpen reports whether the search box of the top bar stands on this page.
func (p *Page) SearchOpen() bool { return p.Can(rbac.OrderSearch) }

// page gathers the frame. Counts and the menu are only asked for where the frame is drawn.
func (c *Ctx) page(framed bool) *Page {
	p := &Page{
		Lang: c.lang, Theme: c.theme, Env: c.router.deps.Env, Me: c.identity, CSRF: c.FormToken(),
		Path: c.f.Path(), URL: "/", text: c.T, UkeyAgent: c.router.deps.UkeyAgent,
	}
	if c.f.Method() == fiber.MethodGet {
		p.URL = c.f.OriginalURL()
	}
	if c.problem != nil {
		p.Problem = &problem{Sentence: c.sentence(c.problem), Count: len(c.problem.Fields), fields: c.problem.Fields}
	}
	if !c.Fragment() {
		p.Flash = c.takeFlash()
	}
	if framed {
		if c.router.deps.Counts != nil {
			p.Counts = c.router.deps.Counts(c.Context(), c.Actor())
		}
		p.Menu = c.menu(p.Counts.Menu)
	}
	return p
}

// menu keeps the lines the reader may open and marks the one this page belongs to.
func (c *Ctx) menu(counts map[string]int) []MenuGroup {
	var out []MenuGroup
	for _, g := range menu {
		var items []MenuItem
		for _, it := range g.Items {
			if !c.identity.Actor.Can(it.Permission) || !c.router.opens(it.Path) {
				continue
			}
			it.Current = c.f.Path() == it.Path || strings.HasPrefix(c.f.Path(), it.Path+"/")
			if n, ok := counts[it.Path]; ok {
				it.Count = number(n)
			}
			items = append(items, it)
		}
		if len(items) > 0 {
			out = append(out, MenuGroup{Group: g.Group, Items: items})
		}
	}
	return out
}
