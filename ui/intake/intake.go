// Package intake is the public app: the JSON API of web halls, phones and Ukey drivers, the vendors' callbacks, the
// page where an invoice is picked up, and the health checks. A handler reads a typed body, makes one call to package
// flow with its idempotency key, and writes the answer; every refusal is a problem+json with a code, a field where
// there is one, and a sentence a person understands.
package intake

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/ui/page"
)

// Body limits per route; a longer body is refused by its Content-Length before it is read.
const (
	jsonLimit   = 64 << 10
	uploadLimit = 20 << 20
)

// requestTimeout bounds what one request may take in all; Fiber does not cancel by itself.
const requestTimeout = 20 * time.Second

// Texts is the message catalogue.
type Texts interface {
	// Has reports whether a key has a sentence.
	Has(key string) bool
	// Text is the sentence of a key in a language, "zh" or "en".
	Text(lang, key string, args map[string]any) string
}

// Deps are what the public app stands on; none may be nil.
type Deps struct {
	Flow  *flow.Flow
	Texts Texts
	Log   *slog.Logger
	// Ready tells whether requests can be served now: database reachable, migrated.
	Ready func(context.Context) error
}

type server struct {
	flow  *flow.Flow
	texts Texts
	log   *slog.Logger
	ready func(context.Context) error
}

func newServer(d Deps) *server {
	return &server{flow: d.Flow, texts: d.Texts, log: d.Log, ready: d.Ready}
}

// New makes the public app for a listener of its own. proxies are the addresses whose X-Forwarded-For is believed.
func New(d Deps, proxies []string) *fiber.App {
	s := newServer(d)
	app := fiber.New(fiber.Config{
		Immutable: true, StrictRouting: true, CaseSensitive: true, DisableStartupMessage: true,
		BodyLimit: uploadLimit, ReadBufferSize: 16 << 10, Concurrency: 256,
		ReadTimeout: 60 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 90 * time.Second,
		EnableTrustedProxyCheck: true, TrustedProxies: proxies,
		ErrorHandler: func(c *fiber.Ctx, err error) error { return s.refuse(c, err) },
	})
	app.Server().HeaderReceived = func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
		return fasthttp.RequestConfig{MaxRequestBodySize: BodyLimit(string(h.Method()), string(h.RequestURI()))}
	}
	s.mount(app)
	return app
}

// Mount adds the public routes to an app that serves others too, as the demo's one port does. That app must hand the
// errors of Owns paths to Refuse and take its body limits from BodyLimit.
func Mount(app *fiber.App, d Deps) (refuse func(*fiber.Ctx, error) error) {
	s := newServer(d)
	s.mount(app)
	return s.refuse
}

// Owns reports whether a path, with or without a query, belongs to the public app.
func Owns(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/crl/") || strings.HasPrefix(path, "/ca/") || slices.Contains([]string{"/inv", "/healthz", "/readyz"}, path)
}

// BodyLimit is how many bytes the body of a public request may have.
func BodyLimit(method, path string) int {
	if method == http.MethodPut && strings.HasPrefix(path, "/api/v1/orders/") {
		return uploadLimit
	}
	return jsonLimit
}

func (s *server) mount(app *fiber.App) {
	for _, r := range s.routes() {
		app.Add(r.Method, r.Path, s.wrap(r))
	}
}

// wrap turns a handler of this package into Fiber's: a request id, a deadline, who calls, and refusals as problems.
func (s *server) wrap(r Route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		id, err := uuid.NewV7()
		if err != nil {
			return s.refuse(c, fault.Wrap("random_unavailable", err))
		}
		c.Locals("request_id", id.String())
		c.Set(fiber.HeaderXRequestID, id.String())
		c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
		ctx, cancel := context.WithTimeout(c.UserContext(), requestTimeout)
		defer cancel()
		c.SetUserContext(ctx)
		if len(c.Request().Body()) > BodyLimit(c.Method(), c.Path()) {
			return s.refuse(c, fiber.ErrRequestEntityTooLarge)
		}
		a, err := s.caller(ctx, c, r.Permission)
		if err != nil {
			return s.refuse(c, err)
		}
		a.RequestID, a.IP = id.String(), page.Address(c)
		if err := r.run(&call{Ctx: c, s: s, actor: a}); err != nil {
			return s.refuse(c, err)
		}
		return nil
	}
}

// run calls the handler; a panic is one request's mistake, not the end of all.
func (r Route) run(c *call) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap("internal", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return r.handle(c)
}

// caller says who calls, by what the route demands. A driver proves itself per update, inside the use cases.
func (s *server) caller(ctx context.Context, c *fiber.Ctx, p Permission) (actor.Actor, error) {
	switch p {
	case PermApplicant:
		return s.flow.ResumeApplicant(ctx, bearer(c))
	case PermDriver:
		return actor.Actor{Kind: actor.Driver, Name: "driver", AllProjects: true}, nil
	case PermPublic:
		return actor.Actor{Kind: actor.Applicant, Name: "public"}, nil // an applicant not known yet: owns nothing
	}
	return actor.Actor{}, fault.New(fault.Forbidden, "forbidden", nil)
}
