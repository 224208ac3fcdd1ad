package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// Profiler is the signer where it keeps its profiles.
type Profiler interface {
	// ChangeProfile adds a new revision of a profile; its last one may be sent again and is answered again.
	ChangeProfile(ctx context.Context, in cert.ProfileOrder) (cert.ProfileState, error)
}

// ProposeProfile opens the change of a profile: the version that is in force with other values. Its revision is the next
// one, whatever p says. Fails with Invalid "profile_malformed" and every field that is wrong, Conflict "profile_same",
// "profile_open" or "profile_known", NotFound "profile_unknown".
func (f *Flow) ProposeProfile(ctx context.Context, a actor.Actor, p cert.Profile) (issuance.ProfileVersion, error) {
	var out issuance.ProfileVersion
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		now, err := f.Issuance.CurrentProfile(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		p.V, p.Revision = now.V, now.Revision
		if len(now.Diff(p)) == 0 {
			return fault.New(fault.Conflict, "profile_same", nil)
		}
		p.Revision++
		if out, err = f.Issuance.ProposeProfile(ctx, tx, a.ID, p); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), profileEntry("profile.proposed", out))
	})
	return out, err
}

// WithdrawProfile gives an open change up, before both have signed it or after the signer has refused it. Fails with
// Conflict "profile_over", "profile_sent".
func (f *Flow) WithdrawProfile(ctx context.Context, a actor.Actor, sum cert.Digest) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		v, err := f.Issuance.LockProfile(ctx, tx, sum)
		if err != nil {
			return err
		}
		if v.Signed() && v.Refusal == "" {
			return fault.New(fault.Conflict, "profile_sent", nil)
		}
		if err := f.Issuance.WithdrawProfile(ctx, tx, sum); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), profileEntry("profile.withdrawn", v))
	})
}

func profileEntry(act string, v issuance.ProfileVersion) audit.Entry {
	return audit.Entry{
		Action: act, Object: "profile:" + v.ID, Outcome: audit.OK,
		Details: map[string]any{"revision": v.Revision, "digest": v.Sum.Hex()},
	}
}
