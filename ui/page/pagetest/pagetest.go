// Package pagetest lets an area test its pages: rendered with empty and with hostile data in every language, and
// through the real router as a person with chosen permissions.
package pagetest

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/ui/page"
	"caconsole/ui/static"
)

// Now is the time of the test sites: 10:31:07 in Beijing.
var Now = time.Date(2026, 11, 22, 2, 31, 7, 0, time.UTC)

// Hostile is what every text of a page is filled with: markup, an attribute's end, right-to-left marks, great length.
var Hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>` + "\u202e\u2066" + strings.Repeat("名称", 100)

// Site is an app with one or more areas and somebody logged in.
type Site struct {
	tb     testing.TB
	App    *fiber.App
	Router *page.Router
	guard  *guard
	Lang   string
}

// guard admits one person; an empty session cookie is nobody.
type guard struct{ id page.Identity }

func (g *guard) Admit(_ context.Context, a page.Admission) (page.Identity, error) {
	if a.Token == "" {
		return page.Identity{}, fault.New(fault.Unauthenticated, "session_missing", nil)
	}
	if a.Permission != page.LoggedIn && !g.id.Actor.Can(a.Permission) {
		return g.id, fault.New(fault.Forbidden, "permission_missing", nil)
	}
	return g.id, nil
}

// New makes a site whose visitor holds the permissions. The areas are added by their Routes functions.
func New(tb testing.TB, permissions []string, areas ...func(*page.Router)) *Site {
	tb.Helper()
	return NewWith(tb, permissions, func(*page.Deps) {}, areas...)
}

// NewWith is New with surroundings of the test's own.
func NewWith(tb testing.TB, permissions []string, change func(*page.Deps), areas ...func(*page.Router)) *Site {
	tb.Helper()
	assets, err := static.New()
	require.NoError(tb, err)
	held := map[string]bool{}
	for _, p := range permissions {
		held[p] = true
	}
	g := &guard{page.Identity{
		Actor: actor.Actor{
			Kind: actor.Staff, ID: uuid.MustParse("01930000-0000-7000-8000-000000000217"), Name: "lixiaowen",
			AllProjects: true, Permissions: held,
		},
		Name: "李晓雯", No: "0217", Roles: []string{"reviewer"},
	}}
	app := fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true, BodyLimit: 32 << 20})
	deps := page.Deps{
		Assets: assets, Guard: g, Logger: slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelError})), Now: func() time.Time { return Now },
		Env: page.Environment{Name: "test", Version: "0"},
	}
	change(&deps)
	r := page.NewRouter(app, deps)
	r.Get("/pagetest/token", page.LoggedIn, func(c *page.Ctx) error { return c.Bytes("text/plain", "", []byte(c.FormToken())) })
	for _, add := range areas {
		add(r)
	}
	app.Use(r.NotFound)
	require.NoError(tb, r.Ready())
	return &Site{tb: tb, App: app, Router: r, guard: g, Lang: "zh"}
}

// Response is an answer of the site.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Do sends a request as the visitor.
func (s *Site) Do(r *http.Request) Response {
	s.tb.Helper()
	r.AddCookie(&http.Cookie{Name: "caconsole_session", Value: "pagetest"})
	r.AddCookie(&http.Cookie{Name: "caconsole_lang", Value: s.Lang})
	return s.Send(r)
}

// Send sends a request as it is.
func (s *Site) Send(r *http.Request) Response {
	s.tb.Helper()
	res, err := s.App.Test(r, -1)
	require.NoError(s.tb, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(s.tb, err)
	return Response{Status: res.StatusCode, Header: res.Header, Body: string(body)}
}

// Get asks for a page.
func (s *Site) Get(target string) Response {
	s.tb.Helper()
	return s.Do(httptest.NewRequest(http.MethodGet, target, nil))
}

// Fragment asks for a page the way htmx does for the element with this id.
func (s *Site) Fragment(target, id string) Response {
	s.tb.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("HX-Request", "true")
	r.Header.Set("HX-Target", "div#"+id)
	return s.Do(r)
}

// Post sends a form with its token.
func (s *Site) Post(target string, form url.Values) Response {
	s.tb.Helper()
	out := url.Values{"csrf": {s.Get("/pagetest/token").Body}}
	for k, v := range form {
		out[k] = v
	}
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(out.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.Do(r)
}

// Pages renders each page of an area with the zero value of its struct and with hostile data in every text, in every
// language, and checks the sources. pages maps "area/page" to any value of the struct its handler renders.
func Pages(t *testing.T, area string, files fs.FS, pages map[string]any) {
	t.Helper()
	Sources(t, files)
	var current any
	s := New(t, nil, func(r *page.Router) {
		r.Templates(area, files)
		for name := range pages {
			r.Get("/pagetest/"+name, page.LoggedIn, func(c *page.Ctx) error { return c.Render(name, current) })
		}
	})
	for name, sample := range pages {
		for _, lang := range page.Languages {
			s.Lang = lang
			for kind, data := range map[string]any{"zero": zero(sample), "hostile": hostile(sample), "sample": sample} {
				t.Run(name+"/"+lang+"/"+kind, func(t *testing.T) {
					current = data
					res := s.Get("/pagetest/" + name)
					require.Equal(t, http.StatusOK, res.Status)
					require.True(t, strings.HasSuffix(strings.TrimSpace(res.Body), "</html>"), "half a page")
					require.False(t, strings.Contains(res.Body, "<script>alert") || strings.Contains(res.Body, "<img src=x"), "hostile text came through")
				})
			}
		}
	}
}

// Sources checks templates for what the content policy forbids.
func Sources(tb testing.TB, files fs.FS) {
	tb.Helper()
	require.NoError(tb, fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".html" {
			return err
		}
		src, err := fs.ReadFile(files, name)
		require.NoError(tb, err)
		require.Empty(tb, page.Inline(string(src)), "%s holds something inline", name)
		return nil
	}))
}

func zero(sample any) any {
	if sample == nil {
		return nil
	}
	return reflect.Zero(reflect.TypeOf(sample)).Interface()
}

// hostile returns a value of the sample's type with every text hostile, every list two long.
func hostile(sample any) any {
	if sample == nil {
		return nil
	}
	v := reflect.New(reflect.TypeOf(sample)).Elem()
	fill(v, 6)
	return v.Interface()
}

func fill(v reflect.Value, depth int) {
	if depth == 0 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(Hostile)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth-1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), depth-1)
		fill(v.Index(1), depth-1)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), depth-1)
		}
	case reflect.Map:
		fillMap(v, depth)
	case reflect.Struct:
		fillStruct(v, depth)
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(Hostile))
		}
	default: // channels and functions hold no text
	}
}

func fillMap(v reflect.Value, depth int) {
	key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	fill(key, depth-1)
	fill(elem, depth-1)
	v.Set(reflect.MakeMap(v.Type()))
	v.SetMapIndex(key, elem)
}

func fillStruct(v reflect.Value, depth int) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(Now))
		return
	}
	for i := range v.NumField() {
		fill(v.Field(i), depth-1)
	}
}
