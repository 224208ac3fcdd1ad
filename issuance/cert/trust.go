package cert

import (
	"bytes"
	"crypto/ecdsa"
	"slices"
	"time"

	"caconsole/admin/fault"
)

// Skew is how far the clocks of console, staff and signer may be apart.
const Skew = 10 * time.Minute

// MaxApprovals bounds what is verified of one message: as many as there may be officers.
const MaxApprovals = 16

var (
	approving   = []string{"issuer"}
	supervising = []string{"issuer", "review_lead"}
)

// dutyRoles says whose signature counts for what.
var dutyRoles = map[string][]string{
	DutyReview:       {"reviewer", "second_reviewer", "review_lead"},
	DutyIssue:        approving,
	DutyIssueCheck:   approving,
	DutyRevoke:       supervising,
	DutyRevokeCheck:  supervising,
	DutyProfile:      supervising,
	DutyProfileCheck: supervising,
	DutyRegistry:     {RoleKeyOfficer},
}

// TrustRules are fixed at the signer's making: which kinds of key count at all.
type TrustRules struct {
	SoftwareKeys bool         // approval keys may lie in software: for demonstrations only
	SM2Only      bool         // no passkeys and no delegations: every approval is a Ukey's SM2 signature
	Party        RelyingParty // for whom passkeys sign; empty where there are none
}

// Trust is whom the signer believes: the registry of staff keys at one time, with the keys read. The console asks it
// too, before it stores a signature that the signer would refuse; what counts is the signer's own. It never changes; a
// change of the registry makes a new one.
type Trust struct {
	rules    TrustRules
	registry Registry
	people   map[string][]trustedKey // by staff id
}

// Registry is the registry it was made of.
func (t *Trust) Registry() Registry { return t.registry }

// Rules are the rules it was made by.
func (t *Trust) Rules() TrustRules { return t.rules }

type trustedKey struct {
	StaffKey
	public *ecdsa.PublicKey
}

// NewTrust reads a registry's keys. Fails with Forbidden "software_keys_forbidden" or "passkeys_forbidden" where init
// did not allow one of them, naming the login.
func NewTrust(s TrustRules, r Registry) (*Trust, error) {
	t := &Trust{rules: s, registry: r, people: map[string][]trustedKey{}}
	for _, k := range r.Keys {
		switch {
		case k.Storage == SoftwareKey && !s.SoftwareKeys:
			return nil, fault.New(fault.Forbidden, "software_keys_forbidden", fault.Args{"login": k.Login})
		case k.Kind == KindWebAuthn && (s.SM2Only || s.Party.ID == ""):
			return nil, fault.New(fault.Forbidden, "passkeys_forbidden", fault.Args{"login": k.Login})
		}
		public, err := k.Public()
		if err != nil {
			return nil, fault.Wrap("registry_change_malformed", err)
		}
		t.people[k.StaffID] = append(t.people[k.StaffID], trustedKey{k, public})
	}
	return t, nil
}

