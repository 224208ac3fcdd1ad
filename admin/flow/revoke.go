package flow

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// RevokeArgs asks for the execution of one revocation.
type RevokeArgs struct {
	RevocationID uuid.UUID `json:"revocation_id"`
}

// Kind names the job for River.
func (RevokeArgs) Kind() string { return "revoke" }

// revoker is who brings revocations to the signer.
var revoker = actor.Job("revoke")

// Revoke has the signer execute a revocation that two persons signed, and closes what stood on the pair. It may be
// repeated at will: the signer gives the same answer for the same id, and recording twice records once. Fails with
// NotFound "revocation_unknown".
func (f *Flow) Revoke(ctx context.Context, id uuid.UUID) error {
	r, err := f.Issuance.Revocation(ctx, f.DB.Read(ctx), revoker, id)
	if err != nil {
		return err
	}
	if r.State == issuance.RevocationApproved {
		done, err := f.Issuance.ExecuteRevocation(ctx, r)
		switch {
		case fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Internal):
			return err // the queue tries again, and the sweep after it
		case err != nil:
			return f.revocationFailed(ctx, r, fault.Of(err).Key)
		}
		if err := f.recordRevocation(ctx, id, done); err != nil {
			return err
		}
	}
	return f.endRevoked(ctx, id)
}

// recordRevocation stores the signer's answer and has the next list made.
func (f *Flow) recordRevocation(ctx context.Context, id uuid.UUID, done cert.Revoked) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Issuance.LockRevocation(ctx, tx, revoker, id)
		if err != nil || r.State != issuance.RevocationApproved {
			return err // recorded already
		}
		if err := f.Issuance.RecordRevocation(ctx, tx, r, done); err != nil {
			return err
		}
		entry := revocationEntry("certificate.revoked", r, r.Grounds)
		entry.Details["signer_seq"], entry.Details["at"] = done.Seq, done.At
		if err := audit.Append(ctx, tx, revoker, f.Now(), entry); err != nil {
			return err
		}
		return f.Jobs.Enqueue(ctx, tx, ListArgs{})
	})
}

// revocationFailed notes why the signer refused; a person tries again or lets it be.
func (f *Flow) revocationFailed(ctx context.Context, r issuance.Revocation, reason string) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		err := f.Issuance.MoveRevocation(ctx, tx, r.ID, issuance.RevocationApproved, issuance.RevocationFailed, reason)
		if fault.HasKey(err, "revocation_moved") {
			return nil // settled already, by whoever else was told
		}
		if err != nil {
			return err
		}
		entry := revocationEntry("certificate.revoked", r, reason)
		entry.Outcome = audit.Failed
		return audit.Append(ctx, tx, revoker, f.Now(), entry)
	})
}

// SweepRevocations takes up what hangs: revocations the queue has lost sight of, those that nobody looked at in time, and
// orders on revoked pairs that the signer had when the pair was revoked.
func (f *Flow) SweepRevocations(ctx context.Context) error {
	q := f.DB.Read(ctx)
	hanging, err := f.Issuance.HangingRevocations(ctx, q, f.Now().Add(-hangingAfter), 100)
	if err != nil {
		return err
	}
	unended, err := f.Issuance.UnendedRevocations(ctx, q, 100)
	if err != nil {
		return err
	}
	lapsed, err := f.Issuance.LapsedRevocations(ctx, q, 100)
	if err != nil {
		return err
	}
	return errors.Join(
		each(hanging, func(id uuid.UUID) error { return f.Revoke(ctx, id) }),
		each(unended, func(id uuid.UUID) error { return f.endRevoked(ctx, id) }),
		each(lapsed, func(id uuid.UUID) error { return f.lapseRevocation(ctx, id) }),
	)
}

// lapseRevocation ends a revocation that no second person signed in time.
func (f *Flow) lapseRevocation(ctx context.Context, id uuid.UUID) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Issuance.LockRevocation(ctx, tx, revoker, id)
		if err != nil {
			return err
		}
		if err := f.Issuance.MoveRevocation(ctx, tx, id, issuance.RevocationProposed, issuance.RevocationExpired, ""); err != nil {
			return err
		}
		return audit.Append(ctx, tx, revoker, f.Now(), revocationEntry("revocation.expired", r, ""))
	})
}
