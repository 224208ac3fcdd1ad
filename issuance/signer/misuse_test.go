package signer_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
)

func TestMisuseIsRefused(t *testing.T) {
	b := signertest.New(t, now)
	stranger := signertest.NewPerson(t, uuid.NewString(), "stranger", "9999", "issuer")
	impostor := signertest.NewPerson(t, b.Issuer.StaffID, "issuer1", "0207", "issuer")
	d := func(r *renewal) cert.Digest { return r.authorisation.Digest() }

	for name, c := range map[string]struct {
		change func(t *testing.T, r *renewal)
		at     time.Duration // the signer's clock, from now
		want   string
	}{
		"no approval":    {change: func(_ *testing.T, r *renewal) { r.instruction.Approvals = nil }, want: "approval_missing"},
		"reviewer alone": {change: func(_ *testing.T, r *renewal) { r.instruction.Approvals = r.instruction.Approvals[:1] }, want: "approval_missing"},
		"issuer alone":   {change: func(_ *testing.T, r *renewal) { r.instruction.Approvals = r.instruction.Approvals[1:] }, want: "approval_missing"},
		"the same twice": {change: func(_ *testing.T, r *renewal) { r.instruction.Approvals[1] = r.instruction.Approvals[0] }, want: "approval_missing"},
		"one more": {change: func(_ *testing.T, r *renewal) {
			r.instruction.Approvals = append(r.instruction.Approvals, r.instruction.Approvals[0])
		}, want: "approval_surplus"},
		"reviewer as both": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.instruction.Approvals[1] = b.Reviewer.Approve(t, cert.DutyIssue, now, d(r))
		}, want: "approver_role_wrong"},
		"issuer as both": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.instruction.Approvals[0] = b.Issuer.Approve(t, cert.DutyReview, now, d(r))
		}, want: "approver_role_wrong"},
		"duty relabelled": {change: func(_ *testing.T, r *renewal) { r.instruction.Approvals[1].Duty = "other" }, want: "approval_missing"},
		"review as issue": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			a := b.Issuer.Approve(t, cert.DutyReview, now, d(r))
			a.Duty = cert.DutyIssue
			r.instruction.Approvals[1] = a
		}, want: "approval_signature_wrong"},
		"unknown person": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.instruction.Approvals[1] = stranger.Approve(t, cert.DutyIssue, now, d(r))
		}, want: "approver_unknown"},
		"another's key": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.instruction.Approvals[1] = impostor.Approve(t, cert.DutyIssue, now, d(r))
		}, want: "approval_signature_wrong"},
		"another content": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.instruction.Approvals[0] = b.Reviewer.Approve(t, cert.DutyReview, now, cert.SM3(nil))
		}, want: "approval_signature_wrong"},
		"backdated": {change: func(_ *testing.T, r *renewal) { r.instruction.Approvals[0].At = now.Add(-48 * time.Hour) }, want: "approval_signature_wrong"},
		"from the future": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.instruction.Approvals[0] = b.Reviewer.Approve(t, cert.DutyReview, now.Add(time.Hour), d(r))
		}, want: "approval_time_wrong"},
		"list cut": {change: func(_ *testing.T, r *renewal) {
			r.instruction.Approvals[1].Digests = []string{r.authorisation.Digest().Hex()}
		}, want: "approval_signature_wrong"},
		"clock behind": {at: -11 * time.Minute, want: "clock_skew"},
		"clock ahead":  {at: 11 * time.Minute, want: "clock_skew"},
		"authorisation changed after it was signed": {change: func(_ *testing.T, r *renewal) {
			r.authorisation.Term.Years = 5
			r.request.Authorisation = r.authorisation.Digest().Hex()
			r.request.NotAfter = cert.FormatTime(time.Date(2031, 11, 22, 15, 59, 59, 0, time.UTC))
			r.instruction.Authorisation, r.instruction.Request = r.authorisation.Canonical(), r.request.Canonical()
		}, want: "approval_signature_wrong"},
		"a longer validity": {change: func(_ *testing.T, r *renewal) {
			r.request.NotAfter = cert.FormatTime(now.AddDate(5, 0, 0))
			r.instruction.Request = r.request.Canonical()
		}, want: "dates_mismatch"},
		"another pair's keys": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			r.instruction.Old = newRenewal(t, b).holder.Pair
		}, want: "old_pair_mismatch"},
		"an invented holder": {change: func(t *testing.T, r *renewal) {
			t.Helper()
			forged := certtest.NewHolder(t, certtest.Authority(t).CA, "冒名有限公司", now.AddDate(0, -1, 0))
			r.holder = forged
			a, err := cert.NewAuthorisation(forged.Old, cert.Grant{
				ID: uuid.NewString(), Order: "R1", Origin: cert.OriginReviewed, Content: cert.SM3(nil), Profile: b.Profile.Ref(), Years: 1, Keys: cert.KeepKeys, Now: now, Expires: now.Add(time.Hour),
			})
			require.NoError(t, err)
			r.authorisation = a
			r.again(t, b)
		}, want: "old_pair_untrusted"},
		"garbage for a pair":  {change: func(_ *testing.T, r *renewal) { r.instruction.Old.Enc = []byte("x") }, want: "old_pair_unusable"},
		"garbage for request": {change: func(_ *testing.T, r *renewal) { r.instruction.Request = []byte("{}") }, want: "request_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			b := signertest.New(t, now)
			e := b.Open(t, func() time.Time { return now.Add(c.at) })
			r := newRenewal(t, b)
			if c.change != nil {
				c.change(t, &r)
			}
			_, err := e.Issue(t.Context(), r.instruction)
			require.True(t, fault.HasKey(err, c.want), "%v", err)
			st, err := e.Status(t.Context())
			require.NoError(t, err)
			require.Zero(t, st.Issued)
			_, err = signer.Verify(b.Dir, func(rec signer.Record) error {
				require.NotEqual(t, "intent", rec.Kind, "nothing was begun")
				return nil
			})
			require.NoError(t, err)
		})
	}
}

func TestExpiredAuthorisationIsRefused(t *testing.T) {
	b := signertest.New(t, now)
	r := newRenewal(t, b)
	a := r.authorisation
	a.Expires = cert.FormatTime(now.Add(-time.Minute))
	r.authorisation = a
	r.again(t, b)
	_, err := b.Open(t, clock).Issue(t.Context(), r.instruction)
	require.True(t, fault.HasKey(err, "authorisation_expired"), "%v", err)
}

func TestSerialsAreNeverUsedTwice(t *testing.T) {
	b := signertest.New(t, now)
	e := b.Open(t, clock)
	one := newRenewal(t, b)
	_, err := e.Issue(t.Context(), one.instruction)
	require.NoError(t, err)
	two := newRenewal(t, b)
	two.request.EncSerial = one.request.SignSerial
	two.instruction.Request = two.request.Canonical()
	_, err = e.Issue(t.Context(), two.instruction)
	require.True(t, fault.HasKey(err, "serial_reused"), "%v", err)
}
