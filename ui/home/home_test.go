package home

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/board"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

func TestPages(t *testing.T) {
	s := Screen{Now: pagetest.Now, AllZero: true, Tasks: []Task{{Kind: "resubmitted", No: "R26112200317", At: pagetest.Now}}}
	s.Shortcut = []Shortcut{{Icon: "list-check"}}
	pagetest.Pages(t, "home", files, map[string]any{"home/home": s})
}

func open(t *testing.T, desk Desk, permissions ...string) pagetest.Response {
	t.Helper()
	return pagetest.New(t, append(permissions, rbac.HomeView), func(r *page.Router) {
		Routes(r, Deps{Desk: func(context.Context, actor.Actor) (Desk, error) { return desk, nil }})
	}).Get("/home")
}

func TestNumbersByPermission(t *testing.T) {
	desk := Desk{Numbers: map[Number]board.Count{
		ToReview: {N: 1000, More: true}, DueSoon: {N: 5}, Unmatched: {N: 17}, ToIssue: {N: 9},
		SettledNotInvoiced: {N: 2}, OpenNotSigned: {N: 0},
	}}
	body := open(t, desk, rbac.QueueView, rbac.CaseClaim).Body
	require.Contains(t, body, "1,000&#43;")
	require.Contains(t, body, "领取下一单")
	require.NotContains(t, body, "待匹配到款", "a reviewer does not work from finance's numbers")

	body = open(t, desk, rbac.MatchingView, rbac.InvoiceView).Body
	require.Contains(t, body, "待匹配到款")
	require.Contains(t, body, "有例外")
	require.NotContains(t, body, "领取下一单")

	body = open(t, desk, rbac.IssuanceView).Body
	require.Contains(t, body, "应为 0 的都是 0", "a quiet screen when all is well")

	body = open(t, desk).Body
	require.Contains(t, body, "没有在等你的事")
}

func TestDeskFails(t *testing.T) {
	s := pagetest.New(t, []string{rbac.HomeView}, func(r *page.Router) {
		Routes(r, Deps{Desk: func(context.Context, actor.Actor) (Desk, error) { return Desk{}, errors.New("down") }})
	})
	require.Equal(t, 500, s.Get("/home").Status)
	require.Equal(t, "/home", s.Get("/").Header.Get("Location"))
}

// Every number the screen knows has its words.
func TestWords(t *testing.T) {
	pagetest.New(t, []string{rbac.HomeView}, func(r *page.Router) {
		r.Templates("home", files)
		r.Get("/words", page.LoggedIn, func(c *page.Ctx) error {
			for _, l := range append(append([]line{}, figures...), checks...) {
				require.NotEqual(t, "home."+string(l.number), word(c, l))
			}
			for _, d := range doors {
				require.NotContains(t, c.T("home.door."+d.name, nil), "home.")
			}
			return c.Redirect("/", "")
		})
	}).Get("/words")
}