// Pair demands the approvals of two duties by two different persons, each given before what they approve expires and
// not in the future.
func (t *Trust) Pair(duties [2]string, approvals []Approval, digest Digest, expires, now time.Time) error {
	var people []StaffKey
	for _, duty := range duties {
		i := slices.IndexFunc(approvals, func(a Approval) bool { return a.Duty == duty })
		if i < 0 {
			return fault.New(fault.Forbidden, "approval_missing", fault.Args{"duty": duty})
		}
		who, err := t.Approver(approvals[i], digest)
		if err != nil {
			return err
		}
		// To the second, as it was signed and as the journal tells the time.
		if at := approvals[i].At.Truncate(time.Second); at.After(expires) || at.After(now.Add(Skew)) {
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

// Quorum demands the signatures of as many key officers as the registry says, each a person of their own.
func (t *Trust) Quorum(approvals []Approval, digest Digest, now time.Time) error {
	if len(approvals) > MaxApprovals {
		return fault.New(fault.Forbidden, "approval_surplus", nil)
	}
	var people []string
	for _, a := range approvals {
		if a.Duty != DutyRegistry {
			return fault.New(fault.Forbidden, "approval_surplus", nil)
		}
		who, err := t.Approver(a, digest)
		if err != nil {
			return err
		}
		if a.At.After(now.Add(Skew)) {
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

// Approver checks one approval on its own: by somebody known, in a fitting role, over this digest, and really signed
// by a key of theirs that held at the time.
func (t *Trust) Approver(a Approval, digest Digest) (StaffKey, error) {
	keys := t.people[a.StaffID]
	if len(keys) == 0 {
		return StaffKey{}, fault.New(fault.Forbidden, "approver_unknown", nil)
	}
	who := keys[0].StaffKey // any key will do to say who it is
	if !slices.ContainsFunc(who.Roles, func(role string) bool { return slices.Contains(dutyRoles[a.Duty], role) }) {
		return StaffKey{}, fault.New(fault.Forbidden, "approver_role_wrong", fault.Args{"login": who.Login, "duty": a.Duty})
	}
	err := fault.New(fault.Forbidden, "approval_signature_wrong", fault.Args{"login": who.Login})
	if !a.Names(digest) {
		return StaffKey{}, err
	}
	key, cause := t.signedBy(a, keys, digest)
	if cause != nil {
		if f := fault.Of(cause); f.Key != "signature_wrong" {
			err.Key, err.Kind = f.Key, f.Kind
		}
		err.Cause = cause
		return StaffKey{}, err
	}
	if !key.Holds(a.At) {
		return StaffKey{}, fault.New(fault.Forbidden, "approver_key_expired", fault.Args{"login": who.Login})
	}
	return key.StaffKey, nil
}

// signedBy finds the key that an approval goes back to.
func (t *Trust) signedBy(a Approval, keys []trustedKey, digest Digest) (trustedKey, error) {
	wrong := fault.New(fault.Forbidden, "signature_wrong", nil)
	switch a.Kind {
	case KindSM2:
		for _, k := range keys {
			if k.Kind == KindSM2 && a.Verify(k.public, digest) == nil {
				return k, nil
			}
		}
		return trustedKey{}, wrong
	case KindWebAuthn:
		if a.WebAuthn == nil || a.Delegation != nil {
			return trustedKey{}, wrong
		}
		return t.touched(*a.WebAuthn, keys, a.Message(), a.Signature)
	case KindDelegated:
		return t.delegated(a, keys)
	}
	return trustedKey{}, wrong
}

// touched verifies a passkey's assertion over a message.
func (t *Trust) touched(w Assertion, keys []trustedKey, message, signature []byte) (trustedKey, error) {
	if t.rules.SM2Only || t.rules.Party.ID == "" {
		return trustedKey{}, fault.New(fault.Forbidden, "passkeys_forbidden", nil)
	}
	i := slices.IndexFunc(keys, func(k trustedKey) bool {
		return k.Kind == KindWebAuthn && bytes.Equal(k.Credential(), w.CredentialID)
	})
	if i < 0 {
		return trustedKey{}, fault.New(fault.Forbidden, "signature_wrong", nil)
	}
	return keys[i], w.Verify(keys[i].public, t.rules.Party, message, signature)
}

// delegated verifies the whole chain: the passkey signed the delegation while it held, and the delegated key signed
// the approval.
func (t *Trust) delegated(a Approval, keys []trustedKey) (trustedKey, error) {
	if a.Delegation == nil {
		return trustedKey{}, fault.New(fault.Forbidden, "delegation_forbidden", nil)
	}
	d, key, err := t.delegates(*a.Delegation, keys)
	if err != nil {
		return trustedKey{}, err
	}
	return key, d.VerifyDelegated(a)
}

// Delegates checks a delegation on its own, before anything is approved by it: by somebody known, whose passkey signed
// it while it held. Fails with Forbidden like Approver, Invalid "delegation_malformed".
func (t *Trust) Delegates(s SignedDelegation) (StaffKey, error) {
	d, err := ParseDelegation(s.Delegation)
	if err != nil {
		return StaffKey{}, err
	}
	keys := t.people[d.StaffID]
	if len(keys) == 0 {
		return StaffKey{}, fault.New(fault.Forbidden, "approver_unknown", nil)
	}
	_, key, err := t.delegates(s, keys)
	return key.StaffKey, err
}

func (t *Trust) delegates(s SignedDelegation, keys []trustedKey) (Delegation, trustedKey, error) {
	if t.rules.SM2Only {
		return Delegation{}, trustedKey{}, fault.New(fault.Forbidden, "delegation_forbidden", nil)
	}
	d, err := ParseDelegation(s.Delegation)
	if err != nil {
		return d, trustedKey{}, err
	}
	key, err := t.touched(s.WebAuthn, keys, ToSignDelegation(s.Delegation), s.Signature)
	if err != nil {
		return d, trustedKey{}, err
	}
	if from, _ := d.Life(); !key.Holds(from) {
		return d, trustedKey{}, fault.New(fault.Forbidden, "approver_key_expired", fault.Args{"login": key.Login})
	}
	return d, key, nil
}
