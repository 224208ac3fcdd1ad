package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/pg"
	"caconsole/reconcile"
)

// CommitStatement takes the lines of a checked statement into the ledger and asks for a matching run. Faults: those of
// reconcile.Open and Commit.
func (f *Flow) CommitStatement(ctx context.Context, a actor.Actor, id uuid.UUID) (reconcile.Batch, error) {
	contents, err := f.Ledger.Open(ctx, a, id)
	if err != nil {
		return reconcile.Batch{}, err
	}
	var b reconcile.Batch
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if b, err = f.Ledger.Commit(ctx, tx, a, contents); err != nil {
			return err
		}
		err := audit.Append(ctx, tx, a, f.Now(), audit.Entry{
			Action: "statement.committed", Object: "statement:" + b.ID.String(), Project: b.Account.ProjectID,
			Details: map[string]any{"new": b.New, "known": b.Known, "in_fen": int64(b.In), "out_fen": int64(b.Out)},
		})
		if err != nil {
			return err
		}
		return f.wantMatchRun(ctx, tx)
	})
	return b, err
}
