package guard_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/staff"
	"caconsole/ui/guard"
	"caconsole/ui/page"
)

type sessions map[string]staff.Member

func (s sessions) Resume(_ context.Context, token string) (staff.Session, staff.Member, error) {
	m, ok := s[token]
	if !ok {
		return staff.Session{}, staff.Member{}, fault.New(fault.Unauthenticated, "session_missing", nil)
	}
	return staff.Session{ID: uuid.MustParse("01930000-0000-7000-8000-00000000aaaa")}, m, nil
}

type record struct {
	entries []audit.Entry
	err     error
}

func (r *record) Refused(_ context.Context, _ actor.Actor, e audit.Entry) error {
	r.entries = append(r.entries, e)
	return r.err
}

func permissions(_ context.Context, roles []string) map[string]bool {
	return map[string]bool{"queue:view": len(roles) > 0 && roles[0] == "reviewer"}
}

func TestAdmit(t *testing.T) {
	known := sessions{"t": {ID: uuid.New(), Login: "lixiaowen", Name: "李晓雯", No: "0217", Roles: []string{"reviewer"}, AllProjects: true}}
	rec := &record{}
	g := guard.New(known, permissions, rec)
	ask := func(token, permission string) (page.Identity, error) {
		return g.Admit(t.Context(), page.Admission{Token: token, Permission: permission, Method: "GET", Path: "/queue", IP: "10.0.0.1", RequestID: "r"})
	}
	_, err := ask("", "queue:view")
	require.True(t, fault.Is(err, fault.Unauthenticated))
	require.Empty(t, rec.entries)

	id, err := ask("t", "queue:view")
	require.NoError(t, err)
	require.Equal(t, "lixiaowen", id.Actor.Name)
	require.Equal(t, "10.0.0.1", id.Actor.IP)
	require.NotEqual(t, uuid.Nil, id.Actor.SessionID)

	id, err = ask("t", "audit:view")
	require.True(t, fault.Is(err, fault.Forbidden))
	require.Equal(t, "李晓雯", id.Name, "the refusal has its frame")
	require.Equal(t, []audit.Entry{{Action: "access.refuse", Object: "route:GET /queue", Reason: "audit:view"}}, rec.entries)

	_, err = ask("t", page.LoggedIn)
	require.NoError(t, err)

	rec.err = errors.New("log is down")
	_, err = ask("t", "audit:view")
	require.ErrorIs(t, err, rec.err, "a refusal that cannot be recorded is an error of its own")
}
