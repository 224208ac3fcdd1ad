package ui_test

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"caconsole/admin/board"
	"caconsole/admin/review"
	"caconsole/rbac"
	"caconsole/ui/orders"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// desktop answers for the reviewer's server and keeps what was sent.
type desktop struct {
	mu    sync.Mutex
	draft url.Values
	acts  map[string]url.Values // the last form of each act
}

func (d *desktop) form(c *page.Ctx) url.Values {
	form, err := url.ParseQuery(string(c.Fiber().Body()))
	if err != nil {
		return nil
	}
	return form
}

// shown is the case with the draft in it.
func (d *desktop) shown(c *page.Ctx) orders.CasePage {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := wordsOf(c)
	p := casePage(w)
	p.Checks, p.Missing, p.Ticked = nil, nil, 0
	for _, name := range review.Checks {
		ticked := slices.Contains(d.draft["checks"], string(name))
		if ticked {
			p.Ticked++
		} else {
			p.Missing = append(p.Missing, name)
		}
		p.Checks = append(p.Checks, orders.Check{Name: name, Where: "form", Ticked: ticked, First: !ticked && len(p.Missing) == 1})
	}
	p.Verdict.Reasons, p.Verdict.Note = reasons(d.draft["items"]...), d.draft.Get("note")
	if len(d.draft["items"]) > 0 {
		p.Verdict.Written = "申请表：公章不清晰"
	}
	if c.Query("paper") == licenceID.String() {
		show(w, &p, licenceID, false)
	}
	return p
}

func (d *desktop) act(to string) page.Handler {
	return func(c *page.Ctx) error {
		d.mu.Lock()
		d.acts[c.Param("act")] = d.form(c)
		d.mu.Unlock()
		return c.Redirect(to, "")
	}
}

func (d *desktop) sent(act string) url.Values {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.acts[act]
}

func (d *desktop) open(tb testing.TB) *pagetest.Site {
	tb.Helper()
	return pagetest.New(tb, rbac.All(), func(r *page.Router) {
		r.Templates("queue", folder("queue"))
		r.Templates("orders", folder("orders"))
		r.Public("GET", "/enter", func(c *page.Ctx) error { c.StartSession("pagetest", time.Hour); return c.Redirect("/queue", "") })
		r.Get("/queue", page.LoggedIn, func(c *page.Ctx) error {
			lines := queueLines(wordsOf(c))
			return c.Render("queue/queue", queueList(wordsOf(c), board.TabOpen, lines))
		})
		r.Get("/orders/:no", page.LoggedIn, func(c *page.Ctx) error {
			p := d.shown(c)
			if c.Query("free") != "" {
				p.Verdict, p.Claim = nil, orders.Claim{MayClaim: true}
			}
			return c.Render("orders/case", p)
		})
		r.Post("/orders/:no/draft", page.LoggedIn, func(c *page.Ctx) error {
			d.mu.Lock()
			d.draft = d.form(c)
			d.mu.Unlock()
			return c.Render("orders/case", d.shown(c))
		})
		r.Post("/orders/:no/:act", page.LoggedIn, d.act("/queue"))
		drawnPapers(r)
	})
}

func (b *browser) keys(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.do(chromedp.KeyEvent(k))
	}
}

// clear empties the field that has the focus. The driver sends a character apart from its key, so on a busy machine the
// letter that opened a dialog lands in it, which no browser lets happen.
func (b *browser) clear() {
	b.t.Helper()
	js[bool](b, `document.activeElement.value = ""; true`)
}

// TestCaseByKeys decides cases with the keyboard alone.
func TestCaseByKeys(t *testing.T) {
	d := &desktop{acts: map[string]url.Values{}}
	b := openBrowser(t, d.open(t))
	b.until(`location.pathname === "/queue" && document.readyState === "complete"`)

	b.keys("j", "j", "k", "j", kb.Enter)
	b.until(`location.pathname.startsWith("/orders/R") && document.readyState === "complete"`)
	b.keys(kb.Escape)
	b.until(`location.pathname === "/queue" && document.readyState === "complete"`)

	b.see("/orders/" + caseNo)
	js[bool](b, `window.stayed = true; window.violations = []; addEventListener("securitypolicyviolation", e => violations.push(e.violatedDirective)); true`)
	b.keys("a")
	require.Nil(t, d.sent("approve"), "nothing is approved before the checklist is done")

	b.keys(" ", kb.Tab, " ", kb.Tab, " ")
	b.until(`document.querySelector("#ticked").textContent.startsWith("3 / 6")`)
	b.keys("2")
	b.until(`document.querySelector("#papers [aria-current=page]").textContent.includes("营业执照") && location.search.includes("paper=")`)
	require.True(t, js[bool](b, `window.stayed && document.querySelectorAll("input[name=checks]:checked").length === 3`), "the ticks stay while papers are turned")
	b.keys(kb.Tab, " ", kb.Tab, " ", kb.Tab, " ")
	b.until(`document.querySelector("#say").textContent.includes("6 项检查已完成") && !document.querySelector("[data-needs]").disabled`)

	b.keys("b")
	b.until(`location.hash === "#return" && document.activeElement.value === "application_form:stamp_unclear"`)
	b.keys(" ")
	b.until(`document.querySelector("#written").textContent.includes("公章不清晰")`)
	b.keys("a", "x")
	require.Nil(t, d.sent("approve"), "a letter of the bar does nothing while the drawer stands in its place")
	b.keys(kb.Escape)
	b.until(`!location.hash && document.activeElement.getAttribute("href") === "#return" && document.querySelector("input[value='application_form:stamp_unclear']").checked`)

	b.keys("n")
	b.until(`document.activeElement.id === "note-text"`)
	b.clear()
	b.keys("a", "b", kb.Escape)
	b.until(`!location.hash && document.querySelector("#note-text").value === "ab"`)
	require.Eventually(t, func() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.draft.Get("note") == "ab" }, 5*time.Second, 20*time.Millisecond, "the note is kept when the drawer closes")

	b.until(`violations.length === 0`)
	b.keys("a")
	b.until(`location.pathname === "/queue" && document.readyState === "complete"`)
	form := d.sent("approve")
	require.Len(t, form["checks"], 6)
	require.Equal(t, "7", form.Get("version"))
	require.Len(t, form.Get("digest"), 64)
	require.Nil(t, d.sent("return"))

	b.see("/orders/" + caseNo)
	b.keys("x")
	b.until(`document.activeElement.id === "reject-text"`)
	b.clear()
	b.keys("n", "o", kb.Tab)
	b.keys(strings.Split(caseNo[9:], "")...)
	b.keys(kb.Enter)
	b.until(`location.pathname === "/queue" && document.readyState === "complete"`)
	require.Equal(t, "no", d.sent("reject").Get("reject_text"))
	require.Equal(t, caseNo[9:], d.sent("reject").Get("typed"))
	require.Nil(t, d.sent("return"), "Enter in the dialog presses the dialog's own button")

	b.see("/orders/" + caseNo + "?free=1")
	b.keys("g")
	b.until(`location.pathname === "/queue" && document.readyState === "complete"`)
	require.NotNil(t, d.sent("claim"))
}
