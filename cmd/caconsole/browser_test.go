package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// desk is a member of staff at Chromium.
type desk struct {
	t   *testing.T
	h   *house
	ctx context.Context
}

// sit opens a browser of its own, with a mock-up's window, and logs the n-th person of a role in by keyboard.
func (h *house) sit(role string, n int) *desk {
	h.t.Helper()
	bin, err := exec.LookPath("chromium")
	require.NoError(h.t, err, "Chromium is one of the packages that .ci/deps installs")
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	h.t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(bin), chromedp.NoSandbox, chromedp.WindowSize(1366, 768))...)
	h.t.Cleanup(stop)
	ctx, done := chromedp.NewContext(ctx)
	h.t.Cleanup(done)
	d := &desk{t: h.t, h: h, ctx: ctx}
	var who map[string]string
	for _, row := range h.table("staff.tsv") {
		if row["role"] == role && n == 0 {
			who = row
		}
		if row["role"] == role {
			n--
		}
	}
	require.NotNil(h.t, who, role)
	d.open("/login")
	d.do(chromedp.SendKeys("#login", who["login"]), chromedp.SendKeys("#password", who["password"]), chromedp.SendKeys("#code", h.code(who)+"\r"))
	d.until(`location.pathname === "/home"`)
	return d
}

func (d *desk) do(steps ...chromedp.Action[chromedp.Void]) {
	d.t.Helper()
	require.NoError(d.t, chromedp.Do(d.ctx, steps...))
}

func (d *desk) open(path string) {
	d.t.Helper()
	d.do(chromedp.Navigate(strings.Replace(d.h.url, "127.0.0.1", "localhost", 1) + path))
}

// until waits for an expression to become true in a page that is there whole: before that its scripts hear no key.
func (d *desk) until(expression string) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		ok, err := chromedp.Run(d.ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && (`+expression+`)`))
		return err == nil && ok
	}, patience, 50*time.Millisecond, expression)
}

// key presses keys one after the other.
func (d *desk) key(keys ...string) {
	d.t.Helper()
	for _, k := range keys {
		d.do(chromedp.KeyEvent(k))
	}
}

// The main job once more, with staff at a real browser: by keyboard where there is a key.
func TestMainJobInBrowser(t *testing.T) {
	h := newHouse(t, "--orders", "0", "--certificates", "1")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out := t.TempDir()
	renewal := h.renew(ctx, h.serials("reviewed", "keep")[0], out)

	finance := h.sit("finance", 0)
	var file string
	eventually(t, "the bank's statement", func() bool {
		found, err := filepath.Glob(filepath.Join(out, "statement-*.xlsx"))
		if err == nil && len(found) == 1 {
			file = found[0]
		}
		return file != ""
	})
	no := orderNo.FindString(file)
	finance.open("/statements")
	finance.do(chromedp.SetUploadFiles("#file", []string{file}))
	finance.do(chromedp.Click(`form[action="/statements"] button`))
	finance.until(`/^\/statements\/.+/.test(location.pathname)`)
	finance.do(chromedp.Click(`form[action$="/commit"] button`))
	finance.until(`!document.querySelector('form[action$="/commit"]')`)

	reviewer := h.sit("reviewer", 0)
	reviewer.open("/queue")
	eventually(t, "the order in the queue", func() bool {
		reviewer.open("/queue")
		found, err := chromedp.Run(reviewer.ctx, chromedp.Evaluate[bool](`document.body.innerText.includes("`+no+`")`))
		return err == nil && found
	})
	reviewer.key("g")
	reviewer.until(`location.pathname === "/orders/` + no + `"`)
	eventually(t, "the page images", func() bool {
		ready, err := chromedp.Run(reviewer.ctx, chromedp.Evaluate[bool](`[...document.querySelectorAll(".paper img")].some(i => i.complete && i.naturalWidth > 500)`))
		if err == nil && !ready {
			reviewer.open("/orders/" + no)
		}
		return err == nil && ready
	})
	for range 6 {
		reviewer.do(chromedp.Click(`input[name="checks"]:not(:checked)`))
	}
	reviewer.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
	reviewer.approvesByKeyboard(no)

	issuer := h.sit("issuer", 0)
	issuer.open("/issuance")
	issuer.do(chromedp.Click(`input[name="orders"][value="` + no + `"]`))
	issuer.key("c")
	issuer.until(`location.pathname === "/issuance" && !document.querySelector('input[value="` + no + `"]')`)

	require.NoError(t, <-renewal)
	h.checkPair(out)
	h.checkMessages(no, "accepted", "payment_settled", "approved", "invoice")

	clerk := h.sit("hotline", 0)
	clerk.open("/hotline")
	clerk.do(chromedp.SendKeys("#q", no+"\r"))
	clerk.until(`document.querySelector(".sentence")?.innerText.includes("证书已更新完成")`)
}
