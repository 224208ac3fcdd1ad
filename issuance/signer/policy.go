package signer

import (
	"bytes"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// passes is what depends on the clock and on people.
func (j job) passes(t *cert.Trust, now time.Time) error {
	if err := j.timely(now); err != nil {
		return err
	}
	return j.agreed(t, now)
}

// timely is what depends on the clock.
func (j job) timely(now time.Time) error {
	if from, _ := j.request.Validity(); from.Before(now.Add(-cert.Skew)) || from.After(now.Add(cert.Skew)) {
		return fault.New(fault.Conflict, "clock_skew", nil)
	}
	if now.After(j.authorisation.ExpiresAt()) {
		return fault.New(fault.Conflict, "authorisation_expired", nil)
	}
	return nil
}

// agreed is what depends on people: that those whom the signer believed at a time said yes by then.
func (j job) agreed(t *cert.Trust, now time.Time) error {
	expires, digest := j.authorisation.ExpiresAt(), j.authorisation.Digest()
	switch j.authorisation.Origin {
	case cert.OriginOnline:
		if len(j.Approvals) > 0 {
			return fault.New(fault.Forbidden, "approval_surplus", nil)
		}
		if j.Collect != nil {
			return fault.New(fault.Forbidden, "holder_signature_wrong", nil)
		}
		return cert.VerifyHolder(j.authorisation, j.request, *j.material.Old, j.CSR, j.Holder, now)
	case cert.OriginReviewed:
		if err := t.Pair([2]string{cert.DutyReview, cert.DutyIssue}, j.Approvals, digest, expires, now); err != nil {
			return err
		}
		return j.proven(now)
	case cert.OriginManual:
		if err := t.Pair([2]string{cert.DutyIssue, cert.DutyIssueCheck}, j.Approvals, digest, expires, now); err != nil {
			return err
		}
		return j.proven(now)
	}
	return fault.New(fault.Forbidden, "origin_unknown", nil)
}

// proven demands the old key's proof over a CSR. Only two issuers may do without: the Ukey of a manual order may be
// lost, or there has never been one; then the CSR proves its own key, and the grounds are part of what they signed.
func (j job) proven(now time.Time) error {
	given := len(j.Holder) > 0 || j.request.Proof != "" || j.Collect != nil
	switch {
	case !given && (j.authorisation.Keys == cert.KeepKeys || j.authorisation.Origin == cert.OriginManual):
		return nil
	case j.authorisation.Keys == cert.KeepKeys || j.material.Old == nil:
		return fault.New(fault.Forbidden, "proof_surplus", nil)
	case j.Collect != nil:
		return cert.VerifyCollect(j.request, *j.material.Old, j.Collect.ID, j.Collect.Nonce, j.CSR, j.Holder)
	}
	return cert.VerifyHolder(j.authorisation, j.request, *j.material.Old, j.CSR, j.Holder, now)
}

// allows is what depends on what was signed, revoked and ended before.
func (x *index) allows(j job, ca []byte, now time.Time) error {
	a, r := j.authorisation, j.request
	if x.authorisations[mustDigest(r.Authorisation)] != "" { // Plan has compared it
		return fault.New(fault.Conflict, "authorisation_used", nil)
	}
	for _, s := range []string{r.SignSerial, r.EncSerial} {
		if x.serials[cert.Serial(s)] != nil {
			return fault.New(fault.Conflict, "serial_reused", nil)
		}
	}
	if err := x.delegationsHold(j.Approvals, now); err != nil {
		return err
	}
	if err := x.holderHolds(j, ca); err != nil {
		return err
	}
	for _, k := range keysOf(r) {
		if x.lostKeys[k] {
			return fault.New(fault.Conflict, "key_revoked", nil)
		}
	}
	if a.Keys != cert.CSRKeys {
		return nil
	}
	if subject, used := x.keys[r.SignKey]; used && subject != cert.SM3(a.SubjectDER()) {
		return fault.New(fault.Conflict, "key_in_use", nil)
	}
	return nil
}

// holderHolds: a certificate that was revoked proves nothing, and its key gets no new one.
func (x *index) holderHolds(j job, ca []byte) error {
	old := j.material.Old
	if old == nil {
		return nil
	}
	gone := func(c *smx509.Certificate) bool {
		_, withdrawn := x.withdrawn[cert.SerialFromInt(c.SerialNumber)]
		return withdrawn && bytes.Equal(c.RawIssuer, ca)
	}
	_, enc, err := old.Keys()
	if err != nil {
		return err
	}
	if gone(old.Sign) && (len(j.Holder) > 0 || j.authorisation.Keys == cert.KeepKeys) || gone(old.Enc) && enc.Equal(j.spec.EncKey) {
		return fault.New(fault.Forbidden, "holder_certificate_revoked", nil)
	}
	if j.authorisation.Origin == cert.OriginOnline && x.renewed[j.authorisation.Old.Sign] != "" {
		// Staff may have a pair renewed again, for a reason of theirs; a Ukey says yes once.
		return fault.New(fault.Conflict, "old_pair_renewed", nil)
	}
	return nil
}
