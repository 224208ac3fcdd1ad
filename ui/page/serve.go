package page

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/fault"
)

// serve wraps a handler: headers, body limit, session and permission, form token, the handler, its error, the log.
func (r *Router) serve(route Route, h Handler) fiber.Handler {
	return func(f *fiber.Ctx) error {
		return r.answer(f, route, func(c *Ctx) error { return r.run(c, h) })
	}
}

// answer makes a request's Ctx, and of an error its page.
func (r *Router) answer(f *fiber.Ctx, route Route, do Handler) error {
	start := r.deps.Now()
	ctx, cancel := context.WithTimeout(f.UserContext(), requestTimeout)
	defer cancel()
	f.SetUserContext(ctx)
	c := &Ctx{f: f, router: r, route: route, requestID: newRequestID()}
	c.lang, c.theme = preferred(f, r.deps.TLS)
	setHeaders(f, r.deps, c.requestID)
	err := do(c)
	if err != nil {
		err = c.fail(err)
	}
	r.log(c, r.deps.Now().Sub(start))
	return err
}

func (r *Router) run(c *Ctx, h Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap("internal", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if len(c.f.Body()) > c.route.MaxBody {
		return fault.New(fault.Invalid, "body_too_large", fault.Args{"limit_mb": c.route.MaxBody >> 20})
	}
	if c.route.Permission != "" {
		if err := c.admit(); err != nil {
			return err
		}
	}
	if c.f.Method() != fiber.MethodGet && c.f.Method() != fiber.MethodHead {
		if err := c.checkOrigin(); err != nil {
			return err
		}
	}
	return h(c)
}

// admit asks the guard and keeps the identity even when the permission is missing, so that the refusal has its frame.
func (c *Ctx) admit() error {
	id, err := c.router.deps.Guard.Admit(c.Context(), Admission{
		Token: c.cookie(sessionCookie), Permission: c.route.Permission, Method: c.f.Method(),
		Path: c.route.Path, IP: c.IP(), RequestID: c.requestID,
	})
	c.identity = id
	return err
}

// log writes one line per request: the pattern of the route, never the path or the query, which may hold a number or
// a name somebody searched for.
func (r *Router) log(c *Ctx, took time.Duration) {
	r.deps.Logger.LogAttrs(c.Context(), slog.LevelInfo, "request",
		slog.String("method", c.f.Method()),
		slog.String("route", c.route.Path),
		slog.Int("status", c.f.Response().StatusCode()),
		slog.Int64("duration_us", took.Microseconds()),
		slog.Int("bytes", len(c.f.Response().Body())),
		slog.String("request_id", c.requestID),
		slog.String("actor", c.identity.Actor.Name),
	)
}

// setHeaders sets what every page carries. Nothing is inline, so the policy needs no nonce.
func setHeaders(f *fiber.Ctx, d Deps, requestID string) {
	f.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "+
		"connect-src "+strings.TrimSpace("'self' "+d.UkeyAgent)+"; font-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'")
	f.Set("X-Content-Type-Options", "nosniff")
	f.Set("X-Frame-Options", "DENY")
	f.Set("Referrer-Policy", "same-origin")
	f.Set("Cross-Origin-Opener-Policy", "same-origin")
	f.Set("Cross-Origin-Resource-Policy", "same-origin")
	f.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
	f.Set("Cache-Control", "no-store")
	f.Set("X-Request-Id", requestID)
	if d.TLS {
		f.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

// requestAlphabet is Crockford's base 32: no letter that can be misread over the telephone.
var requestAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// newRequestID makes the ten characters a reader may quote: 50 random bits.
func newRequestID() string {
	var raw [7]byte
	_, _ = rand.Read(raw[:]) // crypto/rand.Read never fails (Go 1.24)
	return requestAlphabet.EncodeToString(raw[:])[:10]
}
