package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/reconcile"
)

// ImportStatement reads a statement file, keeps it byte for byte and shows what it holds; no line counts before
// CommitStatement. The same file again gives the batch it already is. Faults: those of reconcile.Receive and Keep; a
// refused file is on record with the reason.
func (f *Flow) ImportStatement(ctx context.Context, a actor.Actor, name string, body []byte) (reconcile.Batch, error) {
	in, err := f.Ledger.Receive(ctx, a, name, body)
	if err != nil {
		return reconcile.Batch{}, f.refuseStatement(ctx, a, err)
	}
	var b reconcile.Batch
	var fresh bool
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if b, fresh, err = f.Ledger.Keep(ctx, tx, a, in); err != nil || !fresh {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), audit.Entry{
			Action: "statement.imported", Object: "statement:" + b.ID.String(), Project: b.Account.ProjectID,
			Details: map[string]any{"rows": b.Total, "rejected": b.Rejected, "state": string(b.State), "bank": b.Bank},
		})
	})
	if err != nil || !fresh {
		if gone := f.Ledger.Forget(ctx, in); gone != nil { // only space is lost
			f.Log.WarnContext(ctx, "statement bytes left behind", "error", gone)
		}
	}
	return b, err
}

// refuseStatement puts a refused file on record and passes the refusal on.
func (f *Flow) refuseStatement(ctx context.Context, a actor.Actor, why error) error {
	if !fault.Is(why, fault.Invalid) {
		return why
	}
	if err := f.Audit.Refused(ctx, a, audit.Entry{Action: "statement.imported", Object: "statement:-", Reason: fault.Of(why).Key}); err != nil {
		return err
	}
	return why
}
