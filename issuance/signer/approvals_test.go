package signer_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
)

// floor is a signer with a reviewer and an issuer who have passkeys too.
type floor struct {
	signertest.Bench
	engine           *signer.Engine
	reviewer, issuer signertest.Passkey
}

func newFloor(t *testing.T) floor {
	t.Helper()
	f := floor{Bench: signertest.New(t, now)}
	f.engine = f.Open(t, clock)
	f.reviewer, f.issuer = signertest.NewPasskey(t, f.Reviewer, now), signertest.NewPasskey(t, f.Issuer, now)
	f.change(t, f.Officers[:2], []cert.StaffKey{f.reviewer.Person, f.issuer.Person})
	return f
}

// change changes the registry by officers.
func (f floor) change(t *testing.T, officers []signertest.Person, add []cert.StaffKey, revoke ...string) {
	t.Helper()
	_, err := f.tryChange(t, officers, add, revoke...)
	require.NoError(t, err)
}

func (f floor) tryChange(t *testing.T, officers []signertest.Person, add []cert.StaffKey, revoke ...string) (cert.RegistryState, error) {
	t.Helper()
	state, err := f.engine.Registry(t.Context())
	require.NoError(t, err)
	return f.engine.ChangeRegistry(t.Context(), signertest.Change(t, state.Registry, officers, now, add, revoke...))
}

// approved is a renewal with these two approvals.
func (f floor) approved(t *testing.T, review, issue func(at time.Time, d cert.Digest) cert.Approval) renewal {
	t.Helper()
	r := newRenewal(t, f.Bench)
	d := r.authorisation.Digest()
	r.instruction.Approvals = []cert.Approval{review(now.Add(-time.Minute), d), issue(now, d)}
	return r
}

func TestEveryKindOfApprovalCounts(t *testing.T) {
	f := newFloor(t)
	shift := f.reviewer.Delegate(t, now.Add(-30*time.Minute), nil)
	for name, review := range map[string]func(time.Time, cert.Digest) cert.Approval{
		"Ukey":       func(at time.Time, d cert.Digest) cert.Approval { return f.Reviewer.Approve(t, cert.DutyReview, at, d) },
		"passkey":    func(at time.Time, d cert.Digest) cert.Approval { return f.reviewer.Approve(t, cert.DutyReview, at, d) },
		"delegation": func(at time.Time, d cert.Digest) cert.Approval { return shift.Approve(t, cert.DutyReview, at, d) },
	} {
		r := f.approved(t, review, func(at time.Time, d cert.Digest) cert.Approval { return f.issuer.Approve(t, cert.DutyIssue, at, d) })
		_, err := f.engine.Issue(t.Context(), r.instruction)
		require.NoError(t, err, name)
	}
	// The journal holds by itself: every signature under the registry is checked again at the next start.
	require.NoError(t, f.engine.Shutdown())
	st, err := f.Open(t, clock).Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, st.Issued)
	require.Equal(t, 8, st.StaffKeys)
}

