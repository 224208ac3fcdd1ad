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

// SignProfileToSign says what a person signs of a profile's open change, and refuses all that SignProfile refuses.
func (f *Flow) SignProfileToSign(ctx context.Context, a actor.Actor, sum cert.Digest) (issuance.ToSign, error) {
	var out issuance.ToSign
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		_, duty, err := f.profileDuty(ctx, tx, a, sum)
		out = f.Issuance.ToSign(duty, sum)
		return err
	})
	return out, f.refusedFor(ctx, a, "profile.signed", "profile:"+sum.Hex(), err)
}

// SignProfile signs a profile's open change: who proposed it first, then somebody else; with the second signature it goes
// to the signer. Fails with Conflict "profile_over", "profile_not_yours" (the proposer signs first), "profile_sent" (both
// have signed), "four_eyes", and as a signature does.
func (f *Flow) SignProfile(ctx context.Context, a actor.Actor, sum cert.Digest, sig issuance.Signature) error {
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		v, duty, err := f.profileDuty(ctx, tx, a, sum)
		if err != nil {
			return err
		}
		signed, err := f.Issuance.Approval(ctx, tx, a, duty, []cert.Digest{sum}, sig)
		if err != nil {
			return err
		}
		if err := f.Issuance.KeepApproval(ctx, tx, sum, signed); err != nil {
			return err
		}
		e := profileEntry("profile.signed", v)
		e.Details["duty"] = duty
		if err := audit.Append(ctx, tx, a, f.Now(), e); err != nil || duty != cert.DutyProfileCheck {
			return err
		}
		return f.Jobs.Enqueue(ctx, tx, ProfileArgs{Digest: sum.Hex()})
	})
	return f.refusedFor(ctx, a, "profile.signed", "profile:"+sum.Hex(), err)
}

// profileDuty locks an open change and says as what a person signs it.
func (f *Flow) profileDuty(ctx context.Context, tx pg.Tx, a actor.Actor, sum cert.Digest) (issuance.ProfileVersion, string, error) {
	v, err := f.Issuance.LockProfile(ctx, tx, sum)
	switch {
	case err != nil:
		return v, "", err
	case v.State != issuance.ProfileOpen:
		return v, "", fault.New(fault.Conflict, "profile_over", nil)
	case v.Signed():
		return v, "", fault.New(fault.Conflict, "profile_sent", nil)
	}
	first := v.SignedAs(cert.DutyProfile)
	switch {
	case first == nil && v.ProposedBy != a.ID:
		return v, "", fault.New(fault.Conflict, "profile_not_yours", nil)
	case first == nil:
		return v, cert.DutyProfile, nil
	case first.StaffID == a.ID.String():
		return v, "", fault.New(fault.Conflict, "four_eyes", nil)
	}
	return v, cert.DutyProfileCheck, nil
}

// ProfileArgs asks for a profile's open change to be brought to the signer.
type ProfileArgs struct {
	Digest string `json:"digest"`
}

// Kind names the job for River.
func (ProfileArgs) Kind() string { return "profile" }

// SendProfile brings a change that both have signed to the signer and keeps its answer: the version in force, or why it
// was refused. It may be repeated at will.
func (f *Flow) SendProfile(ctx context.Context, digest string) error {
	sum, err := cert.ParseDigest(digest)
	if err != nil {
		return err
	}
	v, err := f.Issuance.ProfileVersion(ctx, f.DB.Read(ctx), sum)
	if err != nil || v.State != issuance.ProfileOpen || !v.Signed() || v.Refusal != "" {
		return err
	}
	_, err = f.Profiler.ChangeProfile(ctx, cert.ProfileOrder{Profile: v.Canonical(), Approvals: v.Approvals})
	a := actor.Job("profile")
	switch {
	case err == nil:
		if err := f.KeepAuthority(ctx); err != nil {
			return err
		}
		return f.Audit.Write(ctx, a, profileEntry("profile.taken", v))
	case fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Internal):
		return err // the queue tries again, and the sweep after it
	}
	why := fault.Of(err).Key
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := f.Issuance.RefusedProfile(ctx, tx, sum, why); err != nil {
			return err
		}
		e := profileEntry("profile.refused", v)
		e.Outcome, e.Reason = audit.Failed, why
		return audit.Append(ctx, tx, a, f.Now(), e)
	})
}

// SweepProfile sends a change that both have signed and that the signer has not answered.
func (f *Flow) SweepProfile(ctx context.Context) error {
	v, err := f.Issuance.OpenProfile(ctx, f.DB.Read(ctx))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.SendProfile(ctx, v.Sum.Hex())
}
