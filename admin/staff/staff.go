// Package staff keeps the accounts of the people behind the console: who they are and which roles they hold, how they
// log in (password and one-time code), and their sessions.
//
// What a role permits is not known here (package rbac); which roles one person may not hold together comes in as a
// function.
package staff

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// States of an account.
const (
	Active    = "active"
	Suspended = "suspended" // cannot log in, has no session; the record of what the person did stays
)

// minPassword is the shortest password that is accepted, in characters.
const minPassword = 12

// Member is one person.
type Member struct {
	ID          uuid.UUID
	Login       string
	Name        string
	No          string // staff number, as it stands beside the name on every screen
	Roles       []string
	State       string
	OnDuty      bool
	Projects    []uuid.UUID // ignored where AllProjects
	AllProjects bool
	// LastLoginAt and LastLoginIP describe the last login; in the answer to Login and in a Session the one before it.
	LastLoginAt time.Time
	LastLoginIP string
}

// Limiter counts attempts; package throttle has one. Take fails with Limited "too_many_attempts".
type Limiter interface {
	Take(ctx context.Context, bucket string, limit int, per time.Duration) error
	Reset(ctx context.Context, bucket string) error
}

// Options are what accounts need. All fields but Cost are required.
type Options struct {
	DB      *pg.DB
	Ring    *seal.Ring
	Limiter Limiter
	Audit   *audit.Log
	Now     func() time.Time
	// Exclusive refuses a set of roles that one person may not hold together.
	Exclusive func(roles []string) error
	// Cost is the price of a password; nil means 64 MiB.
	Cost *argon2id.Params
}

// Accounts is the staff of one installation.
type Accounts struct {
	db        *pg.DB
	ring      *seal.Ring
	limiter   Limiter
	audit     *audit.Log
	now       func() time.Time
	exclusive func([]string) error
	passwords *passwords
	ended     SessionEnded
}

// SessionEnded is told, in the transaction that ends it, that a session of a person has ended, or all of theirs where
// session is zero.
type SessionEnded func(ctx context.Context, tx pg.Tx, by actor.Actor, staffID, session uuid.UUID) error

// OnSessionEnd says what else ends with a session. Call it before the accounts are used.
func (s *Accounts) OnSessionEnd(do SessionEnded) { s.ended = do }

func (s *Accounts) sessionEnded(ctx context.Context, tx pg.Tx, by actor.Actor, staffID, session uuid.UUID) error {
	if s.ended == nil {
		return nil
	}
	return s.ended(ctx, tx, by, staffID, session)
}

// New makes the accounts of a database.
func New(o Options) *Accounts {
	return &Accounts{
		db: o.DB, ring: o.Ring, limiter: o.Limiter, audit: o.Audit, now: o.Now, exclusive: o.Exclusive,
		passwords: newPasswords(o.Cost),
	}
}

// NewMember is an account to be made.
type NewMember struct {
	Login       string // a-z, 0-9 and _.- after a letter, 2 to 40 long
	Name        string
	No          string // digits and capitals, at most 12
	Roles       []string
	Password    seal.Secret // at least 12 characters
	Projects    []uuid.UUID
	AllProjects bool
}

var (
	loginForm = regexp.MustCompile(`^[a-z][a-z0-9_.-]{1,39}$`)
	noForm    = regexp.MustCompile(`^[0-9A-Z]{1,12}$`)
)

func (n NewMember) check() error {
	var wrong []fault.Field
	if !loginForm.MatchString(n.Login) {
		wrong = append(wrong, fault.Field{Name: "login", Key: "staff_login_form"})
	}
	if !noForm.MatchString(n.No) {
		wrong = append(wrong, fault.Field{Name: "no", Key: "staff_no_form"})
	}
	if l := utf8.RuneCountInString(n.Name); l == 0 || l > 60 {
		wrong = append(wrong, fault.Field{Name: "name", Key: "staff_name_form"})
	}
	if utf8.RuneCountInString(n.Password.Reveal()) < minPassword {
		wrong = append(wrong, fault.Field{Name: "password", Key: "staff_password_short", Args: fault.Args{"limit": minPassword}})
	}
	if len(n.Roles) == 0 {
		wrong = append(wrong, fault.Field{Name: "roles", Key: "staff_roles_none"})
	}
	if len(wrong) > 0 {
		return fault.InvalidFields(wrong...)
	}
	return nil
}

// Create makes an account and returns it with the secret of its one-time codes (base 32), which is shown once.
// Errors: Invalid with fields, Conflict "staff_login_taken" or "staff_no_taken", and what Exclusive refuses.
func (s *Accounts) Create(ctx context.Context, a actor.Actor, n NewMember) (Member, seal.Secret, error) {
	if err := n.check(); err != nil {
		return Member{}, "", err
	}
	if err := s.exclusive(n.Roles); err != nil {
		return Member{}, "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Member{}, "", fault.Wrap("random_unavailable", err)
	}
	cred, totp, err := s.credential(ctx, id, n.Password)
	if err != nil {
		return Member{}, "", err
	}
	roles := slices.Compact(slices.Sorted(slices.Values(n.Roles)))
	m := Member{
		ID: id, Login: n.Login, Name: n.Name, No: n.No, Roles: roles, State: Active, OnDuty: true,
		Projects: n.Projects, AllProjects: n.AllProjects,
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := insertMember(tx, m, cred, s.now()); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, s.now(), audit.Entry{
			Action: "staff.create", Object: object(n.Login), Details: map[string]any{"roles": strings.Join(roles, " ")},
		})
	})
	return m, totp, err
}

// Get returns one account. Error: NotFound "staff_unknown".
func (s *Accounts) Get(_ context.Context, q pg.Q, id uuid.UUID) (Member, error) {
	return loadMember(q, id)
}

// Line is an account as the list shows it.
type Line struct {
	Member
	Sessions int // live ones
}

// List returns all accounts by staff number. There are a few hundred at most.
func (s *Accounts) List(ctx context.Context) ([]Line, error) {
	return listMembers(s.db.Read(ctx), s.now().Add(-idle), s.now())
}

// SetState suspends an account or lets it in again; suspending ends its sessions in the same transaction.
// Errors: NotFound, Forbidden "staff_self" (nobody suspends or admits themselves), Conflict "staff_state_same".
func (s *Accounts) SetState(ctx context.Context, a actor.Actor, id uuid.UUID, state string) error {
	if a.ID == id {
		return fault.New(fault.Forbidden, "staff_self", nil)
	}
	if state != Active && state != Suspended {
		return fault.InvalidField("state", "staff_state_unknown")
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		m, err := loadMember(tx, id)
		if err != nil {
			return err
		}
		if err := setState(tx, id, state, s.now()); err != nil {
			return err
		}
		if state == Suspended {
			if _, err := endSessions(tx, id, "revoked", s.now()); err != nil {
				return err
			}
			if err := s.sessionEnded(ctx, tx, a, id, uuid.Nil); err != nil {
				return err
			}
		}
		return audit.Append(ctx, tx, a, s.now(), audit.Entry{
			Action: "staff.state", Object: object(m.Login), Details: map[string]any{"from": m.State, "to": state},
		})
	})
}

// object names an account in the audit log.
func object(login string) string { return "staff:" + login }
