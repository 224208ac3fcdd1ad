package app

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"caconsole/admin/flow"
	"caconsole/rbac"
	"caconsole/ui/audit"
	"caconsole/ui/certificates"
	"caconsole/ui/guard"
	"caconsole/ui/home"
	"caconsole/ui/hotline"
	"caconsole/ui/intake"
	"caconsole/ui/invoices"
	"caconsole/ui/issuance"
	"caconsole/ui/keys"
	"caconsole/ui/login"
	"caconsole/ui/matching"
	"caconsole/ui/orders"
	"caconsole/ui/page"
	"caconsole/ui/profiles"
	"caconsole/ui/queue"
	"caconsole/ui/refunds"
	"caconsole/ui/staff"
	"caconsole/ui/statements"
	"caconsole/ui/static"
	"caconsole/ui/watch"
)

// maxBody is the ceiling of every body; each route has a limit of its own below it, which is checked by Content-Length
// before a byte is read.
const maxBody = 24 << 20

// website is the two HTTP apps. Where they share an address they are one.
type website struct {
	staff, public *fiber.App
	router        *page.Router
}

func newWebsite(c Config, f *flow.Flow, policy *rbac.Policy, m *metrics, ready func(context.Context) error) (website, error) {
	assets, err := static.New()
	if err != nil {
		return website{}, err
	}
	texts, err := page.NewCatalogue()
	if err != nil {
		return website{}, err
	}
	api := intake.Deps{Flow: f, Texts: texts, Log: c.Log, Ready: ready}
	w := website{}
	refuseAPI := func(*fiber.Ctx, error) error { return nil }
	w.staff = fiber.New(fiber.Config{
		Immutable: true, CaseSensitive: true, DisableStartupMessage: true,
		BodyLimit: maxBody, ReadBufferSize: 16 << 10, Concurrency: 1024,
		ReadTimeout: 60 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 90 * time.Second,
		EnableTrustedProxyCheck: true, TrustedProxies: c.Proxies,
		ErrorHandler: func(f *fiber.Ctx, err error) error {
			if c.shared() && intake.Owns(f.Path()) {
				return refuseAPI(f, err)
			}
			return w.router.Refused(f, err)
		},
	})
	w.staff.Server().HeaderReceived = func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
		method, path := string(h.Method()), string(h.RequestURI())
		if c.shared() && intake.Owns(path) {
			return fasthttp.RequestConfig{MaxRequestBodySize: intake.BodyLimit(method, path)}
		}
		return fasthttp.RequestConfig{MaxRequestBodySize: w.router.BodyLimit(method, path)}
	}
	w.staff.Use(m.measure(c.Now))
	if c.shared() {
		w.public, refuseAPI = w.staff, intake.Mount(w.staff, api)
	} else {
		w.public = intake.New(api, c.Proxies)
	}
	menu := &counts{board: f.Board, keys: f.KeyCounts, now: c.Now, log: c.Log, kept: map[uuid.UUID]keptCounts{}}
	w.router = page.NewRouter(w.staff, page.Deps{
		Assets: assets, Guard: guard.New(f.Staff, policy.Permissions, f.Audit), Logger: c.Log, Now: c.Now,
		Env: page.Environment{Name: c.Environment, Version: c.Version, Build: c.Build}, TLS: c.tls(), Counts: menu.of,
		SigningKeys: f.SigningKeys, UkeyAgent: c.UkeyAgent,
	})
	areas(w.router, f)
	w.staff.Use(w.router.NotFound)
	if err := w.router.Ready(); err != nil {
		return website{}, fmt.Errorf("pages: %w", err)
	}
	return w, nil
}

// areas adds every screen.
func areas(r *page.Router, f *flow.Flow) {
	login.Routes(r, login.Deps{Accounts: f.Staff})
	home.Routes(r, home.Deps{Desk: home.FromBoard(f.Board)})
	queue.Routes(r, queue.Deps{Flow: f, Board: f.Board})
	orders.Routes(r, orders.Deps{Flow: f, Board: f.Board})
	statements.Routes(r, statements.Deps{Flow: f, Board: f.Board})
	matching.Routes(r, matching.Deps{Flow: f, Board: f.Board})
	issuance.Routes(r, issuance.Deps{Flow: f, Board: f.Board})
	certificates.Routes(r, certificates.Deps{Flow: f, Board: f.Board, Now: f.Now})
	invoices.Routes(r, invoices.Deps{Flow: f, Board: f.Board})
	refunds.Routes(r, refunds.Deps{Flow: f, Board: f.Board})
	hotline.Routes(r, hotline.Deps{Flow: f})
	audit.Routes(r, audit.Deps{Flow: f})
	staff.Routes(r, staff.Deps{Accounts: f.Staff})
	keys.Routes(r, keys.Deps{Flow: f})
	watch.Routes(r, watch.Deps{Signer: f.ViewSigner, Now: f.Now})
	profiles.Routes(r, profiles.Deps{Flow: f})
}
