package intake

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/fault"
	"caconsole/ui/page"
)

// problem is the body of every refusal (RFC 9457, application/problem+json) with the members code, errors and
// request_id beside the standard ones.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Code      string         `json:"code"`
	Errors    []problemField `json:"errors,omitempty"`
	RequestID string         `json:"request_id"`
}

type problemField struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// refuse answers with the problem of an error. What is our own mistake is logged here, once, and told as no more than
// a reference.
func (s *server) refuse(c *fiber.Ctx, err error) error {
	f := fault.Of(err)
	status := page.StatusCode(f.Kind)
	if status, f = fiberStatus(err, BodyLimit(c.Method(), c.Path()), status, f); f.Kind == fault.Internal {
		s.log.ErrorContext(c.UserContext(), "intake request failed", "method", c.Method(), "route", c.Route().Path,
			"request_id", requestID(c), "error", err.Error())
	}
	lang := languageOf(c)
	p := problem{
		Type: "urn:caconsole:problem:" + f.Key, Title: s.texts.Text(lang, "error."+f.Kind.String()+".title", nil), Status: status,
		Detail: s.detail(lang, f), Code: f.Key, RequestID: requestID(c),
	}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, problemField{Field: field.Name, Code: field.Key, Detail: s.texts.Text(lang, field.Key, field.Args)})
	}
	if f.RetryAfter > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(retrySeconds(f.RetryAfter)))
	}
	if f.Kind == fault.Unauthenticated {
		c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/problem+json; charset=utf-8")
	c.Set(fiber.HeaderContentLanguage, lang)
	return c.Status(status).Send(body)
}

// detail is the sentence of a fault; a key without one is told as its kind.
func (s *server) detail(lang string, f *fault.Error) string {
	if !s.texts.Has(f.Key) {
		return s.texts.Text(lang, "error."+f.Kind.String()+".hint", nil)
	}
	return s.texts.Text(lang, f.Key, f.Args)
}

// fiberStatus maps what the HTTP layer itself refuses: no such route, body over the limit, headers too large, another version than asked for.
func fiberStatus(err error, limit, status int, f *fault.Error) (int, *fault.Error) {
	var e *fiber.Error
	if !errors.As(err, &e) {
		return status, f
	}
	switch e.Code {
	case fiber.StatusNotFound, fiber.StatusMethodNotAllowed:
		return e.Code, fault.New(fault.NotFound, "route_unknown", nil)
	case fiber.StatusPreconditionFailed:
		return e.Code, fault.New(fault.Conflict, "order_changed", nil)
	case fiber.StatusRequestEntityTooLarge:
		return e.Code, tooLarge(limit)
	case fiber.StatusUnsupportedMediaType:
		return e.Code, fault.New(fault.Invalid, "json_required", nil)
	case fiber.StatusInternalServerError:
		return status, f
	}
	return e.Code, &fault.Error{Kind: fault.Invalid, Key: "request_broken", Cause: err}
}

func tooLarge(limit int) *fault.Error {
	if limit < uploadLimit {
		return fault.New(fault.Invalid, "json_too_large", nil)
	}
	return fault.New(fault.Invalid, "body_too_large", fault.Args{"limit_mb": limit >> 20})
}

func retrySeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
