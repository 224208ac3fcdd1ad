package staff

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/staff"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// people is a staff in memory.
type people struct {
	lines []staff.Line
	calls []string
}

func (p *people) List(context.Context) ([]staff.Line, error) { return p.lines, nil }

func (p *people) SetState(_ context.Context, a actor.Actor, id uuid.UUID, state string) error {
	if a.ID == id {
		return fault.New(fault.Forbidden, "staff_self", nil)
	}
	p.calls = append(p.calls, state)
	return nil
}

func (p *people) RevokeAll(context.Context, actor.Actor, uuid.UUID) (int, error) {
	p.calls = append(p.calls, "revoke")
	return 2, nil
}

var (
	self  = uuid.MustParse("01930000-0000-7000-8000-000000000217") // pagetest's visitor
	other = uuid.MustParse("01930000-0000-7000-8000-000000000132")
)

func crew() *people {
	line := func(id uuid.UUID, name, no, state string, sessions int, roles ...string) staff.Line {
		return staff.Line{Member: staff.Member{ID: id, Login: "u" + no, Name: name, No: no, State: state, Roles: roles, OnDuty: true}, Sessions: sessions}
	}
	return &people{lines: []staff.Line{
		line(other, "王海涛", "0132", staff.Active, 2, "reviewer"),
		line(self, "李晓雯", "0217", staff.Active, 1, "security_admin"),
		line(uuid.New(), "孙立群", "0268", staff.Suspended, 0, "finance"),
	}}
}

func site(t *testing.T, p *people, permissions ...string) *pagetest.Site {
	t.Helper()
	return pagetest.New(t, permissions, func(r *page.Router) { Routes(r, Deps{Accounts: p}) })
}

func TestPages(t *testing.T) {
	pagetest.Pages(t, "staff", files, map[string]any{"staff/staff": Screen{Rows: []Row{{Line: staff.Line{Sessions: 1}}}, Manage: true, Rules: rules}})
}

func TestList(t *testing.T) {
	s := site(t, crew(), rbac.StaffView)
	body := s.Get("/staff").Body
	require.Contains(t, body, "王海涛")
	require.Contains(t, body, "0 人冲突")
	require.NotContains(t, body, "/revocations", "an auditor looks on")

	body = s.Get("/staff?tab=suspended").Body
	require.NotContains(t, body, "王海涛")
	require.Contains(t, body, "孙立群")
	require.Contains(t, s.Get("/staff?role=reviewer").Body, "王海涛")
	require.NotContains(t, s.Get("/staff?who=0217").Body, "王海涛")
	require.Contains(t, s.Get("/staff?who=nobody").Body, "没有符合条件的人员")
}

func TestConflictsAreShown(t *testing.T) {
	p := crew()
	p.lines[0].Roles = []string{"reviewer", "issuer"}
	require.Contains(t, site(t, p, rbac.StaffView).Get("/staff").Body, "1 人冲突")
}

func TestActs(t *testing.T) {
	p := crew()
	s := site(t, p, rbac.StaffView, rbac.StaffManage)
	require.Equal(t, 2, strings.Count(s.Get("/staff").Body, "/state"), "not for oneself")
	path := "/staff/" + other.String()
	res := s.Post(path+"/state", url.Values{"state": {"suspended"}, "back": {"/staff?tab=sessions"}})
	require.Equal(t, "/staff?tab=sessions", res.Header.Get("Location"))
	res = s.Post(path+"/revocations", url.Values{"back": {"https://evil.test/staff"}})
	require.Equal(t, "/staff", res.Header.Get("Location"))
	require.Equal(t, []string{"suspended", "revoke"}, p.calls)

	require.Equal(t, 422, s.Post(path+"/state", url.Values{"state": {"gone"}}).Status)
	require.Equal(t, 404, s.Post("/staff/x/state", url.Values{"state": {"active"}}).Status)
	require.Equal(t, 403, s.Post("/staff/"+self.String()+"/state", url.Values{"state": {"suspended"}}).Status)
	require.Equal(t, 403, site(t, p, rbac.StaffView).Post(path+"/state", url.Values{"state": {"suspended"}}).Status)
}
