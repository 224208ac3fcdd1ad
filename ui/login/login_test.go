package login

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/staff"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// door lets in whoever knows the password.
type door struct{ left []string }

func (d *door) Login(_ context.Context, in staff.LoginInput) (string, staff.Member, error) {
	switch in.Password.Reveal() {
	case "right":
		return "token", staff.Member{Login: in.Login, LastLoginAt: pagetest.Now.Add(-time.Hour), LastLoginIP: "10.20.4.31"}, nil
	case "often":
		return "", staff.Member{}, &fault.Error{Kind: fault.Limited, Key: "login_refused", RetryAfter: time.Minute}
	case "busy":
		return "", staff.Member{}, fault.Down("login_busy", 5*time.Second, nil)
	}
	return "", staff.Member{}, fault.New(fault.Unauthenticated, "login_refused", nil)
}

func (d *door) Logout(_ context.Context, _ actor.Actor, token string) error {
	d.left = append(d.left, token)
	return nil
}

func TestPages(t *testing.T) {
	pagetest.Pages(t, "login", files, map[string]any{"login/login": Form{Login: "lixiaowen"}})
}

// visitor is a browser without a session.
type visitor struct {
	*pagetest.Site
	cookie string
	token  string
}

func visit(t *testing.T, d *door, target string) *visitor {
	t.Helper()
	s := pagetest.New(t, nil, func(r *page.Router) { Routes(r, Deps{Accounts: d}) })
	res := s.Send(httptest.NewRequest(http.MethodGet, target, nil))
	require.Equal(t, 200, res.Status)
	_, after, ok := strings.Cut(res.Body, `name="csrf" value="`)
	require.True(t, ok)
	return &visitor{Site: s, cookie: strings.SplitN(res.Header.Get("Set-Cookie"), ";", 2)[0], token: strings.SplitN(after, `"`, 2)[0]}
}

func (v *visitor) enter(form url.Values) pagetest.Response {
	form.Set("csrf", v.token)
	r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", v.cookie)
	return v.Send(r)
}

func TestLogin(t *testing.T) {
	v := visit(t, &door{}, "/login?next=/queue")
	res := v.enter(url.Values{"login": {"lixiaowen"}, "password": {"right"}, "code": {"123456"}, "next": {"/queue"}})
	require.Equal(t, 303, res.Status)
	require.Equal(t, "/queue", res.Header.Get("Location"))
	cookies := strings.Join(res.Header.Values("Set-Cookie"), "\n")
	require.Contains(t, cookies, "caconsole_session=token; max-age=43200; path=/; HttpOnly; SameSite=Lax")
	require.Contains(t, cookies, "caconsole_visitor=;")

	res = v.enter(url.Values{"login": {"lixiaowen"}, "password": {"right"}, "code": {"123456"}, "next": {"//evil.test"}})
	require.Equal(t, "/home", res.Header.Get("Location"))
}

func TestRefusedIsOneSentence(t *testing.T) {
	v := visit(t, &door{}, "/login")
	wrong := v.enter(url.Values{"login": {"lixiaowen"}, "password": {"wrong"}, "code": {"1"}})
	often := v.enter(url.Values{"login": {"lixiaowen"}, "password": {"often"}, "code": {"1"}})
	require.Equal(t, 401, wrong.Status)
	require.Equal(t, 401, often.Status)
	require.Empty(t, often.Header.Get("Retry-After"))
	require.Contains(t, wrong.Body, "没有登录")
	require.Contains(t, wrong.Body, `value="lixiaowen"`, "the login is kept")
	require.NotContains(t, wrong.Body, "wrong", "the password is not")
	require.Equal(t, 503, v.enter(url.Values{"login": {"a"}, "password": {"busy"}, "code": {"1"}}).Status)
	require.Equal(t, 422, v.enter(url.Values{"login": {"a"}}).Status)

	v.cookie = ""
	require.Equal(t, 403, v.enter(url.Values{"login": {"a"}, "password": {"right"}, "code": {"1"}}).Status, "a form from elsewhere")
}

func TestLogout(t *testing.T) {
	d := &door{}
	s := pagetest.New(t, nil, func(r *page.Router) { Routes(r, Deps{Accounts: d}) })
	res := s.Post("/logout", nil)
	require.Equal(t, 303, res.Status)
	require.Equal(t, "/login", res.Header.Get("Location"))
	require.Equal(t, []string{"pagetest"}, d.left)
	require.Contains(t, strings.Join(res.Header.Values("Set-Cookie"), "\n"), "caconsole_session=;")
}
