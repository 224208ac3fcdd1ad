package page_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// files is a small area: one page with a fragment and a form.
var files = fstest.MapFS{
	"list.html": {Data: []byte(`{{define "title"}}{{t "x.title"}}{{end}}
{{define "content"}}{{template "rows" .}}<form method="post" action="/x">{{template "csrf" .}}<input name="name" value="{{.Data.Name}}">{{template "field-error" (.Page.FieldError "name")}}</form>{{end}}
{{define "rows"}}<p id="rows">{{.Data.Name}}</p>{{end}}`)},
	"zh.json": {Data: []byte(`{"x.title":"样例","x.saved":"已保存 {{.name}}"}`)},
	"en.json": {Data: []byte(`{"x.title":"Sample","x.saved":"Saved {{.name}}"}`)},
}

type sample struct{ Name string }

type form struct {
	Name string `form:"name" validate:"required,max=5"`
}

func area(r *page.Router) {
	r.Templates("x", files)
	r.Get("/x", "x:view", func(c *page.Ctx) error { return c.Render("x/list", sample{c.Query("name")}) })
	r.Post("/x", "x:view", func(c *page.Ctx) error {
		var f form
		if err := c.Bind(&f); err != nil {
			return c.Refuse(err, "x/list", sample{c.Form("name")})
		}
		return c.Redirect("/x", "x.saved", map[string]any{"name": f.Name})
	}, page.MaxBody(1<<10))
	r.Get("/fail/:kind", "x:view", func(c *page.Ctx) error { return failures[c.Param("kind")] })
	r.Get("/panic", "x:view", func(*page.Ctx) error { panic("secret 13800138000") })
	r.Get("/other", "other:view", func(c *page.Ctx) error { return c.Render("x/list", sample{}) })
}

var failures = map[string]error{
	"invalid":     fault.InvalidField("name", "field_required"),
	"not_found":   fault.New(fault.NotFound, "order_unknown", nil),
	"conflict":    fault.New(fault.Conflict, "renewal_open", nil),
	"limited":     &fault.Error{Kind: fault.Limited, Key: "too_many_attempts", RetryAfter: 90 * time.Second},
	"unavailable": fault.Down("vendor_down", 1500*time.Millisecond, errors.New("dial tcp 10.0.0.1")),
	"internal":    errors.New("pq: password is hunter2"),
}

func site(t *testing.T) *pagetest.Site {
	t.Helper()
	return pagetest.New(t, []string{"x:view"}, area)
}

func TestErrorPages(t *testing.T) {
	s := site(t)
	for kind, want := range map[string]int{
		"invalid": 422, "not_found": 404, "conflict": 409, "limited": 429, "unavailable": 503, "internal": 500,
	} {
		res := s.Get("/fail/" + kind)
		require.Equal(t, want, res.Status, kind)
		require.Contains(t, res.Body, res.Header.Get("X-Request-Id"), "the reader can quote the reference")
		require.NotContains(t, res.Body, "hunter2")
		require.NotContains(t, res.Body, "10.0.0.1")

		r := httptest.NewRequest(http.MethodGet, "/fail/"+kind, nil)
		r.Header.Set("HX-Request", "true")
		part := s.Do(r)
		require.Equal(t, want, part.Status)
		require.Equal(t, "#problem", part.Header.Get("HX-Retarget"))
		require.NotContains(t, part.Body, "<html")
	}
	require.Equal(t, "2", s.Get("/fail/unavailable").Header.Get("Retry-After"), "rounded up")
	require.Equal(t, 404, s.Get("/nowhere").Status)
	require.Equal(t, 403, s.Get("/other").Status)
	broken := s.Get("/panic")
	require.Equal(t, 500, broken.Status)
	require.NotContains(t, broken.Body, "13800138000")
}

