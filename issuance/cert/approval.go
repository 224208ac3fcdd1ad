package cert

import (
	"crypto/ecdsa"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Duties of an approval. The signer demands one of each, by two persons.
const (
	DutyReview = "review" // the reviewer's 通过
	DutyIssue  = "issue"  // the issuer's confirmation
)

// Approval is one signature of one member of staff over one or more authorisations.
type Approval struct {
	Duty      string    `json:"duty"`
	StaffID   string    `json:"staff_id"`
	At        time.Time `json:"at"`
	Digests   []string  `json:"digests"`   // hex digests of all the authorisations signed together
	Signature []byte    `json:"signature"` // SM2-SM3, DER
}

// Verify checks that the approval names digest and was signed with pub. Fails with Forbidden "signature_wrong".
func (a Approval) Verify(pub *ecdsa.PublicKey, digest Digest) error {
	if !slices.Contains(a.Digests, digest.Hex()) {
		return VerifyProof(nil, nil, nil)
	}
	return VerifyProof(pub, ApprovalMessage(a.Duty, a.At, a.Digests), a.Signature)
}

// ApprovalMessage returns the bytes a member of staff signs to approve a list of authorisations (hex digests) at a
// time, to the second. The order of the list does not matter; a single one is a list of one.
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
