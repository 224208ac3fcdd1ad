package login_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/admin/staff"
	"caconsole/admin/throttle"
	"caconsole/rbac"
	"caconsole/ui/guard"
	"caconsole/ui/login"
	"caconsole/ui/page"
	uistaff "caconsole/ui/staff"
	"caconsole/ui/static"
)

// house is a console with log-in and the staff screen on a real database.
type house struct {
	t        *testing.T
	app      *fiber.App
	accounts *staff.Accounts
	now      time.Time
	cookies  map[string]string
}

func openHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 11, 22, 2, 31, 7, 0, time.UTC), cookies: map[string]string{}}
	clock := func() time.Time { return h.now }
	text, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(text)
	require.NoError(t, err)
	key, err := ring.CheckpointKey()
	require.NoError(t, err)
	db := pgtest.New(t)
	log := audit.New(db, key, clock)
	h.accounts = staff.New(staff.Options{
		DB: db, Ring: ring, Limiter: throttle.New(db, clock), Audit: log, Now: clock, Exclusive: rbac.CheckRoles,
		Cost: &argon2id.Params{Memory: 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	assets, err := static.New()
	require.NoError(t, err)
	permissions := func(_ context.Context, roles []string) map[string]bool {
		return map[string]bool{rbac.StaffView: roles[0] == rbac.SecurityAdmin, rbac.StaffManage: roles[0] == rbac.SecurityAdmin}
	}
	h.app = fiber.New(fiber.Config{Immutable: true})
	r := page.NewRouter(h.app, page.Deps{
		Assets: assets, Guard: guard.New(h.accounts, permissions, log), Logger: slog.New(slog.DiscardHandler),
		Now: clock, Env: page.Environment{Name: "test"},
	})
	login.Routes(r, login.Deps{Accounts: h.accounts})
	uistaff.Routes(r, uistaff.Deps{Accounts: h.accounts})
	require.NoError(t, r.Ready())
	return h
}

func (h *house) send(r *http.Request) (int, string, string) {
	h.t.Helper()
	for k, v := range h.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	res, err := h.app.Test(r, -1)
	require.NoError(h.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(h.t, err)
	for _, c := range res.Cookies() {
		h.cookies[c.Name] = c.Value
	}
	return res.StatusCode, res.Header.Get("Location"), string(body)
}

func (h *house) get(path string) (int, string, string) {
	return h.send(httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends a form with the token of a page.
func (h *house) post(page, path string, form url.Values) (int, string, string) {
	h.t.Helper()
	_, _, body := h.get(page)
	_, after, ok := strings.Cut(body, `name="csrf" value="`)
	require.True(h.t, ok, "%s has no form", page)
	form.Set("csrf", strings.SplitN(after, `"`, 2)[0])
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.send(r)
}

func (h *house) hire(name, no, role string) (staff.Member, seal.Secret) {
	h.t.Helper()
	m, secret, err := h.accounts.Create(h.t.Context(), actor.Job("test"), staff.NewMember{
		Login: name, Name: name, No: no, Roles: []string{role}, Password: "correct horse battery", AllProjects: true,
	})
	require.NoError(h.t, err)
	return m, secret
}

func (h *house) enter(name string, secret seal.Secret) (int, string, string) {
	h.t.Helper()
	h.now = h.now.Add(time.Minute)
	code, err := staff.Code(secret, h.now)
	require.NoError(h.t, err)
	return h.post("/login?next=/staff", "/login", url.Values{
		"login": {name}, "password": {"correct horse battery"}, "code": {code}, "next": {"/staff"},
	})
}

// Log-in, permission, suspension and log-out from the outside, with nothing made up but the roles' permissions.
func TestThroughTheDoor(t *testing.T) {
	h := openHouse(t)
	reviewer, reviewerSecret := h.hire("reviewer", "0217", rbac.Reviewer)
	_, adminSecret := h.hire("admin", "0511", rbac.SecurityAdmin)

	status, to, _ := h.get("/staff")
	require.Equal(t, 303, status)
	require.Equal(t, "/login?next=%2Fstaff", to)

	status, to, _ = h.enter("reviewer", reviewerSecret)
	require.Equal(t, []any{303, "/staff"}, []any{status, to})
	status, _, body := h.get("/staff")
	require.Equal(t, 403, status)
	require.Contains(t, body, "没有权限")
	reviewersToken := h.cookies["caconsole_session"]

	h.cookies = map[string]string{}
	status, _, _ = h.enter("admin", adminSecret)
	require.Equal(t, 303, status)
	_, _, body = h.get("/staff")
	require.Contains(t, body, "这是你第一次登录")
	require.Contains(t, body, "reviewer")
	status, _, _ = h.post("/staff", "/staff/"+reviewer.ID.String()+"/state", url.Values{"state": {staff.Suspended}})
	require.Equal(t, 303, status)
	admins := h.cookies["caconsole_session"]

	h.cookies = map[string]string{"caconsole_session": reviewersToken}
	status, _, _ = h.get("/staff")
	require.Equal(t, 303, status, "the suspended person's session has ended")
	status, _, body = h.enter("reviewer", reviewerSecret)
	require.Equal(t, 401, status)
	require.Contains(t, body, "没有登录")

	h.cookies = map[string]string{"caconsole_session": admins}
	status, to, _ = h.post("/staff", "/logout", url.Values{})
	require.Equal(t, []any{303, "/login"}, []any{status, to})
	h.cookies = map[string]string{"caconsole_session": admins}
	status, _, _ = h.get("/staff")
	require.Equal(t, 303, status, "the old token is worth nothing")
}
