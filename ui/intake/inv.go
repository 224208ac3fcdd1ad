package intake

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/fault"
	"caconsole/ui/page"
)

// small is the look of the pages that customers see on their phones. It stands in the page, and the page's policy
// names it by its digest: nothing else is fetched or applied.
//
//go:embed small.css
var small string

var smallDigest = sha256.Sum256([]byte(small))

// policy of the small pages.
var policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(smallDigest[:]) +
	"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func smallPage(name, html string) *template.Template {
	look := template.FuncMap{"look": func() template.CSS { return template.CSS(small) }} //nolint:gosec // our own, embedded
	return template.Must(template.New(name).Funcs(look).Parse(html))
}

//go:embed inv.html
var invHTML string

var invPage = smallPage("inv", invHTML)

//go:embed return.html
var returnHTML string

var returnPage = smallPage("return", returnHTML)

type invView struct {
	Lang, Title, Hint, Label, Button, Code, Problem string
}

// getInvoicePickup shows the form of the fixed address /inv. The link in a mail carries the code and gets the invoice.
func getInvoicePickup(c *call) error {
	if code := c.Query("code"); code != "" {
		return sendInvoice(c, code)
	}
	return showPickup(c, http.StatusOK, "", "")
}

func postInvoicePickup(c *call) error { return sendInvoice(c, c.FormValue("code")) }

// sendInvoice answers with the invoice, or with the form and the sentence why not.
func sendInvoice(c *call, code string) error {
	name, pdf, err := c.s.flow.PickUpInvoice(c.UserContext(), c.actor, code)
	f := fault.Of(err)
	switch {
	case err == nil:
		c.Set(fiber.HeaderContentType, "application/pdf")
		c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+name+`"`)
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.Status(http.StatusOK).Send(pdf)
	case f.Kind == fault.Invalid, f.Kind == fault.Limited, f.Kind == fault.Unavailable:
		if len(f.Fields) > 0 {
			return showPickup(c, page.StatusCode(f.Kind), code, c.sentence(f.Fields[0].Key, f.Fields[0].Args))
		}
		return showPickup(c, page.StatusCode(f.Kind), code, c.s.detail(languageOf(c.Ctx), f))
	}
	return err
}

func showPickup(c *call, status int, code, problem string) error {
	return c.html(status, invPage, invView{
		Lang: languageOf(c.Ctx), Title: c.sentence("inv.title", nil), Hint: c.sentence("inv.hint", nil),
		Label: c.sentence("inv.code", nil), Button: c.sentence("inv.submit", nil), Code: code, Problem: problem,
	})
}

// html answers with a small page that needs nothing but itself.
func (c *call) html(status int, page *template.Template, view any) error {
	var b bytes.Buffer
	if err := page.Execute(&b, view); err != nil {
		return fault.Wrap("answer_failed", err)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	c.Set(fiber.HeaderContentSecurityPolicy, policy)
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(status).Send(b.Bytes())
}
