package signer

import (
	"bytes"
	"crypto/ecdsa"
	"slices"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// skew is how far the clocks of console, staff and signer may be apart.
const skew = 10 * time.Minute

// maxApprovals bounds what is verified of one message: as many as there may be officers.
const maxApprovals = 16

var (
	approving   = []string{"issuer"}
	supervising = []string{"issuer", "review_lead"}
)

// dutyRoles says whose signature counts for what.
var dutyRoles = map[string][]string{
	cert.DutyReview:       {"reviewer", "second_reviewer", "review_lead"},
	cert.DutyIssue:        approving,
	cert.DutyIssueCheck:   approving,
	cert.DutyRevoke:       supervising,
	cert.DutyRevokeCheck:  supervising,
	cert.DutyProfile:      supervising,
	cert.DutyProfileCheck: supervising,
	cert.DutyRegistry:     {cert.RoleKeyOfficer},
}

// trust is whom the signer believes: the registry of staff keys at one time, with the keys read. It never changes; a
// change of the registry makes a new one.
type trust struct {
	settings Settings
	registry cert.Registry
	people   map[string][]trustedKey // by staff id
}

type trustedKey struct {
	cert.StaffKey
	public *ecdsa.PublicKey
}

// newTrust reads a registry's keys. Fails with Forbidden "software_keys_forbidden" or "passkeys_forbidden" where init
// did not allow one of them, naming the login.
func newTrust(s Settings, r cert.Registry) (*trust, error) {
	t := &trust{settings: s, registry: r, people: map[string][]trustedKey{}}
	for _, k := range r.Keys {
		switch {
		case k.Storage == cert.SoftwareKey && !s.SoftwareKeys:
			return nil, fault.New(fault.Forbidden, "software_keys_forbidden", fault.Args{"login": k.Login})
		case k.Kind == cert.KindWebAuthn && (s.SM2Only || s.Party.ID == ""):
			return nil, fault.New(fault.Forbidden, "passkeys_forbidden", fault.Args{"login": k.Login})
		}
		public, err := k.Public()
		if err != nil {
			return nil, fault.Wrap("signer_data_unusable", err)
		}
		t.people[k.StaffID] = append(t.people[k.StaffID], trustedKey{k, public})
	}
	return t, nil
}

// pair demands the approvals of two duties by two different persons, each given before what they approve expires and
// not in the future.
func (t *trust) pair(duties [2]string, approvals []cert.Approval, digest cert.Digest, expires, now time.Time) error {
	var people []cert.StaffKey
	for _, duty := range duties {
		i := slices.IndexFunc(approvals, func(a cert.Approval) bool { return a.Duty == duty })
		if i < 0 {
			return fault.New(fault.Forbidden, "approval_missing", fault.Args{"duty": duty})
		}
		who, err := t.approver(approvals[i], digest)
		if err != nil {
			return err
		}
		// To the second, as it was signed and as the journal tells the time.
		if at := approvals[i].At.Truncate(time.Second); at.After(expires) || at.After(now.Add(skew)) {
			return fault.New(fault.Forbidden, "approval_time_wrong", fault.Args{"login": who.Login})
		}
		people = append(people, who)
	}
	if len(approvals) > len(people) {
		return fault.New(fault.Forbidden, "approval_surplus", nil)
	}
	if people[0].StaffID == people[1].StaffID {
		return fault.New(fault.Forbidden, "approval_same_person", fault.Args{"login": people[0].Login})
	}
	return nil
}

// quorum demands the signatures of as many key officers as the registry says, each a person of their own.
func (t *trust) quorum(approvals []cert.Approval, digest cert.Digest, now time.Time) error {
	if len(approvals) > maxApprovals {
		return fault.New(fault.Forbidden, "approval_surplus", nil)
	}
	var people []string
	for _, a := range approvals {
		if a.Duty != cert.DutyRegistry {
			return fault.New(fault.Forbidden, "approval_surplus", nil)
		}
		who, err := t.approver(a, digest)
		if err != nil {
			return err
		}
		if a.At.After(now.Add(skew)) {
			return fault.New(fault.Forbidden, "approval_time_wrong", fault.Args{"login": who.Login})
		}
		if slices.Contains(people, who.StaffID) {
			return fault.New(fault.Forbidden, "approval_same_person", fault.Args{"login": who.Login})
		}
		people = append(people, who.StaffID)
	}
	if len(people) < t.registry.Officers {
		return fault.New(fault.Forbidden, "officers_missing", fault.Args{"given": len(people), "needed": t.registry.Officers})
	}
	return nil
}

// approver checks one approval on its own: by somebody known, in a fitting role, over this digest, and really signed
// by a key of theirs that held at the time.
func (t *trust) approver(a cert.Approval, digest cert.Digest) (cert.StaffKey, error) {
	keys := t.people[a.StaffID]
	if len(keys) == 0 {
		return cert.StaffKey{}, fault.New(fault.Forbidden, "approver_unknown", nil)
	}
	who := keys[0].StaffKey // any key will do to say who it is
	if !slices.ContainsFunc(who.Roles, func(role string) bool { return slices.Contains(dutyRoles[a.Duty], role) }) {
		return cert.StaffKey{}, fault.New(fault.Forbidden, "approver_role_wrong", fault.Args{"login": who.Login, "duty": a.Duty})
	}
	err := fault.New(fault.Forbidden, "approval_signature_wrong", fault.Args{"login": who.Login})
	if !a.Names(digest) {
		return cert.StaffKey{}, err
	}
	key, cause := t.signedBy(a, keys, digest)
	if cause != nil {
		if f := fault.Of(cause); f.Key != "signature_wrong" {
			err.Key, err.Kind = f.Key, f.Kind
		}
		err.Cause = cause
		return cert.StaffKey{}, err
	}
	if !key.Holds(a.At) {
		return cert.StaffKey{}, fault.New(fault.Forbidden, "approver_key_expired", fault.Args{"login": who.Login})
	}
	return key.StaffKey, nil
}

// signedBy finds the key that an approval goes back to.
func (t *trust) signedBy(a cert.Approval, keys []trustedKey, digest cert.Digest) (trustedKey, error) {
	wrong := fault.New(fault.Forbidden, "signature_wrong", nil)
	switch a.Kind {
	case cert.KindSM2:
		for _, k := range keys {
			if k.Kind == cert.KindSM2 && a.Verify(k.public, digest) == nil {
				return k, nil
			}
		}
		return trustedKey{}, wrong
	case cert.KindWebAuthn:
		if a.WebAuthn == nil || a.Delegation != nil {
			return trustedKey{}, wrong
		}
		return t.touched(*a.WebAuthn, keys, a.Message(), a.Signature)
	case cert.KindDelegated:
		return t.delegated(a, keys)
	}
	return trustedKey{}, wrong
}

// touched verifies a passkey's assertion over a message.
func (t *trust) touched(w cert.Assertion, keys []trustedKey, message, signature []byte) (trustedKey, error) {
	if t.settings.SM2Only || t.settings.Party.ID == "" {
		return trustedKey{}, fault.New(fault.Forbidden, "passkeys_forbidden", nil)
	}
	i := slices.IndexFunc(keys, func(k trustedKey) bool {
		return k.Kind == cert.KindWebAuthn && bytes.Equal(k.Credential(), w.CredentialID)
	})
	if i < 0 {
		return trustedKey{}, fault.New(fault.Forbidden, "signature_wrong", nil)
	}
	return keys[i], w.Verify(keys[i].public, t.settings.Party, message, signature)
}

// delegated verifies the whole chain: the passkey signed the delegation while it held, and the delegated key signed
// the approval.
func (t *trust) delegated(a cert.Approval, keys []trustedKey) (trustedKey, error) {
	if a.Delegation == nil || t.settings.SM2Only {
		return trustedKey{}, fault.New(fault.Forbidden, "delegation_forbidden", nil)
	}
	d, err := cert.ParseDelegation(a.Delegation.Delegation)
	if err != nil {
		return trustedKey{}, err
	}
	key, err := t.touched(a.Delegation.WebAuthn, keys, cert.ToSignDelegation(a.Delegation.Delegation), a.Delegation.Signature)
	if err != nil {
		return trustedKey{}, err
	}
	if from, _ := d.Life(); !key.Holds(from) {
		return trustedKey{}, fault.New(fault.Forbidden, "approver_key_expired", fault.Args{"login": key.Login})
	}
	return key, d.VerifyDelegated(a)
}
