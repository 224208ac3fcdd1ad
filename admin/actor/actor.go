// Package actor says who acts: a member of staff, an applicant, a driver, a vendor's callback or the system itself,
// and in which projects. Every list and every get of the domains takes an actor and answers only within its scope.
package actor

import (
	"log/slog"
	"slices"

	"github.com/google/uuid"
)

// Kind is the sort of actor.
type Kind string

// The kinds of actor.
const (
	Staff     Kind = "staff"
	Applicant Kind = "applicant"
	Driver    Kind = "driver"
	Vendor    Kind = "vendor"
	System    Kind = "system"
)

// Actor is whoever a request or a job acts for. The zero value may see and do nothing.
type Actor struct {
	Kind Kind
	ID   uuid.UUID // staff or applicant id; zero for others
	// Name is what audit entries and lists show: a staff login, "applicant", a vendor's or job's name. Never a person's data.
	Name     string
	Projects []uuid.UUID // projects in scope; ignored where AllProjects
	// AllProjects opens every project: the system itself, and staff without a restriction.
	AllProjects bool
	Permissions map[string]bool // computed once per request by package rbac
	SessionID   uuid.UUID
	RequestID   string
	IP          string
}

// Job returns the system acting as a named job or command.
func Job(name string) Actor { return Actor{Kind: System, Name: name, AllProjects: true} }

// Can reports whether a permission is held. The system acts without permissions: its rules are in the code that runs.
func (a Actor) Can(permission string) bool { return a.Kind == System || a.Permissions[permission] }

// InScope reports whether a project is visible to the actor.
func (a Actor) InScope(project uuid.UUID) bool {
	return a.AllProjects || slices.Contains(a.Projects, project)
}

// LogValue logs who acted without anything personal.
func (a Actor) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", string(a.Kind)), slog.String("id", a.ID.String()), slog.String("name", a.Name))
}
