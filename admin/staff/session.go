package staff

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// Resume finds the live session of a token and its member, with the roles as they are now: a role taken away, a
// suspension, a revocation count from the next request on.
// Error: Unauthenticated "session_missing".
func (s *Accounts) Resume(ctx context.Context, token string) (Session, Member, error) {
	if token == "" {
		return Session{}, Member{}, fault.New(fault.Unauthenticated, "session_missing", nil)
	}
	now := s.now()
	q := s.db.Read(ctx)
	row, m, err := loadSession(q, seal.Digest([]byte(token)))
	if err != nil {
		return Session{}, Member{}, err
	}
	if row.EndedAt != nil || !now.Before(row.ExpiresAt) || now.Sub(row.SeenAt) >= idle || m.State != Active {
		return Session{}, Member{}, fault.New(fault.Unauthenticated, "session_missing", nil)
	}
	if now.Sub(row.SeenAt) >= seenEvery {
		if err := touch(q, row.ID, now); err != nil {
			return Session{}, Member{}, err
		}
	}
	return Session{ID: row.ID, StartedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}, m, nil
}

// Logout ends the session of a token; one that has ended already is no error.
func (s *Accounts) Logout(ctx context.Context, a actor.Actor, token string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := s.end(ctx, tx, a, token, "logout"); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, s.now(), audit.Entry{Action: "staff.logout", Object: object(a.Name)})
	})
}

// end ends the session of a token, if it lives, with what hangs on it.
func (s *Accounts) end(ctx context.Context, tx pg.Tx, by actor.Actor, token, why string) error {
	ended, err := endSession(tx, seal.Digest([]byte(token)), why, s.now())
	if err != nil || ended.ID == uuid.Nil {
		return err
	}
	return s.sessionEnded(ctx, tx, by, ended.StaffID, ended.ID)
}

// SessionEnd tells when a live session ends at the latest. Error: Unauthenticated "session_missing" where it has ended
// or was idle for too long.
func (s *Accounts) SessionEnd(_ context.Context, q pg.Q, id uuid.UUID) (time.Time, error) {
	row, err := sessionByID(q, id)
	if err != nil {
		return time.Time{}, err
	}
	if now := s.now(); row.EndedAt != nil || !now.Before(row.ExpiresAt) || now.Sub(row.SeenAt) >= idle {
		return time.Time{}, fault.New(fault.Unauthenticated, "session_missing", nil)
	}
	return row.ExpiresAt, nil
}

// RevokeAll ends every session of a member and returns how many there were. Error: NotFound "staff_unknown".
func (s *Accounts) RevokeAll(ctx context.Context, a actor.Actor, id uuid.UUID) (int, error) {
	n := 0
	err := s.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		m, err := loadMember(tx, id)
		if err != nil {
			return err
		}
		if n, err = endSessions(tx, id, "revoked", s.now()); err != nil {
			return err
		}
		if err := s.sessionEnded(ctx, tx, a, id, uuid.Nil); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, s.now(), audit.Entry{
			Action: "staff.revoke", Object: object(m.Login), Details: map[string]any{"sessions": n},
		})
	})
	return n, err
}
