package cert

import (
	"errors"
	"fmt"
	"time"

	"caconsole/admin/fault"
)

// MaxDelegation is the longest a delegation may hold: a shift.
const MaxDelegation = 12 * time.Hour

// Delegation lets a key of a browser, which cannot leave it, approve in place of a person's passkey: for one duty, one
// session and a shift at most. It is a canonical object, signed by the passkey.
type Delegation struct {
	V         int    `json:"v"`
	ID        string `json:"id"` // UUID
	StaffID   string `json:"staff_id"`
	Duty      string `json:"duty"`    // DutyReview: an issuer's confirmation is never delegated
	Session   string `json:"session"` // SM3 (hex) of the id of the console's session
	Key       string `json:"key"`     // P-256 SubjectPublicKeyInfo, DER, base64
	NotBefore string `json:"not_before"`
	Expires   string `json:"expires"`
}

// SignedDelegation is a delegation with the passkey's assertion over it.
type SignedDelegation struct {
	Delegation []byte    `json:"delegation"` // canonical bytes
	WebAuthn   Assertion `json:"webauthn"`
	Signature  []byte    `json:"signature"` // ES256, DER
}

// Canonical returns the bytes that are signed, after ToSignDelegation's prefix.
func (d Delegation) Canonical() []byte { return canonical(d) }

// ToSignDelegation returns the message over which a passkey is asked for an assertion.
func ToSignDelegation(delegation []byte) []byte {
	return append([]byte("caconsole/delegate/1\n"), delegation...)
}

// Life returns both ends; zero times if they are malformed.
func (d Delegation) Life() (notBefore, expires time.Time) {
	return parseTime(d.NotBefore), parseTime(d.Expires)
}

// ParseDelegation accepts canonical bytes only. Fails with Invalid "delegation_malformed".
func ParseDelegation(raw []byte) (Delegation, error) {
	return parseCanonical(raw, Delegation.check, "delegation_malformed")
}

func (d Delegation) check() error {
	if d.V != Version {
		return fmt.Errorf("version %d", d.V)
	}
	if !IsID(d.ID) || d.StaffID == "" {
		return errors.New("id is no UUID, or nobody delegates")
	}
	if d.Duty != DutyReview {
		return fmt.Errorf("duty %q is not one to delegate", d.Duty)
	}
	if _, err := ParseDigest(d.Session); err != nil {
		return err
	}
	if _, err := ParsePasskey(parseBase64(d.Key)); err != nil {
		return err
	}
	from, to := d.Life()
	if from.IsZero() || to.IsZero() || !from.Before(to) || to.Sub(from) > MaxDelegation {
		return errors.New("its life is no span of at most 12 hours")
	}
	return nil
}

// VerifyDelegated checks that the delegated key of an approval signed it, within the delegation's life and for its
// duty and person. Whether the delegation itself was signed, and by whom, is Assertion.Verify's to say. Fails with
// Forbidden "delegation_mismatch", "delegation_expired" or "signature_wrong".
func (d Delegation) VerifyDelegated(a Approval) error {
	if a.Kind != KindDelegated || a.WebAuthn != nil || a.Duty != d.Duty || a.StaffID != d.StaffID {
		return fault.New(fault.Forbidden, "delegation_mismatch", nil)
	}
	if from, to := d.Life(); a.At.Before(from) || a.At.After(to) {
		return fault.New(fault.Forbidden, "delegation_expired", nil)
	}
	key, err := ParsePasskey(parseBase64(d.Key))
	if err != nil {
		return &fault.Error{Kind: fault.Forbidden, Key: "signature_wrong", Cause: err}
	}
	return verifyRaw(key, a.Message(), a.Signature)
}
