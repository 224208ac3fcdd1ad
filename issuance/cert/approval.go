package cert

import (
	"crypto/ecdsa"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"caconsole/admin/fault"
)

// Duties of an approval. Which of them a request needs is said by the authorisation's origin; each duty by a person of
// its own.
const (
	DutyReview       = "review"         // the reviewer's 通过
	DutyIssue        = "issue"          // the issuer's confirmation
	DutyIssueCheck   = "issue_check"    // the second issuer of a manual order
	DutyRevoke       = "revoke"         // who asks for a revocation
	DutyRevokeCheck  = "revoke_check"   // who agrees to it
	DutyProfile      = "profile_change" // who changes a certificate profile
	DutyProfileCheck = "profile_check"  // who agrees to it
	DutyRegistry     = "registry"       // a key officer's, over a change of the registry; k of them
)

// Duties are those whose approval an origin demands, each of a person of its own; the online path has the holder's proof
// instead.
func Duties(origin string) []string {
	switch origin {
	case OriginReviewed:
		return []string{DutyReview, DutyIssue}
	case OriginManual:
		return []string{DutyIssue, DutyIssueCheck}
	}
	return nil
}

// Kinds of approval: by what it is signed.
const (
	KindSM2       = "sm2"       // the person's Ukey: SM2-SM3 with the default ID, DER
	KindWebAuthn  = "webauthn"  // the person's passkey: ES256, user verification demanded
	KindDelegated = "delegated" // a browser's key that the person's passkey delegated to: ECDSA P-256 with SHA-256, r ‖ s
)

// Approval is one signature of one member of staff over the digests of one or more canonical objects: authorisations,
// a revocation, a profile, a change of the registry.
type Approval struct {
	Duty       string            `json:"duty"`
	StaffID    string            `json:"staff_id"`
	At         time.Time         `json:"at"`
	Digests    []string          `json:"digests"` // hex digests of everything signed together
	Kind       string            `json:"kind"`
	Signature  []byte            `json:"signature"`            // as the kind says
	WebAuthn   *Assertion        `json:"webauthn,omitempty"`   // KindWebAuthn only: the rest of the assertion
	Delegation *SignedDelegation `json:"delegation,omitempty"` // KindDelegated only: why the key counts
}

// Message returns the bytes that were signed, see ApprovalMessage.
func (a Approval) Message() []byte { return ApprovalMessage(a.Duty, a.At, a.Digests) }

// Names reports whether the approval is about an object.
func (a Approval) Names(digest Digest) bool { return slices.Contains(a.Digests, digest.Hex()) }

// Verify checks that an approval of KindSM2 names digest and was signed with pub. Fails with Forbidden
// "signature_wrong".
func (a Approval) Verify(pub *ecdsa.PublicKey, digest Digest) error {
	if a.Kind != KindSM2 || a.WebAuthn != nil || a.Delegation != nil || !a.Names(digest) {
		return fault.New(fault.Forbidden, "signature_wrong", nil)
	}
	return VerifyProof(pub, a.Message(), a.Signature)
}

// ApprovalMessage returns the bytes a member of staff signs to approve a list of objects (hex digests) at a time, to
// the second. The order of the list does not matter; a single one is a list of one.
func ApprovalMessage(duty string, at time.Time, digests []string) []byte {
	sorted := slices.Clone(digests)
	slices.Sort(sorted)
	sum := SM3([]byte(strings.Join(sorted, "\n")))
	return []byte("caconsole/approve/1\n" + duty + "\n" + FormatTime(at) + "\n" + hex.EncodeToString(sum[:]))
}

// ToSignRenew returns the bytes a Ukey signs to authorise its own renewal. csr is the DER of the CSR it brings, or
// nil. The prefix keeps the Ukey from being an oracle for other protocols; the digest keeps the CSR from being swapped.
func ToSignRenew(authorisation, csr []byte) []byte {
	return []byte("caconsole/renew/1\n" + string(authorisation) + "\n" + csrDigest(csr))
}

// ToSignCollect returns the bytes a Ukey signs to collect an update. id is a UUID, so of fixed length; csr as above.
func ToSignCollect(id, nonce string, csr []byte) []byte {
	return []byte("caconsole/collect/1\n" + id + nonce + "\n" + csrDigest(csr))
}

func csrDigest(csr []byte) string {
	if csr == nil {
		return "-"
	}
	return SM3(csr).Hex()
}