func TestApprovalMisuseRefused(t *testing.T) {
	f := newFloor(t)
	issue := func(at time.Time, d cert.Digest) cert.Approval { return f.issuer.Approve(t, cert.DutyIssue, at, d) }
	review := func(at time.Time, d cert.Digest) cert.Approval { return f.reviewer.Approve(t, cert.DutyReview, at, d) }
	by := func(p signertest.Passkey, duty string) func(time.Time, cert.Digest) cert.Approval {
		return func(at time.Time, d cert.Digest) cert.Approval { return p.Approve(t, duty, at, d) }
	}
	turned := func(p signertest.Passkey, turn func(*signertest.Passkey)) signertest.Passkey { turn(&p); return p }
	within := func(from time.Time, change func(*cert.Delegation)) func(time.Time, cert.Digest) cert.Approval {
		return func(at time.Time, d cert.Digest) cert.Approval {
			return f.reviewer.Delegate(t, from, change).Approve(t, cert.DutyReview, at, d)
		}
	}
	stranger := signertest.NewPasskey(t, f.Reviewer, now)
	ended := f.reviewer.Delegate(t, now.Add(-time.Hour), nil)
	_, err := f.engine.EndDelegation(t.Context(), cert.DelegationEnd{ID: ended.ID})
	require.NoError(t, err)
	relabelled := func(at time.Time, d cert.Digest) cert.Approval {
		a := f.issuer.Approve(t, cert.DutyReview, at, d)
		a.Duty = cert.DutyIssue
		return a
	}

	for name, c := range map[string]struct {
		review, issue func(time.Time, cert.Digest) cert.Approval
		want          string
	}{
		"wrong duty":            {review, by(f.reviewer, cert.DutyIssue), "approver_role_wrong"},
		"relabelled duty":       {review, relabelled, "approval_signature_wrong"},
		"wrong relying party":   {by(turned(f.reviewer, func(p *signertest.Passkey) { p.RPID = "evil.example" }), cert.DutyReview), issue, "assertion_party_wrong"},
		"wrong origin":          {by(turned(f.reviewer, func(p *signertest.Passkey) { p.Origin = "http://localhost:9" }), cert.DutyReview), issue, "assertion_origin_wrong"},
		"user not verified":     {by(turned(f.reviewer, func(p *signertest.Passkey) { p.Unverified = true }), cert.DutyReview), issue, "assertion_unverified_user"},
		"an unknown passkey":    {by(stranger, cert.DutyReview), issue, "approval_signature_wrong"},
		"another's credential":  {by(turned(f.reviewer, func(p *signertest.Passkey) { p.Key = stranger.Key }), cert.DutyReview), issue, "approval_signature_wrong"},
		"delegation expired":    {within(now.Add(-time.Hour), func(d *cert.Delegation) { d.Expires = cert.FormatTime(now.Add(-10 * time.Minute)) }), issue, "delegation_expired"},
		"delegation to come":    {within(now.Add(time.Minute), nil), issue, "delegation_expired"},
		"delegation of an age":  {within(now.Add(-time.Hour), func(d *cert.Delegation) { d.Expires = cert.FormatTime(now.AddDate(1, 0, 0)) }), issue, "delegation_malformed"},
		"delegation to another": {within(now.Add(-time.Hour), func(d *cert.Delegation) { d.StaffID = f.Issuer.StaffID }), issue, "approver_role_wrong"},
		"delegation ended":      {func(_ time.Time, d cert.Digest) cert.Approval { return ended.Approve(t, cert.DutyReview, now, d) }, issue, "delegation_revoked"},
		"delegation not signed": {func(at time.Time, d cert.Digest) cert.Approval {
			s := f.reviewer.Delegate(t, now.Add(-time.Hour), nil)
			s.Signed.Signature = f.reviewer.Delegate(t, now.Add(-time.Hour), nil).Signed.Signature
			return s.Approve(t, cert.DutyReview, at, d)
		}, issue, "approval_signature_wrong"},
		"an issuer delegates": {review, func(at time.Time, d cert.Digest) cert.Approval {
			s := f.issuer.Delegate(t, now.Add(-time.Hour), func(d *cert.Delegation) { d.Duty = cert.DutyIssue })
			return s.Approve(t, cert.DutyIssue, at, d)
		}, "delegation_malformed"},
		"an issuer by a reviewer's delegation": {review, func(at time.Time, d cert.Digest) cert.Approval {
			s := f.issuer.Delegate(t, now.Add(-time.Hour), nil)
			return s.Approve(t, cert.DutyIssue, at, d)
		}, "delegation_mismatch"},
		"delegation without the rest": {func(at time.Time, d cert.Digest) cert.Approval {
			a := f.reviewer.Delegate(t, now.Add(-time.Hour), nil).Approve(t, cert.DutyReview, at, d)
			a.Delegation = nil
			return a
		}, issue, "delegation_forbidden"},
		"a Ukey's signature as a passkey's": {func(at time.Time, d cert.Digest) cert.Approval {
			a := f.Reviewer.Approve(t, cert.DutyReview, at, d)
			a.Kind = cert.KindWebAuthn
			return a
		}, issue, "approval_signature_wrong"},
		"no kind": {func(at time.Time, d cert.Digest) cert.Approval {
			a := f.Reviewer.Approve(t, cert.DutyReview, at, d)
			a.Kind = ""
			return a
		}, issue, "approval_signature_wrong"},
		"before the key was enrolled": {func(_ time.Time, d cert.Digest) cert.Approval {
			return f.reviewer.Approve(t, cert.DutyReview, now.Add(-2*time.Hour), d)
		}, issue, "approver_key_expired"},
		"over another authorisation": {func(at time.Time, _ cert.Digest) cert.Approval {
			return f.reviewer.Approve(t, cert.DutyReview, at, cert.SM3(nil))
		}, issue, "approval_signature_wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.approved(t, c.review, c.issue)
			_, err := f.engine.Issue(t.Context(), r.instruction)
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
	st, err := f.engine.Status(t.Context())
	require.NoError(t, err)
	require.Zero(t, st.Issued)
}

// What was approved before a delegation ended counts; what comes later does not, nor does anything by a revoked key.
func TestRevokedKeysAndDelegations(t *testing.T) {
	f := newFloor(t)
	shift := f.reviewer.Delegate(t, now.Add(-time.Hour), nil)
	early := f.approved(t,
		func(_ time.Time, d cert.Digest) cert.Approval {
			return shift.Approve(t, cert.DutyReview, now.Add(-time.Minute), d)
		},
		func(at time.Time, d cert.Digest) cert.Approval { return f.Issuer.Approve(t, cert.DutyIssue, at, d) })
	one, err := f.engine.EndDelegation(t.Context(), cert.DelegationEnd{ID: shift.ID})
	require.NoError(t, err)
	two, err := f.engine.EndDelegation(t.Context(), cert.DelegationEnd{ID: shift.ID})
	require.NoError(t, err)
	require.Equal(t, one, two)
	_, err = f.engine.Issue(t.Context(), early.instruction)
	require.NoError(t, err)

	byKey := f.approved(t,
		func(at time.Time, d cert.Digest) cert.Approval { return f.reviewer.Approve(t, cert.DutyReview, at, d) },
		func(at time.Time, d cert.Digest) cert.Approval { return f.Issuer.Approve(t, cert.DutyIssue, at, d) })
	f.change(t, f.Officers[1:], nil, f.reviewer.Person.ID())
	_, err = f.engine.Issue(t.Context(), byKey.instruction)
	require.True(t, fault.HasKey(err, "approval_signature_wrong"), "%v", err)
	_, err = f.tryChange(t, f.Officers[1:], []cert.StaffKey{f.reviewer.Person})
	require.True(t, fault.HasKey(err, "registry_change_malformed"), "a revoked key never comes back: %v", err)
	f.change(t, f.Officers[:2], nil, f.Reviewer.Entry(now).ID())
	_, err = f.engine.Issue(t.Context(), newRenewal(t, f.Bench).instruction)
	require.True(t, fault.HasKey(err, "approver_unknown"), "%v", err)
}

// Where SM2 only was said at init there is no passkey and no delegation, whatever the officers sign.
func TestSM2Only(t *testing.T) {
	b := signertest.New(t, now)
	opt := signertest.Options(t, b.Officers, []signer.Approver{b.Reviewer.Approver, b.Issuer.Approver}, b.Earlier, now)
	opt.SM2Only, opt.Party = true, cert.RelyingParty{}
	chain, err := signer.Init(opt)
	require.NoError(t, err)
	b.Dir, b.Shares, b.Chain = opt.Dir, signertest.OpenShares(t, opt), chain
	f := floor{Bench: b, engine: b.Open(t, clock), reviewer: signertest.NewPasskey(t, b.Reviewer, now)}
	_, err = f.tryChange(t, b.Officers[:2], []cert.StaffKey{f.reviewer.Person})
	require.True(t, fault.HasKey(err, "passkeys_forbidden"), "%v", err)
	issue := func(at time.Time, d cert.Digest) cert.Approval { return b.Issuer.Approve(t, cert.DutyIssue, at, d) }
	for want, review := range map[string]func(at time.Time, d cert.Digest) cert.Approval{
		"passkeys_forbidden": func(at time.Time, d cert.Digest) cert.Approval { return f.reviewer.Approve(t, cert.DutyReview, at, d) },
		"delegation_forbidden": func(at time.Time, d cert.Digest) cert.Approval {
			return f.reviewer.Delegate(t, now.Add(-time.Hour), nil).Approve(t, cert.DutyReview, at, d)
		},
	} {
		r := f.approved(t, review, issue)
		_, err = f.engine.Issue(t.Context(), r.instruction)
		require.True(t, fault.HasKey(err, want), "%v", err)
	}
	_, err = f.engine.Issue(t.Context(), newRenewal(t, b).instruction)
	require.NoError(t, err)
}

// manual is a manual order by two issuers: for a new holder with a key of the key centre.
func (f floor) manual(t *testing.T, approvals func(cert.Digest) []cert.Approval) renewal {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	subject, err := cert.Name{Country: "CN", Province: "广东省", Locality: "深圳市", Organisation: "新测试有限公司", CommonName: "新测试有限公司"}.DER()
	require.NoError(t, err)
	var r renewal
	r.authorisation, err = cert.NewHolderAuthorisation(subject, certtest.OrganisationCode, cert.Grant{
		ID: uuid.NewString(), Order: "R261122000035", Origin: cert.OriginManual, Content: cert.SM3([]byte("grounds")), Profile: f.Profile.Ref(),
		Years: 1, Now: now, Expires: now.Add(24 * time.Hour),
	})
	require.NoError(t, err)
	id := uuid.NewString()
	evidence, _ := f.Centre.Evidence(t, id, key.Public())
	m := cert.Material{CSR: certtest.CSR(t, key), KMC: &evidence}
	r.request, err = cert.NewRequestOf(rand.Reader, id, r.authorisation, m, f.Profile, caEnd(t, f.Bench), now)
	require.NoError(t, err)
	r.instruction = cert.Instruction{
		Request: r.request.Canonical(), Authorisation: r.authorisation.Canonical(), CSR: m.CSR, KMC: evidence.Canonical(),
		Approvals: approvals(r.authorisation.Digest()),
	}
	return r
}

func TestManualIssuance(t *testing.T) {
	f := newFloor(t)
	both := func(d cert.Digest) []cert.Approval {
		return []cert.Approval{f.issuer.Approve(t, cert.DutyIssue, now, d), f.Second.Approve(t, cert.DutyIssueCheck, now, d)}
	}
	good := f.manual(t, both)
	issued, err := f.engine.Issue(t.Context(), good.instruction)
	require.NoError(t, err)
	made, err := cert.ParseOld(issued.Pair)
	require.NoError(t, err)
	require.Equal(t, good.authorisation.SubjectDER(), made.Sign.RawSubject)

	for name, c := range map[string]struct {
		approvals func(cert.Digest) []cert.Approval
		change    func(*renewal)
		want      string
	}{
		"one issuer twice": {approvals: func(d cert.Digest) []cert.Approval {
			return []cert.Approval{f.issuer.Approve(t, cert.DutyIssue, now, d), f.Issuer.Approve(t, cert.DutyIssueCheck, now, d)}
		}, want: "approval_same_person"},
		"the reviewed path's signatures": {approvals: func(d cert.Digest) []cert.Approval {
			return []cert.Approval{f.reviewer.Approve(t, cert.DutyReview, now, d), f.Issuer.Approve(t, cert.DutyIssue, now, d)}
		}, want: "approval_missing"},
		"a reviewer checks": {approvals: func(d cert.Digest) []cert.Approval {
			return []cert.Approval{f.Issuer.Approve(t, cert.DutyIssue, now, d), f.Reviewer.Approve(t, cert.DutyIssueCheck, now, d)}
		}, want: "approver_role_wrong"},
		"foreign CSR": {approvals: both, change: func(r *renewal) {
			other, err := sm2.GenerateKey(rand.Reader)
			require.NoError(t, err)
			r.instruction.CSR = certtest.CSR(t, other)
		}, want: "keys_mismatch"},
		"a holder's proof out of nowhere": {approvals: both, change: func(r *renewal) { r.instruction.Holder = []byte("x") }, want: "proof_surplus"},
		"another centre": {approvals: both, change: func(r *renewal) {
			r.instruction.KMC = []byte("{}")
		}, want: "evidence_malformed"},
		"no evidence": {approvals: both, change: func(r *renewal) { r.instruction.KMC = nil }, want: "kmc_mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.manual(t, c.approvals)
			if c.change != nil {
				c.change(&r)
			}
			_, err := f.engine.Issue(t.Context(), r.instruction)
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
}

// A request that was checked by a registry which changed meanwhile is checked again before its intent is written.
func TestChangeBetweenCheckAndIntent(t *testing.T) {
	f := newFloor(t)
	require.False(t, signer.IntendsLate(t, f.engine, newRenewal(t, f.Bench).instruction))
}

func TestApprovalAfterTheAuthorisationsEnd(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newRenewal(t, b)
	r.authorisation.Expires = cert.FormatTime(now.Add(5 * time.Minute))
	r.again(t, b)
	r.instruction.Approvals[1] = b.Issuer.Approve(t, cert.DutyIssue, now.Add(8*time.Minute), r.authorisation.Digest())
	_, err := e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "approval_time_wrong"), "%v", err)
}

// A reviewed renewal on the old keys takes no signature of the Ukey in passing, however good.
func TestNoProofWhereNoneIsAsked(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	r := newHolders(t, b)
	r.authorisation.Origin = cert.OriginReviewed
	r.proven(t, b, r.holder.SignKey)
	d := r.authorisation.Digest()
	r.instruction.Approvals = []cert.Approval{b.Reviewer.Approve(t, cert.DutyReview, now, d), b.Issuer.Approve(t, cert.DutyIssue, now, d)}
	_, err := e.Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "proof_surplus"), "%v", err)
}
