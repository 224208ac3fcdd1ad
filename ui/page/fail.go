package page

import (
	"log/slog"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/fault"
)

// StatusCode maps a kind of fault to its HTTP status: the only place that does, for pages and for the intake API.
func StatusCode(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return fiber.StatusUnprocessableEntity
	case fault.NotFound:
		return fiber.StatusNotFound
	case fault.Conflict:
		return fiber.StatusConflict
	case fault.Forbidden:
		return fiber.StatusForbidden
	case fault.Unauthenticated:
		return fiber.StatusUnauthorized
	case fault.Limited:
		return fiber.StatusTooManyRequests
	case fault.Unavailable:
		return fiber.StatusServiceUnavailable
	case fault.Internal:
		return fiber.StatusInternalServerError
	}
	return fiber.StatusInternalServerError
}

// failure is what the error page shows.
type failure struct {
	Kind      string // catalogue: "error.<kind>.title" and ".hint"
	Icon      string
	Sentence  string
	Fields    []string
	Reference string
	Detail    string // the permission that misses, in clear
	Unsaved   bool   // the request wanted to change something, and did not
}

var failureIcons = map[fault.Kind]string{
	fault.Internal: "server-off", fault.Invalid: "alert-triangle", fault.NotFound: "search", fault.Conflict: "alert-triangle",
	fault.Forbidden: "ban", fault.Unauthenticated: "lock", fault.Limited: "hourglass", fault.Unavailable: "alarm",
}

func notFound(*Ctx) error { return fault.New(fault.NotFound, "screen_unknown", nil) }

// fail answers a request with its error: a page, or for htmx a banner above the page.
func (c *Ctx) fail(err error) error {
	f := fault.Of(err)
	if f.Kind == fault.Internal {
		c.router.deps.Logger.ErrorContext(c.Context(), "request failed",
			slog.String("route", c.route.Path), slog.String("request_id", c.requestID), slog.Any("error", err))
	}
	if f.RetryAfter > 0 {
		c.f.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(f.RetryAfter.Seconds()+0.999)))
	}
	if f.Kind == fault.Unauthenticated {
		if done, err := c.toLogin(); done {
			return err
		}
	}
	c.f.Status(StatusCode(f.Kind))
	c.f.Response().Header.Del(fiber.HeaderContentDisposition)
	data := c.failure(f)
	if c.Fragment() {
		c.f.Set("HX-Retarget", "#problem")
		c.f.Set("HX-Reswap", "innerHTML")
		return c.send("page/error", "error-banner", data)
	}
	return c.send("page/error", "", data)
}

func (c *Ctx) failure(f *fault.Error) failure {
	d := failure{
		Kind: f.Kind.String(), Icon: failureIcons[f.Kind], Sentence: c.sentence(f),
		Reference: c.requestID, Unsaved: c.f.Method() == fiber.MethodPost,
	}
	for _, x := range f.Fields {
		d.Fields = append(d.Fields, c.T(x.Key, x.Args))
	}
	if f.Kind == fault.Forbidden && c.route.Permission != LoggedIn {
		d.Detail = c.route.Permission
	}
	return d
}

// sentence is what a reader is told. A cause is never shown, and neither is a key without a sentence.
func (c *Ctx) sentence(f *fault.Error) string {
	if !c.router.render.catalogue.Has(f.Key) {
		return c.T("error."+f.Kind.String()+".hint", nil)
	}
	return c.T(f.Key, f.Args)
}

// toLogin sends people without a session to the log-in page. A form that was sent without a session is not lost in
// silence: it gets the error page, which says that nothing was saved.
func (c *Ctx) toLogin() (bool, error) {
	if c.route.Permission == "" || c.route.Path == "*" {
		return false, nil
	}
	if c.Fragment() {
		c.f.Set("HX-Redirect", "/login")
		return true, c.f.SendStatus(fiber.StatusNoContent)
	}
	if c.f.Method() != fiber.MethodGet {
		return false, nil
	}
	to := "/login"
	if next := c.f.OriginalURL(); next != "/" {
		to += "?next=" + url.QueryEscape(next)
	}
	return true, c.f.Redirect(to, fiber.StatusSeeOther)
}

// Refuse shows a form again that was not accepted: with the fault's status, its sentence above the form and the
// fields' own sentences beside them, and with data holding what the reader had typed. A fault the reader cannot mend
// (Internal, Unauthenticated, NotFound, Forbidden) becomes the error page.
func (c *Ctx) Refuse(err error, template string, data any) error {
	f := fault.Of(err)
	switch f.Kind {
	case fault.Invalid, fault.Conflict, fault.Limited, fault.Unavailable:
	case fault.Internal, fault.Unauthenticated, fault.NotFound, fault.Forbidden:
		return err
	}
	c.problem = f
	c.f.Status(StatusCode(f.Kind))
	if f.RetryAfter > 0 {
		c.f.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(f.RetryAfter.Seconds()+0.999)))
	}
	return c.Render(template, data)
}
