package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

// watcher is who asks how the signer is.
var watcher = actor.Job("signer")

// WatchSigner asks how the signer is. One that waits for its key officers or does not answer is an alarm after half a
// minute; the alarm ends by itself. The head of its journal is kept and compared with what it told before.
func (f *Flow) WatchSigner(ctx context.Context) error {
	last, err := f.Issuance.LastHead(ctx, f.DB.Read(ctx)) // before the question: the journal only grows
	if err != nil {
		return err
	}
	st, silent := f.Issuance.Status(ctx)
	if silent != nil && !fault.Is(silent, fault.Unavailable) {
		return silent
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		before, now, err := f.Issuance.KeepWatch(ctx, tx, st, silent != nil)
		if err != nil {
			return err
		}
		if silent == nil {
			if err := f.Issuance.KeepHead(ctx, tx, last, st.JournalHead); err != nil {
				return err
			}
		}
		return f.tellWatch(ctx, tx, before, now)
	})
}

// tellWatch says when an alarm begins and when it ends.
func (f *Flow) tellWatch(ctx context.Context, tx pg.Tx, before, now issuance.Watch) error {
	entry := audit.Entry{Object: "signer"}
	switch {
	case before.AlarmedAt.IsZero() && !now.AlarmedAt.IsZero():
		entry.Action, entry.Details = "signer.blocked", map[string]any{"silent": now.Silent, "given": len(now.Given), "needed": now.Needed}
		f.Log.ErrorContext(ctx, "signer signs nothing", "silent", now.Silent, "given", now.Given, "needed", now.Needed, "since", now.BlockedSince)
	case !before.AlarmedAt.IsZero() && now.AlarmedAt.IsZero():
		entry.Action = "signer.open"
		f.Log.InfoContext(ctx, "signer signs again", "blocked_since", before.BlockedSince)
	default:
		return nil
	}
	return audit.Append(ctx, tx, watcher, f.Now(), entry)
}
