//go:build screenshots

package main

import (
	"net/url"
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

// tourMoney is finance: every statement is imported, the preview of one and the workbench afterwards are kept.
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
	d.see("/matching", "matching")
	lead := h.sit("finance_lead", 0)
	lead.see("/home", "home-finance")
	lead.see("/invoices", "invoices")
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
}

func (h *house) tourIssuance() {
	h.sit("issuer", 0).see("/issuance", "issuance")
}

// tourService is the hotline, asked about an order that waits for its driver, and what applicants see of us.
func (h *house) tourService() {
	d := h.sit("hotline", 0)
	d.see("/hotline?q="+url.QueryEscape(h.customer()), "hotline")
	h.sit("hotline_lead", 0).see("/home", "home-hotline")
	d.see("/inv", "inv")
}

// customer is the phone of somebody who was told that the certificate can be updated.
func (h *house) customer() string {
	for _, m := range h.messages() {
		if m.Channel == "sms" && m.Template == "approved" {
			return m.To
		}
	}
	require.Fail(h.t, "nobody was told")
	return ""
}

func (h *house) tourGovernance() {
	auditor := h.sit("auditor", 0)
	auditor.open("/audit")
	auditor.do(chromedp.Click(`form[action="/audit/verify"] button`))
	auditor.until(`document.readyState === "complete"`)
	auditor.keep("audit")
	h.sit("security_admin", 0).see("/staff", "staff")
	h.sit("system_admin", 0).see("/home", "home-system")
	officer := h.sit("key_officer", 0)
	officer.see("/home", "home-keys")
	officer.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action="/logout"]').submit()`))
	officer.until(`location.pathname === "/login"`)
	officer.keep("login")
}
