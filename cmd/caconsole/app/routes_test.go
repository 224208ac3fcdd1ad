package app

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/admin/staff"
	"caconsole/rbac"
	"caconsole/ui/intake"
	"caconsole/ui/page"
)

var update = flag.Bool("update", false, "write the golden files anew")

const password = "correct horse battery staple"

// console is the whole console on a database of its own, with nobody outside to call.
type console struct {
	*App
	t   *testing.T
	now time.Time
}

func open(t *testing.T) *console {
	t.Helper()
	c := &console{t: t, now: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)}
	dsn, _, read := pgtest.NewDSN(t)
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	texts := map[string]string{}
	for i, name := range notify.Templates {
		texts[string(name)] = fmt.Sprint(i)
	}
	c.App, err = New(t.Context(), Config{
		Store:       Store{Data: t.TempDir(), DatabaseURL: dsn, ReadURL: read, SealKeys: seal.Secret(keys)},
		Environment: Test, Web: Web{Listen: "127.0.0.1:0", PublicListen: "localhost:0"}, Signer: "/nowhere/signer.sock",
		Tencent: Tencent{SecretID: "id", SecretKey: "key", FaceRule: "1", SMSApp: "1", SMSSign: "s", SMSTemplate: texts},
		Nuonuo:  Nuonuo{AppKey: "k", AppSecret: "s", AccessToken: "t", TaxNo: "1"},
		SMTP:    SMTP{Address: "127.0.0.1:25", From: "a@example.cn"},
		Version: "0", Now: func() time.Time { return c.now }, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// visitor is somebody's browser; nobody's without a session.
type visitor struct {
	*console
	role    string
	cookies map[string]string
	token   string
}

func (v *visitor) send(method, target string, form url.Values) (int, http.Header, string) {
	v.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: value})
	}
	res, err := v.Staff.Test(r, -1)
	require.NoError(v.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	for _, k := range res.Cookies() {
		v.cookies[k.Name] = k.Value
	}
	return res.StatusCode, res.Header, string(body)
}

// csrf reads the form token of a page.
func (v *visitor) csrf(target string) string {
	v.t.Helper()
	_, _, body := v.send(http.MethodGet, target, nil)
	_, after, ok := strings.Cut(body, `name="csrf" value="`)
	require.True(v.t, ok, "%s has no form", target)
	token, _, _ := strings.Cut(after, `"`)
	return token
}

// hire makes a person of a role and logs them in through the door.
func (c *console) hire(role string) *visitor {
	c.t.Helper()
	_, secret, err := c.Flow.Staff.Create(c.t.Context(), actor.Job("test"), staff.NewMember{
		Login: role, Name: "张敏", No: fmt.Sprintf("%04d", 100+slices.Index(rbac.Roles(), role)), Roles: []string{role}, Password: password, AllProjects: true,
	})
	require.NoError(c.t, err)
	c.now = c.now.Add(time.Minute)
	code, err := staff.Code(secret, c.now)
	require.NoError(c.t, err)
	v := &visitor{console: c, role: role, cookies: map[string]string{}}
	status, _, _ := v.send(http.MethodPost, "/login", url.Values{
		"login": {role}, "password": {password}, "code": {code}, "csrf": {v.csrf("/login")},
	})
	require.Equal(c.t, http.StatusSeeOther, status, role)
	v.token = v.csrf("/home")
	return v
}

// example fills a route's parameters with what could stand there.
func example(path string) string {
	return strings.NewReplacer(":no", order.FormatNo(time.Now(), 1), ":id", uuid.NewString(), ":page", "1", ":which", "best_frame").Replace(path)
}

// TestEveryRouteByRole asks for every route as every role and as nobody: those the policy admits are never told they
// may not, all others always are, on a page with its frame; without a session one is sent to log in.
func TestEveryRouteByRole(t *testing.T) {
	c := open(t)
	routes := slices.DeleteFunc(slices.Clone(c.Routes), func(r page.Route) bool { return r.Permission == "" || r.Path == "/logout" })
	nobody := &visitor{console: c, cookies: map[string]string{}}
	for _, r := range routes {
		status, header, body := nobody.send(r.Method, example(r.Path), url.Values{})
		if r.Method == http.MethodGet {
			require.Equal(t, http.StatusSeeOther, status, r.Path)
			require.True(t, strings.HasPrefix(header.Get("Location"), "/login"), r.Path)
			continue
		}
		require.Equal(t, http.StatusUnauthorized, status, r.Path)
		require.Contains(t, body, "没有保存", r.Path)
	}
	used := map[string]bool{}
	for _, role := range rbac.Roles() {
		v := c.hire(role)
		held := c.policy.Permissions(context.Background(), []string{role})
		for _, r := range routes {
			name := role + " " + r.Method + " " + r.Path
			status, _, body := v.send(r.Method, example(r.Path), url.Values{"csrf": {v.token}})
			require.Less(t, status, 500, name)
			if held[r.Permission] || r.Permission == page.LoggedIn {
				require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, status, "%s\n%s", name, body)
				used[r.Permission] = true
				continue
			}
			require.Equal(t, http.StatusForbidden, status, name)
			require.Contains(t, body, `class="menu"`, name)
			require.Contains(t, body, r.Permission, name)
		}
		status, _, _ := v.send(http.MethodPost, "/logout", url.Values{"csrf": {v.token}})
		require.Equal(t, http.StatusSeeOther, status)
		status, _, _ = v.send(http.MethodGet, "/home", nil)
		require.Equal(t, http.StatusSeeOther, status, "after the log-out there is no session")
	}
	for _, r := range routes {
		require.True(t, used[r.Permission], "nobody may %s %s", r.Method, r.Path)
	}
}

