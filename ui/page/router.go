package page

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/ui/static"
)

// LoggedIn stands in place of a permission on the few routes that every member of staff may use: log-out, "/" and
// the preferences.
const LoggedIn = "session"

// requestTimeout bounds what one request may spend in the database; Fiber itself never cancels a context.
const requestTimeout = 15 * time.Second

// defaultBody is the largest request body of a route that names no limit of its own, in bytes.
const defaultBody = 1 << 20

// Handler answers one request: parse a typed form, make one call, render or redirect. A returned error becomes the
// error page or fragment of its kind.
type Handler func(c *Ctx) error

// Identity is who is logged in: what the actor may do, and what the frame shows of the person.
type Identity struct {
	Actor actor.Actor
	Name  string   // the person's name; staff names are not sealed
	No    string   // staff number
	Roles []string // role keys in the order the frame shows them
	// LastLoginAt and LastLoginIP describe the login before this one; zero on the first.
	LastLoginAt time.Time
	LastLoginIP string
}

// Admission is what a guard decides on.
type Admission struct {
	Token      string // session token from the cookie; "" without one
	Permission string // LoggedIn: any session will do
	Method     string
	Path       string // route pattern
	IP         string
	RequestID  string
}

// Guard resolves sessions and checks permissions.
type Guard interface {
	// Admit returns who asks. Errors: Unauthenticated without a valid session, Forbidden without the permission.
	Admit(ctx context.Context, a Admission) (Identity, error)
}

// Environment is what the frame says about the installation.
type Environment struct {
	Name    string // "demo", "test" or "production"
	Version string
	Build   string
}

// Demo reports whether the banner 演示环境 stands over every page.
func (e Environment) Demo() bool { return e.Name == "demo" }

// Counts are the numbers of the frame. They are asked for on every full page, so the source keeps them for a moment.
type Counts struct {
	Menu map[string]int // by menu path ("/queue"); absent = no number
	// Mine of MineMax cases are claimed by the actor, DueSoon of all run out soon; shown where MineMax > 0.
	Mine, MineMax, DueSoon int
}

// Deps are what the router needs from its surroundings. All fields but Counts are required.
type Deps struct {
	Assets *static.Assets
	Guard  Guard
	Logger *slog.Logger
	Now    func() time.Time
	Env    Environment
	TLS    bool // cookies are Secure and carry the __Host- prefix
	Counts func(ctx context.Context, a actor.Actor) Counts

	SigningKeys KeysOf // nil where nobody signs
	// UkeyAgent is the origin at which a page reaches the Ukey in its PC, "" without one: all that pages may connect to
	// besides ourselves.
	UkeyAgent string
}

// Route is one line of the HTTP surface.
type Route struct {
	Method     string
	Path       string
	Permission string // "" for a public route
	MaxBody    int    // bytes
}

// Option changes a route.
type Option func(*Route)

// MaxBody allows larger request bodies (uploads), in bytes. The app's own BodyLimit is the ceiling.
func MaxBody(bytes int) Option { return func(r *Route) { r.MaxBody = bytes } }

// Router adds staff routes to a Fiber app, each with its permission, and renders their pages.
type Router struct {
	app    *fiber.App
	deps   Deps
	render *renderer
	routes []Route
	errs   []error
}

// NewRouter prepares the shared templates, the catalogue, the assets' route and the preferences. Add the areas, then
// ask Ready before serving.
func NewRouter(app *fiber.App, deps Deps) *Router {
	r := &Router{app: app, deps: deps}
	var err error
	if r.render, err = newRenderer(deps.Assets); err != nil {
		r.errs = append(r.errs, err)
	}
	app.Get(static.Prefix+"*", deps.Assets.Handler)
	r.preferences()
	return r
}

// Templates registers an area's embedded files: every *.html becomes the page "area/file"; files that begin with "_"
// hold definitions shared by the area's pages; zh.json and en.json join the catalogue.
func (r *Router) Templates(area string, files fs.FS) {
	if r.render == nil {
		return
	}
	if err := r.render.add(area, files); err != nil {
		r.errs = append(r.errs, fmt.Errorf("area %s: %w", area, err))
	}
}

// Get adds a staff page.
func (r *Router) Get(path, permission string, h Handler, opts ...Option) {
	r.staff(fiber.MethodGet, path, permission, h, opts)
}

// Post adds a staff act. The request must carry the form token.
func (r *Router) Post(path, permission string, h Handler, opts ...Option) {
	r.staff(fiber.MethodPost, path, permission, h, opts)
}

// Public adds a route for people without a session: the log-in page. Its POSTs carry a form token all the same.
func (r *Router) Public(method, path string, h Handler, opts ...Option) {
	r.add(Route{Method: method, Path: path, MaxBody: defaultBody}, h, opts)
}

func (r *Router) staff(method, path, permission string, h Handler, opts []Option) {
	if permission == "" {
		r.errs = append(r.errs, fmt.Errorf("%s %s: a staff route needs a permission", method, path))
		return
	}
	r.add(Route{Method: method, Path: path, Permission: permission, MaxBody: defaultBody}, h, opts)
}

func (r *Router) add(route Route, h Handler, opts []Option) {
	for _, o := range opts {
		o(&route)
	}
	r.routes = append(r.routes, route)
	r.app.Add(route.Method, route.Path, r.serve(route, h))
}

// Routes lists the HTTP surface, sorted by path and method.
func (r *Router) Routes() []Route {
	out := slices.Clone(r.routes)
	slices.SortFunc(out, func(a, b Route) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Method, b.Method)
	})
	return out
}

// Ready reports everything that went wrong while areas were added: broken templates, sentences and icons that miss.
func (r *Router) Ready() error { return errors.Join(r.errs...) }

// Gaps lists what is wrong with the catalogue of all areas added; a test of the whole console asks for it.
func (r *Router) Gaps() []string { return r.render.catalogue.Gaps() }

// NotFound answers what no route answers; the last handler of the app.
func (r *Router) NotFound(f *fiber.Ctx) error {
	return r.serve(Route{Method: f.Method(), Path: "*", Permission: LoggedIn, MaxBody: defaultBody}, notFound)(f)
}

// Refused answers what Fiber refuses before any handler: a body too large, a request it cannot read. It is the app's
// ErrorHandler.
func (r *Router) Refused(f *fiber.Ctx, err error) error {
	why := fault.Wrap("internal", err)
	var known *fiber.Error
	if errors.As(err, &known) {
		switch {
		case known.Code == fiber.StatusRequestEntityTooLarge:
			why = fault.New(fault.Invalid, "body_too_large", fault.Args{"limit_mb": r.BodyLimit(f.Method(), f.Path()) >> 20})
		case known.Code < fiber.StatusInternalServerError:
			why = &fault.Error{Kind: fault.Invalid, Key: "request_broken", Cause: err}
		}
	}
	return r.answer(f, Route{Method: f.Method(), Path: "*"}, func(*Ctx) error { return why })
}

// BodyLimit is how many bytes the body of a staff request may have.
func (r *Router) BodyLimit(method, path string) int {
	path, _, _ = strings.Cut(path, "?")
	for _, route := range r.routes {
		if route.Method == method && route.Path == path {
			return route.MaxBody
		}
	}
	return defaultBody
}

// opens reports whether a page exists at a path.
func (r *Router) opens(path string) bool {
	return slices.ContainsFunc(r.routes, func(x Route) bool { return x.Path == path && x.Method == fiber.MethodGet })
}
