package cert

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Reasons for a revocation (RFC 5280, 5.3.1). Holds are none: a certificate that was revoked stays revoked.
const (
	ReasonUnspecified          = 0
	ReasonKeyCompromise        = 1
	ReasonAffiliationChanged   = 3
	ReasonSuperseded           = 4
	ReasonCessationOfOperation = 5
	ReasonPrivilegeWithdrawn   = 9
)

// Reasons are those a revocation may name.
var Reasons = []int{
	ReasonUnspecified, ReasonKeyCompromise, ReasonAffiliationChanged, ReasonSuperseded, ReasonCessationOfOperation, ReasonPrivilegeWithdrawn,
}

// maxSerials bounds a revocation: a whole company's certificates, not a whole CA's.
const maxSerials = 200

// Revocation is what two members of staff sign to revoke certificates. It is a canonical object.
type Revocation struct {
	V       int      `json:"v"`
	ID      string   `json:"id"`      // UUID
	Serials []string `json:"serials"` // Serial, ascending
	Reason  int      `json:"reason"`
	Grounds string   `json:"grounds"` // SM3 (hex) of the grounds as the console keeps them
	Expires string   `json:"expires"` // RFC 3339, UTC, whole seconds: not executed later
}

// NewRevocation makes a revocation; it sorts the serials. Fails with Invalid "revocation_malformed".
func NewRevocation(id string, serials []Serial, reason int, grounds Digest, expires time.Time) (Revocation, error) {
	r := Revocation{V: Version, ID: id, Serials: []string{}, Reason: reason, Grounds: grounds.Hex(), Expires: FormatTime(expires)}
	for _, s := range serials {
		r.Serials = append(r.Serials, string(s))
	}
	slices.Sort(r.Serials)
	return ParseRevocation(r.Canonical())
}

// Canonical returns the bytes whose digest is approved.
func (r Revocation) Canonical() []byte { return canonical(r) }

// Digest is the SM3 of Canonical.
func (r Revocation) Digest() Digest { return SM3(r.Canonical()) }

// ExpiresAt returns the end of the revocation's life; the zero time if it is malformed.
func (r Revocation) ExpiresAt() time.Time { return parseTime(r.Expires) }

// ParseRevocation accepts canonical bytes only. Fails with Invalid "revocation_malformed".
func ParseRevocation(raw []byte) (Revocation, error) {
	return parseCanonical(raw, Revocation.check, "revocation_malformed")
}

func (r Revocation) check() error {
	if r.V != Version || !IsID(r.ID) {
		return fmt.Errorf("version %d, id %q", r.V, r.ID)
	}
	if n := len(r.Serials); n == 0 || n > maxSerials {
		return fmt.Errorf("%d serials", n)
	}
	for i, s := range r.Serials {
		if err := checkSerial(Serial(s)); err != nil {
			return err
		}
		if i > 0 && r.Serials[i-1] >= s {
			return errors.New("serials are not in order, each once")
		}
	}
	if !slices.Contains(Reasons, r.Reason) {
		return fmt.Errorf("reason %d", r.Reason)
	}
	if _, err := ParseDigest(r.Grounds); err != nil {
		return err
	}
	if r.ExpiresAt().IsZero() {
		return errors.New("expires is no UTC time")
	}
	return nil
}