// absurd are parameters nobody means.
var absurd = []string{
	"%00", "%00%00x", "%ff%fe", "..%2f..%2fetc%2fpasswd", "../../x", "%2e%2e/", "'%20OR%201=1--", "%3Cscript%3E", "%E2%80%AEx", "-1", "0", "99999999999999999999",
	"NaN", "%7B%7B.%7D%7D", strings.Repeat("A", 10<<10), strings.Repeat("%F0%9F%92%A9", 500), "00000000-0000-0000-0000-000000000000", "R2611230000", ";", "%25",
}

// TestAbsurdParameters puts nonsense into every parameter of every route, as people who may use it: nothing breaks.
func TestAbsurdParameters(t *testing.T) {
	c := open(t)
	people := map[string]*visitor{}
	for _, role := range []string{rbac.ReviewLead, rbac.Issuer, rbac.FinanceLead, rbac.HotlineLead, rbac.Auditor, rbac.SecurityAdmin, rbac.KeyOfficer} {
		people[role] = c.hire(role)
	}
	queries := []string{"tab", "no", "holder", "after", "before", "size", "stage", "q", "order", "id", "page", "paper", "fit", "line", "entry", "actor", "action", "object", "outcome", "title", "from", "role", "who", "next"}
	for _, r := range c.Routes {
		var may *visitor
		for role, v := range people {
			if r.Permission == page.LoggedIn || c.policy.Permissions(context.Background(), []string{role})[r.Permission] {
				may = v
			}
		}
		if may == nil || r.Path == "/logout" {
			continue
		}
		for _, x := range absurd {
			target := example(r.Path)
			if strings.Contains(r.Path, ":") {
				target = strings.NewReplacer(":no", x, ":id", x, ":page", x, ":which", x).Replace(r.Path)
			}
			if _, err := url.ParseRequestURI(target); err != nil || len(target) > 15<<10 {
				continue // no client can send it, or no server takes it
			}
			form := url.Values{"csrf": {may.token}}
			if r.Method == http.MethodGet && len(x) < 200 {
				target += "?" + strings.Join(queries, "="+x+"&") + "=" + x
			}
			plain, err := url.PathUnescape(x)
			require.NoError(t, err)
			for _, f := range []string{"orders", "message", "line", "no", "version", "digest", "checks", "items", "customer_text", "typed", "field", "reason", "last4", "q", "state", "tab"} {
				form.Set(f, plain)
			}
			status, _, _ := may.send(r.Method, target, form)
			require.Less(t, status, 500, "%s %s %q", r.Method, r.Path, x[:min(len(x), 40)])
		}
	}
}

// TestRoutesGolden holds the HTTP surface, each route with its permission, against the list that reviewers read.
func TestRoutesGolden(t *testing.T) {
	c := open(t)
	var lines []string
	known := map[string]bool{}
	add := func(method, path, permission string) {
		lines = append(lines, fmt.Sprintf("%-5s %-45s %s", method, path, permission))
		known[method+" "+path] = true
	}
	for _, r := range c.Routes {
		permission := r.Permission
		if permission == "" {
			permission = "public"
		}
		add(r.Method, r.Path, permission)
	}
	for _, r := range intake.Routes() {
		add(r.Method, r.Path, string(r.Permission))
	}
	add(http.MethodGet, "/static/*", "public")
	for _, app := range []*fiber.App{c.Staff, c.Public} {
		for _, r := range app.GetRoutes(true) {
			if r.Method != http.MethodHead {
				require.True(t, known[r.Method+" "+r.Path], "%s %s is on no list", r.Method, r.Path)
			}
		}
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[6:]+a, b[6:]+b) })
	got := strings.Join(lines, "\n") + "\n"
	const golden = "routes.golden.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "after a change of routes: go test ./cmd/caconsole/app -run Golden -update")
}
