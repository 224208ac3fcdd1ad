// Package login is the way in and out: password and one-time code.
package login

import (
	"context"
	"embed"
	"net/http"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/seal"
	"caconsole/admin/staff"
	"caconsole/ui/page"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Accounts lets people in and out; package staff has them.
type Accounts interface {
	Login(ctx context.Context, in staff.LoginInput) (token string, m staff.Member, err error)
	Logout(ctx context.Context, a actor.Actor, token string) error
}

// Deps are what the pages work with.
type Deps struct {
	Accounts Accounts
}

// Routes adds the log-in page, its form and the log-out.
func Routes(r *page.Router, d Deps) {
	r.Templates("login", files)
	r.Public(http.MethodGet, "/login", d.show)
	r.Public(http.MethodPost, "/login", d.enter)
	r.Post("/logout", page.LoggedIn, d.leave)
}

// Form is the page: what was typed, without password and code.
type Form struct {
	Login   string
	Next    string
	Refused string // why nobody was let in, a sentence
}

type entry struct {
	Login    string `form:"login" validate:"required,max=60"`
	Password string `form:"password" validate:"required,max=200" trim:"no"`
	Code     string `form:"code" validate:"required,max=12"`
	Next     string `form:"next"`
}

func (d Deps) show(c *page.Ctx) error {
	return c.Render("login/login", Form{Next: page.LocalPath(c.Query("next"))})
}

// enter logs in. Whatever was wrong, and however often, the answer is the same sentence with the same status.
func (d Deps) enter(c *page.Ctx) error {
	var in entry
	if err := c.Bind(&in); err != nil {
		return c.Refuse(err, "login/login", Form{Login: in.Login, Next: page.LocalPath(in.Next)})
	}
	token, m, err := d.Accounts.Login(c.Context(), staff.LoginInput{
		Login: in.Login, Password: seal.Secret(in.Password), Code: seal.Secret(in.Code), IP: c.IP(),
		UserAgent: c.UserAgent(), RequestID: c.RequestID(), Replaces: c.SessionToken(),
	})
	if fault.HasKey(err, "login_refused") {
		c.Status(http.StatusUnauthorized)
		return c.Render("login/login", Form{Login: in.Login, Next: page.LocalPath(in.Next), Refused: c.T("login_refused", nil)})
	}
	if err != nil {
		return c.Refuse(err, "login/login", Form{Login: in.Login, Next: page.LocalPath(in.Next)})
	}
	c.StartSession(token, staff.Lifetime)
	next := page.LocalPath(in.Next)
	if next == "" {
		next = "/home"
	}
	if m.LastLoginAt.IsZero() {
		return c.Redirect(next, "login.first")
	}
	return c.Redirect(next, "login.last", map[string]any{"at": m.LastLoginAt, "ip": m.LastLoginIP})
}

func (d Deps) leave(c *page.Ctx) error {
	if err := d.Accounts.Logout(c.Context(), c.Actor(), c.SessionToken()); err != nil {
		return err
	}
	c.EndSession()
	return c.Redirect("/login", "login.left")
}
