package issuance

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Revoker revokes certificates and lists those that are revoked. Package signer/client implements it over the socket,
// signer.Engine inside a test.
type Revoker interface {
	// Revoke executes a revocation; the same one gets the same answer at any time. Refusals are faults.
	Revoke(ctx context.Context, in cert.RevocationOrder) (cert.Revoked, error)
	// CRL gives the list with a number: the last one again, or the one after it.
	CRL(ctx context.Context, in cert.CRLOrder) (cert.CRL, error)
}

// UseRevoker makes the service revoke and list by a signer; without one both fail with Unavailable
// "signer_unavailable". To be called while the service is put together.
func (s *Service) UseRevoker(r Revoker) { s.revoker = r }

type noRevoker struct{}

func (noRevoker) Revoke(context.Context, cert.RevocationOrder) (cert.Revoked, error) {
	return cert.Revoked{}, fault.Down("signer_unavailable", time.Minute, nil)
}

func (noRevoker) CRL(context.Context, cert.CRLOrder) (cert.CRL, error) {
	return cert.CRL{}, fault.Down("signer_unavailable", time.Minute, nil)
}

// RevocationState is how far a revocation is.
type RevocationState string

// The states: draft ─► proposed ─► approved ─► revoked | failed (─► approved again); a proposed one may also be refused,
// withdrawn or expire.
const (
	RevocationDraft     RevocationState = "draft"     // shown to its first signer, not signed yet
	RevocationProposed  RevocationState = "proposed"  // 待复核: one has signed
	RevocationApproved  RevocationState = "approved"  // 执行中: both have signed, the signer has not answered
	RevocationRevoked   RevocationState = "revoked"   // 已吊销
	RevocationFailed    RevocationState = "failed"    // the signer refused it
	RevocationRefused   RevocationState = "refused"   // the second person said no
	RevocationWithdrawn RevocationState = "withdrawn" // the first person took it back
	RevocationExpired   RevocationState = "expired"   // nobody looked at it in time
)

// Who asked for a revocation.
const (
	AskedByHolder = "holder"
	AskedByHouse  = "house" // our own finding
)

// RevocationLife is how long a revocation waits for its second signature, and then for the signer.
const RevocationLife = 7 * 24 * time.Hour

// longestGrounds bounds what is written for a revocation, or against it, in characters.
const longestGrounds = 500

// Proposal is what the first person wants.
type Proposal struct {
	Pair    uuid.UUID
	Reason  int    // one of cert.Reasons
	AskedBy string // AskedByHolder or AskedByHouse
	Grounds string // no personal data
}

// check trims the grounds and refuses what cannot be signed.
func (p *Proposal) check() error {
	p.Grounds = strings.TrimSpace(p.Grounds)
	var wrong []fault.Field
	if !slices.Contains(cert.Reasons, p.Reason) {
		wrong = append(wrong, fault.Field{Name: "reason", Key: "field_wrong"})
	}
	if p.AskedBy != AskedByHolder && p.AskedBy != AskedByHouse {
		wrong = append(wrong, fault.Field{Name: "asked_by", Key: "field_wrong"})
	}
	if key := WordsWrong(p.Grounds); key != "" {
		wrong = append(wrong, fault.Field{Name: "grounds", Key: key})
	}
	if len(wrong) > 0 {
		return fault.InvalidFields(wrong...)
	}
	return nil
}

// WordsWrong says what is wrong with what somebody wrote for a revocation or against it: a fault key, "" for nothing.
func WordsWrong(text string) string {
	switch {
	case text == "":
		return "field_required"
	case utf8.RuneCountInString(text) > longestGrounds:
		return "too_long"
	}
	return ""
}

// groundsDigest is what the signed object holds of the words.
func (p Proposal) groundsDigest() cert.Digest {
	return cert.SM3([]byte("caconsole/revocation/1\n" + p.AskedBy + "\n" + p.Grounds))
}

// Revocation is the wish to revoke a pair, and what became of it.
type Revocation struct {
	Proposal
	ID        uuid.UUID
	Project   uuid.UUID
	Canonical []byte
	Digest    cert.Digest
	Serials   []cert.Serial // of both certificates
	State     RevocationState
	Note      string // why it was refused: words; why it failed: a fault key
	CreatedBy uuid.UUID
	CreatedAt time.Time
	ExpiresAt time.Time
	ChangedAt time.Time
	RevokedAt time.Time // zero until revoked
	Head      cert.JournalHead
	Listed    uint64          // number of the first list it stands on, 0 before
	Approvals []cert.Approval // given so far, the first first
	// OrdersEnded says that the orders that stood on the pair are closed.
	OrdersEnded bool
}
