package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

// WithdrawRevocation takes a revocation back before the second person signed; only whoever asked for it can. Fails with
// NotFound "revocation_unknown", Forbidden "revocation_not_yours", Conflict "revocation_moved".
func (f *Flow) WithdrawRevocation(ctx context.Context, a actor.Actor, id uuid.UUID) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Issuance.LockRevocation(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if r.CreatedBy != a.ID {
			return fault.New(fault.Forbidden, "revocation_not_yours", nil)
		}
		if err := f.Issuance.MoveRevocation(ctx, tx, id, issuance.RevocationProposed, issuance.RevocationWithdrawn, ""); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), revocationEntry("revocation.withdrawn", r, ""))
	})
}

// RetryRevocation asks the signer again for what it refused, under the same id and the same two signatures. Fails with
// NotFound "revocation_unknown", Conflict "revocation_moved", "revocation_open" (another one of the pair is under way).
func (f *Flow) RetryRevocation(ctx context.Context, a actor.Actor, id uuid.UUID) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Issuance.LockRevocation(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := f.Issuance.MoveRevocation(ctx, tx, id, issuance.RevocationFailed, issuance.RevocationApproved, ""); err != nil {
			return err
		}
		if err := audit.Append(ctx, tx, a, f.Now(), revocationEntry("revocation.retried", r, "")); err != nil {
			return err
		}
		return f.Jobs.Enqueue(ctx, tx, RevokeArgs{RevocationID: id})
	})
}