func TestWithoutSession(t *testing.T) {
	s := site(t)
	res := s.Send(httptest.NewRequest(http.MethodGet, "/x?name=%E5%90%8D", nil))
	require.Equal(t, 303, res.Status)
	require.Equal(t, "/login?next="+url.QueryEscape("/x?name=%E5%90%8D"), res.Header.Get("Location"))

	res = s.Send(httptest.NewRequest(http.MethodPost, "/x", nil))
	require.Equal(t, 401, res.Status, "a form sent without a session says that nothing was saved")
	require.Contains(t, res.Body, "没有保存")

	r := httptest.NewRequest(http.MethodGet, "/x", nil)
	r.Header.Set("HX-Request", "true")
	require.Equal(t, "/login", s.Send(r).Header.Get("HX-Redirect"))
}

func TestFormToken(t *testing.T) {
	s := site(t)
	post := func(token string, headers ...string) int {
		r := httptest.NewRequest(http.MethodPost, "http://console.test/x",
			strings.NewReader(url.Values{"csrf": {token}, "name": {"abc"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return s.Do(r).Status
	}
	good := s.Get("/pagetest/token").Body
	require.NotEqual(t, good, s.Get("/pagetest/token").Body, "the token is masked anew each time")
	require.Equal(t, 303, post(good))
	require.Equal(t, 303, post(good, "Sec-Fetch-Site", "same-origin"))
	require.Equal(t, 303, post(good, "Origin", "http://console.test"))
	require.Equal(t, 403, post(good, "Sec-Fetch-Site", "cross-site"))
	require.Equal(t, 403, post(good, "Sec-Fetch-Site", "same-site"))
	require.Equal(t, 403, post(good, "Origin", "http://evil.test"))
	require.Equal(t, 403, post(good, "Origin", "null"))
	require.Equal(t, 403, post(""))
	require.Equal(t, 403, post("A"+good[1:]))

	other := s.Send(httptest.NewRequest(http.MethodGet, "/x", nil)) // another visitor's cookie
	require.NotEmpty(t, other.Header.Get("Location"))
}

func TestFormsAndFlash(t *testing.T) {
	s := site(t)
	res := s.Post("/x", url.Values{"name": {"  "}})
	require.Equal(t, 422, res.Status)
	require.Contains(t, res.Body, "必须填写")
	res = s.Post("/x", url.Values{"name": {"六个字的名称"}})
	require.Contains(t, res.Body, "最多 5 个字")
	require.Contains(t, res.Body, `value="六个字的名称"`, "what was typed is kept")
	require.Equal(t, 422, s.Post("/x", url.Values{"name": {strings.Repeat("x", 2000)}}).Status, "beyond the route's limit")

	res = s.Post("/x", url.Values{"name": {"<b>x"}})
	require.Equal(t, 303, res.Status)
	r := httptest.NewRequest(http.MethodGet, "/x", nil)
	r.Header.Set("Cookie", strings.SplitN(res.Header.Get("Set-Cookie"), ";", 2)[0])
	next := s.Do(r)
	require.Contains(t, next.Body, "已保存 &lt;b&gt;x")
	require.Contains(t, next.Header.Get("Set-Cookie"), "caconsole_flash=;", "shown once")
}

func TestFragmentOfTarget(t *testing.T) {
	s := site(t)
	require.Equal(t, `<p id="rows">a</p>`, s.Fragment("/x?name=a", "rows").Body)
	require.Contains(t, s.Fragment("/x?name=a", "unknown").Body, "<form", "without such a definition: the content")
	require.NotContains(t, s.Fragment("/x?name=a", "unknown").Body, "<html")
}

func TestPreferences(t *testing.T) {
	s := site(t)
	res := s.Post("/preferences/language", url.Values{"value": {"en"}, "back": {"/x?a=1"}})
	require.Equal(t, "/x?a=1", res.Header.Get("Location"))
	require.Contains(t, res.Header.Get("Set-Cookie"), "caconsole_lang=en")
	for _, evil := range []string{"//evil.test", "https://evil.test", `/\evil.test`, "/a\nb", ""} {
		require.Equal(t, "/", s.Post("/preferences/theme", url.Values{"value": {"dark"}, "back": {evil}}).Header.Get("Location"), evil)
	}
	s.Lang = "en"
	require.Contains(t, s.Get("/x").Body, "Sample")
}

func TestHeaders(t *testing.T) {
	h := site(t).Get("/x").Header
	require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
	require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe")
	require.Equal(t, "no-store", h.Get("Cache-Control"))
	require.Equal(t, "same-origin", h.Get("Referrer-Policy"))
	require.Len(t, h.Get("X-Request-Id"), 10)
}

func TestRoutesNeedPermission(t *testing.T) {
	s := site(t)
	for _, r := range s.Router.Routes() {
		if r.Permission == "" {
			require.Contains(t, []string{"/preferences/language", "/preferences/theme"}, r.Path)
		}
	}
	s.Router.Get("/naked", "", func(*page.Ctx) error { return nil })
	require.Error(t, s.Router.Ready())
}

func TestBrokenAreasStopTheStart(t *testing.T) {
	for name, src := range map[string]string{
		"no content":       `{{define "title"}}x{{end}}`,
		"missing sentence": `{{define "title"}}{{t "no.such"}}{{end}}{{define "content"}}{{end}}`,
		"missing icon":     `{{define "title"}}x{{end}}{{define "content"}}{{if .Data}}{{icon "unicorn"}}{{end}}{{end}}`,
		"syntax":           `{{define "title"}}{{end}`,
	} {
		s := site(t)
		s.Router.Templates("broken", fstest.MapFS{"a.html": {Data: []byte(src)}})
		require.Error(t, s.Router.Ready(), name)
	}
	s := site(t)
	s.Router.Templates("twice", fstest.MapFS{"zh.json": {Data: []byte(`{"x.title":"再来"}`)}})
	require.NoError(t, s.Router.Ready())
	require.Contains(t, strings.Join(s.Router.Gaps(), "\n"), "x.title is defined twice in zh")
}

func TestSharedTemplates(t *testing.T) {
	pagetest.Sources(t, os.DirFS("templates"))
	pagetest.Pages(t, "x", files, map[string]any{"x/list": sample{Name: "阳江"}})
	require.Empty(t, page.Inline(`<p class="a" title="one">`))
	for _, bad := range []string{
		`<p style="x">`, `<a onclick="x">`, `<script>x</script>`, `<div hx-on:click="x">`, `<a hx-vals="js:{}">`, `<a hx-trigger="click[x]">`,
	} {
		require.NotEmpty(t, page.Inline(bad), bad)
	}
}

func TestWhatFiberRefusesHasAPageToo(t *testing.T) {
	t.Parallel()
	s := site(t)
	app := fiber.New(fiber.Config{ErrorHandler: s.Router.Refused})
	app.Post("/x", func(*fiber.Ctx) error { return fiber.ErrRequestEntityTooLarge })
	app.Get("/x", func(*fiber.Ctx) error { return fiber.ErrBadRequest })
	app.Get("/y", func(*fiber.Ctx) error { return errors.New("pq: password is hunter2") })
	for _, c := range []struct {
		method, path string
		status       int
		says         string
	}{
		{http.MethodPost, "/x", http.StatusUnprocessableEntity, "内容超过"},
		{http.MethodGet, "/x", http.StatusUnprocessableEntity, "请求无法读取"},
		{http.MethodGet, "/y", http.StatusInternalServerError, ""},
	} {
		res, err := app.Test(httptest.NewRequest(c.method, c.path, nil), -1)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, c.status, res.StatusCode, "%s %s", c.method, c.path)
		require.Contains(t, string(body), c.says)
		require.NotContains(t, string(body), "hunter2")
	}
	require.Equal(t, 1<<10, s.Router.BodyLimit(http.MethodPost, "/x?next=1"))
	require.Equal(t, 1<<20, s.Router.BodyLimit(http.MethodPost, "/elsewhere"))
}
