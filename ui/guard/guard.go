// Package guard decides who may open a staff page: it resolves the session of a request and checks the route's
// permission. Package page asks it for every route.
package guard

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/staff"
	"caconsole/ui/page"
)

// Sessions finds the person behind a token; package staff has them.
type Sessions interface {
	// Resume fails with Unauthenticated where there is no live session.
	Resume(ctx context.Context, token string) (staff.Session, staff.Member, error)
}

// Record takes refusals; package audit has it.
type Record interface {
	Refused(ctx context.Context, a actor.Actor, e audit.Entry) error
}

// Guard admits people by session and permission.
type Guard struct {
	sessions    Sessions
	permissions func(ctx context.Context, roles []string) map[string]bool
	record      Record
}

// New makes a guard. permissions computes what a set of roles may do; it is asked once a request.
func New(s Sessions, permissions func(ctx context.Context, roles []string) map[string]bool, r Record) *Guard {
	return &Guard{sessions: s, permissions: permissions, record: r}
}

// Admit implements page.Guard. A refused permission is written to the audit log before the answer goes out.
// Errors: Unauthenticated "session_missing", Forbidden "permission_missing".
func (g *Guard) Admit(ctx context.Context, in page.Admission) (page.Identity, error) {
	s, m, err := g.sessions.Resume(ctx, in.Token)
	if err != nil {
		return page.Identity{}, err
	}
	id := page.Identity{
		Actor: actor.Actor{
			Kind: actor.Staff, ID: m.ID, Name: m.Login, Projects: m.Projects, AllProjects: m.AllProjects,
			Permissions: g.permissions(ctx, m.Roles), SessionID: s.ID, RequestID: in.RequestID, IP: in.IP,
		},
		Name: m.Name, No: m.No, Roles: m.Roles, LastLoginAt: m.LastLoginAt, LastLoginIP: m.LastLoginIP,
	}
	if in.Permission == page.LoggedIn || id.Actor.Can(in.Permission) {
		return id, nil
	}
	err = g.record.Refused(ctx, id.Actor, audit.Entry{
		Action: "access.refuse", Object: "route:" + in.Method + " " + in.Path, Reason: in.Permission,
	})
	if err != nil {
		return id, err
	}
	return id, fault.New(fault.Forbidden, "permission_missing", nil)
}
