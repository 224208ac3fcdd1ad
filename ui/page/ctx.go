package page

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
)

// Ctx is one request of a staff page.
type Ctx struct {
	f         *fiber.Ctx
	router    *Router
	route     Route
	identity  Identity
	lang      string
	theme     string
	requestID string
	problem   *fault.Error // set while a refused form is shown again
}

// Context returns the request's context, which ends after a few seconds. It carries no values.
func (c *Ctx) Context() context.Context { return c.f.UserContext() }

// Actor returns who acts, with the request's address and reference.
func (c *Ctx) Actor() actor.Actor {
	a := c.identity.Actor
	a.RequestID, a.IP = c.requestID, c.IP()
	return a
}

// Me returns who is logged in.
func (c *Ctx) Me() Identity { return c.identity }

// Lang returns "zh" or "en".
func (c *Ctx) Lang() string { return c.lang }

// Now returns the time of the router's clock.
func (c *Ctx) Now() time.Time { return c.router.deps.Now() }

// RequestID returns the reference under which this request stands in the log.
func (c *Ctx) RequestID() string { return c.requestID }

// IP returns the address of the client, as far as the trusted proxies say.
func (c *Ctx) IP() string { return Address(c.f) }

// UserAgent returns the client's name of itself, at most 200 bytes of it.
func (c *Ctx) UserAgent() string {
	return strings.ToValidUTF8(truncate(c.f.Get(fiber.HeaderUserAgent), 200), "")
}

func truncate(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// T returns a sentence of the catalogue in the reader's language.
func (c *Ctx) T(key string, args map[string]any) string {
	return c.router.render.catalogue.Text(c.lang, key, args)
}

// Chinese returns a sentence in Chinese whatever the reader's language: texts that applicants get.
func (c *Ctx) Chinese(key string, args map[string]any) string {
	return c.router.render.catalogue.Text(Languages[0], key, args)
}

// Param returns a part of the path: "no" of "/orders/:no".
func (c *Ctx) Param(name string) string { return c.f.Params(name) }

// Query returns a value of the query string.
func (c *Ctx) Query(name string) string { return strings.TrimSpace(c.f.Query(name)) }

// QueryInt returns a whole number of the query string; anything else is the fallback.
func (c *Ctx) QueryInt(name string, fallback int) int { return c.f.QueryInt(name, fallback) }

// Form returns one value of the form, as it was sent.
func (c *Ctx) Form(name string) string { return c.f.FormValue(name) }

// Fragment reports whether htmx asks for a part of the page.
func (c *Ctx) Fragment() bool {
	return c.f.Get("HX-Request") == "true" && c.f.Get("HX-History-Restore-Request") != "true"
}

// Upload is a file of a multipart form.
type Upload struct {
	Name string // as the client calls it: shown and stored, never used as a path
	Data []byte
}

// File returns the file of a form field. Errors: Invalid "field_required" when there is none.
func (c *Ctx) File(field string) (Upload, error) {
	h, err := c.f.FormFile(field)
	if err != nil || h.Size == 0 {
		return Upload{}, fault.InvalidField(field, "field_required")
	}
	src, err := h.Open()
	if err != nil {
		return Upload{}, fault.Wrap("upload_unreadable", err)
	}
	defer src.Close()
	data, err := io.ReadAll(src)
	if err != nil {
		return Upload{}, fault.Wrap("upload_unreadable", err)
	}
	return Upload{Name: h.Filename, Data: data}, nil
}

// Redirect sends the reader to a path of this site after an act. flashKey, if not "", names the sentence the next page
// shows; args are its arguments and must not hold personal data.
func (c *Ctx) Redirect(path, flashKey string, args ...map[string]any) error {
	if flashKey != "" {
		var a map[string]any
		if len(args) > 0 {
			a = args[0]
		}
		c.setFlash(flashKey, a)
	}
	if c.Fragment() {
		c.f.Set("HX-Redirect", path)
		return c.f.SendStatus(fiber.StatusNoContent)
	}
	return c.f.Redirect(path, fiber.StatusSeeOther)
}

// Bytes sends something that is not a page: a page image, an invoice. name, if not "", makes it a download.
func (c *Ctx) Bytes(mediaType, name string, data []byte) error {
	c.f.Set(fiber.HeaderContentType, mediaType)
	if name != "" {
		c.f.Attachment(name)
		c.f.Set(fiber.HeaderContentType, mediaType)
	}
	return c.f.Send(data)
}

// Fiber gives the raw request, for the few handlers that need more (a live stream).
func (c *Ctx) Fiber() *fiber.Ctx { return c.f }

// Status sets the status of the page that follows; without it a page is 200.
func (c *Ctx) Status(code int) { c.f.Status(code) }

// Opens reports whether a page exists at a path, for links to screens that come with a later area.
func (c *Ctx) Opens(path string) bool { return c.router.opens(path) }
