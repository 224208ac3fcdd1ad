package flow

import (
	"context"
	"slices"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
)

// onRecord are the refusals that say something about who tried: a second duty in one order, or a signature that is not
// theirs to give.
var onRecord = []string{
	"four_eyes", "approval_signature_wrong", "approver_unknown", "approver_role_wrong", "approver_key_expired",
	"delegation_mismatch", "delegation_revoked", "assertion_origin_wrong", "assertion_party_wrong", "assertion_unverified_user",
}

// fourEyes puts an act on an order on record that was refused for who tried it, and returns why it was refused. Call it
// outside the act's transaction, which was rolled back.
func (f *Flow) fourEyes(ctx context.Context, a actor.Actor, act, no string, refused error) error {
	return f.refusedFor(ctx, a, act, "order:"+no, refused)
}

// refusedFor is fourEyes for any object.
func (f *Flow) refusedFor(ctx context.Context, a actor.Actor, act, object string, refused error) error {
	if refused == nil || !slices.Contains(onRecord, fault.Of(refused).Key) {
		return refused
	}
	reason := fault.Of(refused).Key
	if err := f.Audit.Refused(ctx, a, audit.Entry{Action: act, Object: object, Reason: reason}); err != nil {
		return err
	}
	return refused
}
