package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// rejectCallback keeps why a callback was not believed, on the callback and in the audit log, and returns that reason.
func (f *Flow) rejectCallback(ctx context.Context, id uuid.UUID, why error) error {
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		return f.Inbox.MarkRejected(ctx, tx, id, fault.Of(why).Key)
	})
	if err != nil {
		return err
	}
	entry := audit.Entry{Action: "callback.rejected", Object: "callback:" + id.String(), Reason: fault.Of(why).Key}
	if err := f.Audit.Refused(ctx, actor.Actor{Kind: actor.Vendor, Name: "callback"}, entry); err != nil {
		return err
	}
	return why
}
