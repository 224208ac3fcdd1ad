package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/staff"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// OfferDelegation composes the delegation of a reviewer's signature to a key of their browser (SubjectPublicKeyInfo,
// DER), till the end of the session and for twelve hours at most, and says what their passkey signs. Fails as
// issuance.Service.OfferDelegation does, with Forbidden "key_owner_suspended" or "delegation_off_duty".
func (f *Flow) OfferDelegation(ctx context.Context, a actor.Actor, key []byte) (issuance.DelegationOffer, error) {
	var out issuance.DelegationOffer
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		_, m, err := f.keyOwner(ctx, tx, a)
		if err != nil {
			return err
		}
		if !m.OnDuty {
			return fault.New(fault.Forbidden, "delegation_off_duty", nil)
		}
		end, err := f.Staff.SessionEnd(ctx, tx, a.SessionID)
		if err != nil {
			return err
		}
		out, err = f.Issuance.OfferDelegation(ctx, tx, a, key, end)
		return err
	})
	return out, err
}

// Delegate takes the passkey's signature over an offer. Fails as issuance.Service.KeepDelegation does.
func (f *Flow) Delegate(ctx context.Context, a actor.Actor, id uuid.UUID, w cert.Assertion, signature []byte) (time.Time, error) {
	var until time.Time
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		s, err := f.Issuance.KeepDelegation(ctx, tx, a, id, w, signature)
		if err != nil {
			return err
		}
		until = s.ExpiresAt
		return audit.Append(ctx, tx, a, f.Now(), audit.Entry{
			Action: "delegation.begin", Object: "delegation:" + id.String(), Details: map[string]any{"until": until.Format(time.RFC3339)},
		})
	})
	return until, err
}

// EndDelegation ends what the actor's session delegated; where there is nothing, nothing happens.
func (f *Flow) EndDelegation(ctx context.Context, a actor.Actor) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		return f.endDelegations(ctx, tx, a, a.ID, a.SessionID, issuance.DelegationByPerson)
	})
}

// SessionEnded ends what a session delegated, or all sessions of a person where session is zero, in the transaction that
// ends them.
func (f *Flow) SessionEnded(ctx context.Context, tx pg.Tx, by actor.Actor, staffID, session uuid.UUID) error {
	why := issuance.DelegationSessionOver
	if session == uuid.Nil {
		why = issuance.DelegationSuspended
	}
	return f.endDelegations(ctx, tx, by, staffID, session, why)
}

// endDelegations ends them and has the signer told.
func (f *Flow) endDelegations(ctx context.Context, tx pg.Tx, by actor.Actor, staffID, session uuid.UUID, why string) error {
	ended, err := f.Issuance.EndDelegations(ctx, tx, staffID, session, why)
	if err != nil {
		return err
	}
	for _, id := range ended {
		e := audit.Entry{Action: "delegation.end", Object: "delegation:" + id.String(), Reason: why}
		if err := audit.Append(ctx, tx, by, f.Now(), e); err != nil {
			return err
		}
		if err := f.Jobs.Enqueue(ctx, tx, EndDelegationArgs{ID: id}); err != nil {
			return err
		}
	}
	return nil
}

// EndDelegationArgs asks for the signer to be told that a delegation has ended.
type EndDelegationArgs struct {
	ID uuid.UUID `json:"id"`
}

// Kind names the job for River.
func (EndDelegationArgs) Kind() string { return "end_delegation" }

// TellDelegation tells the signer that a delegation has ended. It may be repeated at will.
func (f *Flow) TellDelegation(ctx context.Context, id uuid.UUID) error {
	if _, err := f.Registrar.EndDelegation(ctx, cert.DelegationEnd{ID: id.String()}); err != nil {
		return err
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error { return f.Issuance.DelegationTold(ctx, tx, id) })
}

// delegationSweeper ends what outlived its session.
var delegationSweeper = actor.Job("sweep_delegations")

// SweepDelegations ends delegations whose time, session or shift is over, and tells the signer of those it has not heard
// of yet.
func (f *Flow) SweepDelegations(ctx context.Context) error {
	q := f.DB.Read(ctx)
	shifts, err := f.Issuance.Shifts(ctx, q, 500)
	if err != nil {
		return err
	}
	err = each(shifts, func(s issuance.Shift) error {
		why, err := f.shiftOver(ctx, q, s)
		if err != nil || why == "" {
			return err
		}
		return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
			return f.endDelegations(ctx, tx, delegationSweeper, s.StaffID, s.SessionID, why)
		})
	})
	if err != nil {
		return err
	}
	untold, err := f.Issuance.UntoldDelegations(ctx, q, 100)
	if err != nil {
		return err
	}
	return each(untold, func(id uuid.UUID) error { return f.TellDelegation(ctx, id) })
}

// shiftOver tells why a delegation is to end, "" while it holds.
func (f *Flow) shiftOver(ctx context.Context, q pg.Q, s issuance.Shift) (string, error) {
	if !f.Now().Before(s.ExpiresAt) {
		return issuance.DelegationExpired, nil
	}
	m, err := f.Staff.Get(ctx, q, s.StaffID)
	switch {
	case err != nil:
		return "", err
	case m.State != staff.Active:
		return issuance.DelegationSuspended, nil
	case !m.OnDuty:
		return issuance.DelegationOffDuty, nil
	}
	_, err = f.Staff.SessionEnd(ctx, q, s.SessionID)
	if fault.HasKey(err, "session_missing") {
		return issuance.DelegationSessionOver, nil
	}
	return "", err
}
