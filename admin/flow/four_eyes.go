package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
)

// fourEyes puts an act on record that was refused because the actor had another duty in the order, and returns why it
// was refused. Call it outside the act's transaction, which was rolled back.
func (f *Flow) fourEyes(ctx context.Context, a actor.Actor, act, no string, refused error) error {
	if !fault.HasKey(refused, "four_eyes") {
		return refused
	}
	if err := f.Audit.Refused(ctx, a, audit.Entry{Action: act, Object: "order:" + no, Reason: "four_eyes"}); err != nil {
		return err
	}
	return refused
}
