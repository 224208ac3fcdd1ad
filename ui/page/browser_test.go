package page_test

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// liveFiles is a page with everything app.js and htmx have to do with.
var liveFiles = fstest.MapFS{
	"list.html": {Data: []byte(`{{define "title"}}x{{end}}
{{define "content"}}
<div id="rows">{{template "rows" .}}</div>
<button id="more" hx-get="/live?name=swapped" hx-target="#rows">more</button>
<form id="act" method="post" action="/live/act">{{template "csrf" .}}<button data-key="KeyG">go <kbd>G</kbd></button></form>
<div data-scope="viewer"><button id="zoom" data-key="KeyW" data-copy="zoomed">w</button></div>
<input id="note" type="text">
{{template "masked" (on $ .Data.Masked)}}
<a id="ask" href="#reject" data-key="KeyX">x</a>
{{template "confirm" (on $ .Data.Confirm)}}
{{end}}
{{define "rows"}}<table><tr data-row><td><a data-open href="/live?name=first">{{.Data.Name}}</a></td></tr><tr data-row><td><a data-open href="/live?name=second">2</a></td></tr></table>{{end}}
{{define "m1"}}{{template "revealed" .Data.Masked}}{{end}}`)},
}

type live struct {
	Name    string
	Masked  page.Masked
	Confirm page.Confirm
}

// browser opens a site in Chromium; the calls run one after the other in one tab.
type browser struct {
	t   *testing.T
	ctx context.Context
	url string
}

func openBrowser(t *testing.T, acts *atomic.Int32) *browser {
	t.Helper()
	data := live{
		Name:    "row",
		Masked:  page.Masked{ID: "m1", Mask: "138****5678", Clear: "13800005678", Field: "phone", Action: "/live/reveal"},
		Confirm: page.Confirm{ID: "reject", Title: "t", Body: "b", Action: "/live/act", Type: "4", Button: "ok", Bad: true},
	}
	s := pagetest.New(t, []string{"x:view"}, func(r *page.Router) {
		r.Templates("live", liveFiles)
		r.Public("GET", "/enter", func(c *page.Ctx) error { c.StartSession("t", time.Hour); return c.Redirect("/live", "") })
		r.Get("/live", "x:view", func(c *page.Ctx) error {
			d := data
			if n := c.Query("name"); n != "" {
				d.Name = n
			}
			return c.Render("live/list", d)
		})
		r.Post("/live/act", "x:view", func(c *page.Ctx) error {
			acts.Add(1)
			time.Sleep(300 * time.Millisecond)
			return c.Redirect("/live", "")
		})
		r.Post("/live/reveal", "x:view", func(c *page.Ctx) error { return c.Render("live/list", data) })
	})
	b := openSite(t, s)
	b.do(chromedp.Navigate(b.url + "/enter"))
	return b
}

// openSite serves a site and opens a browser that has seen none of its pages.
func openSite(t *testing.T, s *pagetest.Site) *browser {
	t.Helper()
	bin, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = s.App.Listener(ln) }()
	t.Cleanup(func() { _ = s.App.Shutdown() })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(bin), chromedp.NoSandbox)...)
	t.Cleanup(stop)
	ctx, done := chromedp.NewContext(ctx)
	t.Cleanup(done)
	return &browser{t: t, ctx: ctx, url: fmt.Sprintf("http://localhost:%d", ln.Addr().(*net.TCPAddr).Port)}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

// until waits for an expression to be true.
func (b *browser) until(expression string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && ok
	}, 5*time.Second, 30*time.Millisecond, expression)
}

func (b *browser) js(script string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script+";true"))
	require.NoError(b.t, err)
}

func TestInBrowser(t *testing.T) {
	var acts atomic.Int32
	b := openBrowser(t, &acts)
	key := func(k string) { t.Helper(); b.do(chromedp.KeyEvent(k)) }
	b.until(`getComputedStyle(document.querySelector(".top")).height === "44px"`)
	b.js(`window.violations = []; addEventListener("securitypolicyviolation", e => violations.push(e.violatedDirective))`)

	key("j")
	b.until(`document.querySelectorAll("[data-row]")[0].hasAttribute("data-at")`)
	key("j")
	b.until(`document.activeElement.textContent === "2"`)

	key("w")
	b.js(`document.querySelector("#zoom").addEventListener("click", () => window.zoomed = true)`)
	b.until(`!window.zoomed`)
	b.do(chromedp.Focus("#zoom"))
	key("w")
	b.until(`window.zoomed === true`)

	b.do(chromedp.Focus("#note"))
	key("g")
	key("?")
	b.until(`document.querySelector("#note").value === "g?" && !location.hash`)
	key("\u001b")
	b.until(`document.activeElement === document.body`)

	key("x")
	b.until(`document.activeElement.id === "reject-typed"`)
	key("\u001b")
	b.until(`!document.querySelector(".dialog:target") && document.activeElement.id === "ask"`)
	key("?")
	b.until(`location.hash === "#keys"`)
	key("g")
	key("\u001b")
	b.until(`!document.querySelector(".dialog:target")`)
	require.Zero(t, acts.Load(), "a letter does nothing below an open dialog")

	b.do(chromedp.Click("#more"))
	b.until(`document.querySelector("#rows a").textContent === "swapped"`)
	b.do(chromedp.Click(".masked summary"), chromedp.Click(".masked button"))
	b.until(`document.querySelector("#m1").textContent === "13800005678"`)
	b.until(`violations.length === 0`)

	b.js(`document.querySelector("#act").requestSubmit(); document.querySelector("#act").requestSubmit()`)
	b.until(`location.pathname === "/live" && !document.querySelector("form[data-sent]")`)
	require.Equal(t, int32(1), acts.Load(), "one press, one request")
}
