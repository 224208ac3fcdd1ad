package issuance_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer/signertest"
)

// TestSignatureMisuse is the console's own refusal, before anything is stored; the signer's is its own test.
func TestSignatureMisuse(t *testing.T) {
	b := setup(t)
	a := b.authorised(t, b.renewal(t, "中测试核电有限公司"))
	stranger := signertest.NewPerson(t, uuid.NewString(), "stranger", "0999", "reviewer")
	for name, c := range map[string]struct {
		by     signertest.Person
		duty   string
		change func(*issuance.Signature)
		want   string
	}{
		"none":           {b.Reviewer, cert.DutyReview, func(s *issuance.Signature) { s.Signature = nil }, "signature_missing"},
		"bytes cut off":  {b.Reviewer, cert.DutyReview, func(s *issuance.Signature) { s.Signature = s.Signature[:10] }, "approval_signature_wrong"},
		"another time":   {b.Reviewer, cert.DutyReview, func(s *issuance.Signature) { s.At = s.At.Add(time.Second) }, "approval_signature_wrong"},
		"long ago":       {b.Reviewer, cert.DutyReview, func(s *issuance.Signature) { s.At = s.At.Add(-time.Hour) }, "signature_old"},
		"in the future":  {b.Reviewer, cert.DutyReview, func(s *issuance.Signature) { s.At = s.At.Add(time.Hour) }, "signature_old"},
		"another kind":   {b.Reviewer, cert.DutyReview, func(s *issuance.Signature) { s.Kind = cert.KindWebAuthn }, "approval_signature_wrong"},
		"no kind":        {b.Reviewer, cert.DutyReview, func(s *issuance.Signature) { s.Kind = "" }, "approval_signature_wrong"},
		"no delegation":  {b.Reviewer, cert.DutyReview, func(s *issuance.Signature) { s.Kind, s.Delegation = cert.KindDelegated, uuid.NewString() }, "delegation_forbidden"},
		"another role":   {b.Reviewer, cert.DutyIssue, func(*issuance.Signature) {}, "approver_role_wrong"},
		"a stranger":     {stranger, cert.DutyReview, func(*issuance.Signature) {}, "approver_unknown"},
		"as it ought to": {b.Reviewer, cert.DutyReview, func(*issuance.Signature) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := b.signature(t, c.by, c.duty, a.Digest)
			c.change(&s)
			_, err := b.Approval(t.Context(), b.q(t), actor.Actor{ID: uuid.MustParse(c.by.StaffID)}, c.duty, []cert.Digest{a.Digest}, s)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
	_, err := b.Approval(t.Context(), b.q(t), actor.Actor{ID: uuid.MustParse(b.Reviewer.StaffID)}, cert.DutyReview,
		[]cert.Digest{cert.SM3(nil)}, b.signature(t, b.Reviewer, cert.DutyReview, a.Digest))
	require.True(t, fault.HasKey(err, "approval_signature_wrong"), "another list: %v", err)
}

func TestApprovalMisuse(t *testing.T) {
	b := setup(t)
	r := b.renewal(t, "中测试核电有限公司")
	a := b.authorised(t, r)
	review := b.approval(t, b.Reviewer, cert.DutyReview, a.Digest)
	for name, c := range map[string]struct {
		change func(*issuance.Approval)
		want   string
	}{
		"another list":   {func(in *issuance.Approval) { in.Digests = []string{cert.SM3(nil).Hex()} }, "signature_wrong"},
		"after its end":  {func(in *issuance.Approval) { in.At = now.Add(100 * time.Hour) }, "authorisation_expired"},
		"no such object": {nil, "authorisation_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			in, target := review, a
			if c.change == nil {
				target.ID = uuid.New()
			} else {
				c.change(&in)
			}
			require.True(t, fault.HasKey(b.approve(t, target, in), c.want))
		})
	}
	require.NoError(t, b.approve(t, a, review))
	require.True(t, fault.HasKey(b.approve(t, a, b.approval(t, b.Reviewer, cert.DutyReview, a.Digest)), "approval_given"))
	both := issuance.Approval{ID: uuid.New(), Approval: b.Reviewer.Approve(t, cert.DutyIssue, now, a.Digest)}
	require.True(t, fault.HasKey(b.approve(t, a, both), "four_eyes"))

	err := b.try(t, func(tx pg.Tx) error { _, err := b.Reserve(t.Context(), tx, r.orderID); return err })
	require.True(t, fault.HasKey(err, "approval_missing"), "%v", err)
	require.Equal(t, cert.DutyIssue, fault.Of(err).Args["duty"])
}

// TestApprovalOfAnObject: revocations, profiles and changes of the staff keys are approved like authorisations.
func TestApprovalOfAnObject(t *testing.T) {
	b := setup(t)
	object, other := cert.SM3([]byte("a revocation")), cert.SM3([]byte("another"))
	keep := func(d cert.Digest, in issuance.Approval) error {
		return b.try(t, func(tx pg.Tx) error { return b.KeepApproval(t.Context(), tx, d, in) })
	}
	one := b.approval(t, b.Issuer, cert.DutyRevoke, object)
	require.True(t, fault.HasKey(keep(other, one), "signature_wrong"))
	require.NoError(t, keep(object, one))
	require.True(t, fault.HasKey(keep(object, b.approval(t, b.Issuer, cert.DutyRevokeCheck, object)), "four_eyes"))
	require.True(t, fault.HasKey(keep(object, b.approval(t, b.Second, cert.DutyRevoke, object)), "approval_given"))
	two := b.approval(t, b.Second, cert.DutyRevokeCheck, object, other)
	require.NoError(t, keep(object, two))
	require.NoError(t, keep(other, two), "one touch, two objects")
	got, err := b.ApprovalsOf(t.Context(), b.q(t), object)
	require.NoError(t, err)
	require.Len(t, got, 2)
	for _, a := range got {
		require.True(t, a.Names(object))
	}
}

// TestApprovalsComeBackWhole: what a passkey or a delegated key said is given to the signer as it came.
func TestApprovalsComeBackWhole(t *testing.T) {
	b := setup(t)
	for i, a := range []cert.Approval{
		{Kind: cert.KindWebAuthn, Duty: cert.DutyRevoke, WebAuthn: &cert.Assertion{CredentialID: []byte{1}, AuthenticatorData: []byte{2}, ClientData: []byte("{}")}},
		{Kind: cert.KindDelegated, Duty: cert.DutyReview, Delegation: &cert.SignedDelegation{Delegation: []byte("{}"), Signature: []byte{3}}},
	} {
		object := cert.SM3([]byte{byte(i)})
		a.StaffID, a.At, a.Digests, a.Signature = b.Reviewer.StaffID, now, []string{object.Hex()}, []byte{9}
		b.tx(t, func(tx pg.Tx) error {
			return b.KeepApproval(t.Context(), tx, object, issuance.Approval{ID: uuid.New(), Approval: a})
		})
		got, err := b.ApprovalsOf(t.Context(), b.q(t), object)
		require.NoError(t, err)
		require.Equal(t, []cert.Approval{a}, got)
	}
}

func TestParseSignature(t *testing.T) {
	raw, err := json.Marshal(issuance.Signature{At: now, Kind: cert.KindSM2, Signature: []byte{1, 2}})
	require.NoError(t, err)
	for field, want := range map[string]string{
		"": "signature_missing", "{": "signature_unreadable", "[]": "signature_unreadable", `{"signature":"?"}`: "signature_unreadable",
		`{"signature":"` + strings.Repeat("A", 20<<10) + `"}`: "signature_unreadable", string(raw): "",
	} {
		_, err := issuance.ParseSignature(field)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.True(t, fault.HasKey(err, want), "%v", err)
	}
}

// TestRegistryIsKept: the newest counts; another registry under a known number is taken for what it is.
func TestRegistryIsKept(t *testing.T) {
	b := setup(t)
	first, err := b.Registry(t.Context(), b.q(t))
	require.NoError(t, err)
	keep := func(r cert.Registry) error {
		return b.try(t, func(tx pg.Tx) error {
			return b.KeepRegistry(t.Context(), tx, cert.RegistryState{Registry: r.Canonical()})
		})
	}
	require.NoError(t, keep(first), "known already")
	next, err := first.Apply(first.Change(first.Officers, nil, []string{first.Keys[0].ID()}))
	require.NoError(t, err)
	require.NoError(t, keep(next))
	got, err := b.Registry(t.Context(), b.q(t))
	require.NoError(t, err)
	require.Equal(t, next, got)
	forked, err := first.Apply(first.Change(first.Officers, nil, []string{first.Keys[1].ID()}))
	require.NoError(t, err)
	require.True(t, fault.HasKey(keep(forked), "registry_forked"))
	require.True(t, fault.HasKey(b.try(t, func(tx pg.Tx) error {
		return b.KeepRegistry(t.Context(), tx, cert.RegistryState{Registry: []byte("{}")})
	}), "registry_malformed"))
}
