//go:build screenshots

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// pictures is where the README finds them.
const pictures = "../../docs"

// keep takes a picture of what the person sees, in the window of the mock-ups.
func (d *desk) keep(name string) {
	d.t.Helper()
	d.do(chromedp.EmulateViewport(1366, 768))
	d.until(`[...document.images].every(i => i.complete)`)
	png, err := chromedp.Run(d.ctx, chromedp.CaptureScreenshot())
	require.NoError(d.t, err)
	require.NoError(d.t, os.WriteFile(filepath.Join(pictures, name+".png"), png, 0o600))
	d.t.Logf("%s.png", name)
}

// see opens a page and takes its picture.
func (d *desk) see(path, name string) {
	d.t.Helper()
	d.open(path)
	d.keep(name)
}

// TestScreenshots is `make screenshots`: it walks through a demo as the README's tour does, and takes the pictures.
func TestScreenshots(t *testing.T) {
	h := newHouse(t)
	h.tourMoney()
	h.tourReview()
	h.tourIssuance()
	h.tourService()
	h.tourGovernance()
}

// tourMoney is finance: every statement is imported, the preview of one is kept, and the workbench afterwards at the
// first credit that may belong to an order.
func (h *house) tourMoney() {
	d := h.sit("finance", 0)
	files, err := filepath.Glob(filepath.Join(h.data, "demo", "statements", "*"))
	require.NoError(h.t, err)
	require.NotEmpty(h.t, files)
	for _, file := range files {
		d.open("/statements")
		d.do(chromedp.SetUploadFiles("#file", []string{file}), chromedp.Click(`form[action="/statements"] button`))
		d.until(`/^\/statements\/.+/.test(location.pathname)`)
		if strings.Contains(file, "中国银行") {
			d.keep("statement")
		}
		d.do(chromedp.Click(`form[action$="/commit"] button`))
		d.until(`!document.querySelector('form[action$="/commit"]')`)
	}
	d.see("/statements", "statements")
	d.open("/matching")
	d.first(".credits a", `document.querySelector(".candidates a") && document.querySelector(".canvas img")`)
	d.keep("matching")
	lead := h.sit("finance_lead", 0)
	lead.see("/home", "home-finance")
	lead.see("/invoices", "invoices")
	lead.open("/refunds")
	lead.first(".tabs a", `document.querySelector("tr[data-row]")`)
	lead.keep("refunds")
}

// first follows the links of a list, one after the other, up to a page of which an expression is true.
func (d *desk) first(links, expression string) {
	d.t.Helper()
	all, err := chromedp.Run(d.ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll('`+links+`')].map(a => a.getAttribute("href"))`))
	require.NoError(d.t, err)
	for _, link := range all {
		d.open(link)
		if is, err := chromedp.Run(d.ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`)); err == nil && is {
			return
		}
	}
	require.Fail(d.t, "no page has "+expression, links)
}

// tourReview is a reviewer who claims the next case, and the lead's day.
func (h *house) tourReview() {
	d := h.sit("reviewer", 0)
	d.see("/queue", "queue")
	d.key("g")
	d.until(`location.pathname.startsWith("/orders/")`)
	eventually(h.t, "the page images", func() bool {
		ready, err := chromedp.Run(d.ctx, chromedp.Evaluate[bool](`[...document.querySelectorAll(".paper img")].some(i => i.complete && i.naturalWidth > 500)`))
		if err == nil && !ready {
			d.do(chromedp.Reload())
		}
		return err == nil && ready
	})
	d.keep("case")
	h.sit("second_reviewer", 0).see("/queue", "queue-second")
	lead := h.sit("review_lead", 0)
	lead.see("/home", "home")
	lead.see("/orders", "orders")
	lead.open("/orders?stage=update")
	lead.first("a[data-open]", `document.body.innerText.includes("在线办理")`)
	lead.keep("order-online")
}

// tourIssuance is the issuer's batch, one order of it, an order by hand, and a pair that is to be revoked by two people.
func (h *house) tourIssuance() {
	d := h.sit("issuer", 0)
	d.see("/issuance", "issuance")
	d.first("a[data-open]", `document.querySelector("form[action='/issuance/confirm']")`)
	d.keep("issuance-order")
	d.see("/issuance/manual/new", "issuance-manual")
	d.see("/certificates", "certificates")
	d.first("a[data-open]", `true`)
	d.keep("certificate")
	d.see("/certificates/crl", "crl")
	d.see("/profiles", "profiles")
	h.sit("reviewer", 1).see("/my-keys", "my-keys")
	h.sit("key_officer", 1).see("/keys", "keys")
	h.sit("system_admin", 1).see("/signer", "signer")
}

// tourService is the hotline, asked about an order that waits for its driver.
func (h *house) tourService() {
	lead := h.sit("hotline_lead", 0)
	lead.see("/home", "home-hotline")
	lead.open("/orders?stage=update")
	no, err := chromedp.Run(lead.ctx, chromedp.Evaluate[string](`document.querySelector("td.no").innerText`))
	require.NoError(h.t, err)
	d := h.sit("hotline", 0)
	d.open("/hotline")
	d.do(chromedp.SendKeys("#q", no+"\r"))
	d.until(`document.querySelector(".sentence") !== null`)
	d.keep("hotline")
	d.see("/inv", "inv")
}

func (h *house) tourGovernance() {
	auditor := h.sit("auditor", 0)
	auditor.open("/audit")
	auditor.do(chromedp.Click(`form[action="/audit/verify"] button`))
	auditor.until(`document.querySelector(".st-ok, .st-bad") !== null`)
	auditor.keep("audit")
	h.sit("security_admin", 0).see("/staff", "staff")
	h.sit("system_admin", 0).see("/home", "home-system")
	officer := h.sit("key_officer", 0)
	officer.see("/home", "home-keys")
	officer.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action="/logout"]').submit()`))
	officer.until(`location.pathname === "/login"`)
	officer.keep("login")
}
