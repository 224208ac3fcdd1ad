package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/job"
	"caconsole/admin/pg"
)

// IdentityCallback takes what the identity vendor posts, or the phone brings along when it comes back from the vendor: stored as it came, then read as a hint to fetch a result.
// Faults: callback_unknown, callback_empty, callback_unreadable, too_many_attempts.
func (f *Flow) IdentityCallback(ctx context.Context, a actor.Actor, vendor string, headers map[string]string, body []byte) error {
	unknown := fault.New(fault.NotFound, "callback_unknown", nil)
	return f.hint(ctx, a, "identity/"+vendor, headers, body, func(ctx context.Context, tx pg.Tx) error {
		if vendor != f.FaceVendor.Name() {
			return unknown
		}
		token, err := f.FaceVendor.Hint(body)
		if err != nil {
			return err
		}
		attempt, err := f.Identities.ByToken(ctx, tx, token)
		if fault.Is(err, fault.NotFound) {
			err = unknown
		}
		if err != nil {
			return err
		}
		return f.Jobs.Enqueue(ctx, tx, IdentityResultArgs{AttemptID: attempt.ID}, job.Unique())
	})
}
