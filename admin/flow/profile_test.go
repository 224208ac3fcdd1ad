package flow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// profile is the version by which the console issues now.
func (h *house) profile() cert.Profile {
	h.t.Helper()
	by, err := h.Issuance.Authority(h.t.Context(), h.DB.Read(h.t.Context()))
	require.NoError(h.t, err)
	return by.Profile
}

// rewritten proposes the profile with another policy.
func (h *house) rewritten(policy string) issuance.ProfileVersion {
	h.t.Helper()
	p := h.profile()
	p.PolicyOID = policy
	v, err := h.ProposeProfile(h.t.Context(), h.issuer, p)
	require.NoError(h.t, err)
	return v
}

func (h *house) signProfile(a actor.Actor, sum cert.Digest) error {
	h.t.Helper()
	t, err := h.SignProfileToSign(h.t.Context(), a, sum)
	if err != nil {
		return err
	}
	return h.SignProfile(h.t.Context(), a, sum, h.touch(a, t))
}

// Two persons change a profile; from then on pairs are made by it, those made before stay as they are, and what was
// approved for the old version is approved anew.
func TestProfileChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := h.issued()
	waiting := h.inReview().approved()
	old := h.profile()
	v := h.rewritten("1.2.156.157.2.1.9")
	require.Equal(t, old.Revision+1, v.Revision)

	require.True(t, fault.HasKey(h.signProfile(h.issuer2, v.Sum), "profile_not_yours"))
	require.NoError(t, h.signProfile(h.issuer, v.Sum))
	require.True(t, fault.HasKey(h.signProfile(h.issuer, v.Sum), "four_eyes"), "one person is not two")
	require.True(t, fault.HasKey(h.signProfile(h.reviewer, v.Sum), "approver_role_wrong"))
	h.work()
	require.NoError(t, h.SweepProfile(t.Context()))
	require.Equal(t, old.Hash(), h.profile().Hash(), "one signature changes nothing")

	require.NoError(t, h.signProfile(h.issuer2, v.Sum))
	h.work()
	require.Equal(t, v.Sum, h.profile().Hash())
	taken, err := h.Issuance.ProfileVersion(t.Context(), h.DB.Read(t.Context()), v.Sum)
	require.NoError(t, err)
	require.Equal(t, issuance.ProfileTaken, taken.State)
	require.Len(t, taken.Approvals, 2)

	facts, err := issuance.Read(before.made().Sign.DER)
	require.NoError(t, err)
	require.Equal(t, []string{old.PolicyOID}, facts.Policies, "made before")
	require.NoError(t, h.SweepApprovals(t.Context()))
	require.Equal(t, order.StageReview, waiting.order().Stage, "approved for a profile that is no more")
	waiting.approved().confirmed()
	h.work()
	facts, err = issuance.Read(waiting.made().Sign.DER)
	require.NoError(t, err)
	require.Equal(t, []string{"1.2.156.157.2.1.9"}, facts.Policies)
}

// What is wrong with a profile is said field by field, one change is open at a time, and one that is given up or refused
// by the signer changes nothing.
func TestProfileChangeRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.profile()
	_, err := h.ProposeProfile(t.Context(), h.issuer, p)
	require.True(t, fault.HasKey(err, "profile_same"))
	p.SignUsage, p.CRL = []string{"digitalSignature", "keyEncipherment"}, []string{"ftp://x"}
	_, err = h.ProposeProfile(t.Context(), h.issuer, p)
	require.True(t, fault.HasKey(err, "profile_malformed"))
	require.Len(t, fault.Of(err).Fields, 2)

	v := h.rewritten("1.2.156.157.2.1.9")
	p = h.profile()
	p.PolicyOID = "1.2.156.157.2.1.8"
	_, err = h.ProposeProfile(t.Context(), h.issuer2, p)
	require.True(t, fault.HasKey(err, "profile_open"))
	require.NoError(t, h.signProfile(h.issuer, v.Sum))
	require.NoError(t, h.WithdrawProfile(t.Context(), h.issuer2, v.Sum))
	require.True(t, fault.HasKey(h.signProfile(h.issuer2, v.Sum), "profile_over"))

	// Somebody else's change reached the signer first: it refuses ours, and says so.
	v = h.rewritten("1.2.156.157.2.1.7")
	require.NoError(t, h.signProfile(h.issuer, v.Sum))
	require.NoError(t, h.signProfile(h.issuer2, v.Sum))
	other := h.profile()
	other.Revision, other.PolicyOID = other.Revision+1, "1.2.156.157.2.1.6"
	_, err = h.signer.ChangeProfile(t.Context(), cert.ProfileOrder{Profile: other.Canonical(), Approvals: []cert.Approval{
		h.approval(h.issuer, cert.DutyProfile, other.Hash()), h.approval(h.issuer2, cert.DutyProfileCheck, other.Hash()),
	}})
	require.NoError(t, err)
	h.work()
	refused, err := h.Issuance.ProfileVersion(t.Context(), h.DB.Read(t.Context()), v.Sum)
	require.NoError(t, err)
	require.Equal(t, "profile_revision_wrong", refused.Refusal)
	require.NoError(t, h.WithdrawProfile(t.Context(), h.issuer, v.Sum))
	require.NoError(t, h.KeepAuthority(t.Context()))
	require.Equal(t, other.Hash(), h.profile().Hash())
}

// approval is a person's signature as the signer wants it, made beside the console.
func (h *house) approval(a actor.Actor, duty string, sum cert.Digest) cert.Approval {
	h.t.Helper()
	t := h.Issuance.ToSign(duty, sum)
	sig := h.touch(a, t)
	return cert.Approval{Kind: sig.Kind, Duty: duty, StaffID: a.ID.String(), At: t.At, Digests: t.Digests, Signature: sig.Signature}
}
