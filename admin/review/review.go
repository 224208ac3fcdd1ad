// Package review holds who is looking at an order and what was decided about it: claims (leases), drafts and verdicts.
// The review gate itself is a column of the order and is moved by admin/flow through order.Change.
package review

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
)

// Lease is how long a claim lasts without being renewed.
const Lease = 15 * time.Minute

// ApprovalLife is how long a reviewer's approval waits for the issuer before the order has to be looked at again.
const ApprovalLife = 30 * 24 * time.Hour

// Decision is the outcome of a review.
type Decision string

// The decisions: 通过, 退回补件, 驳回.
const (
	Approved Decision = "approved"
	Returned Decision = "returned"
	Rejected Decision = "rejected"
)

// Check is one thing a reviewer must have seen before 通过; its words stand in the catalogue under "check.<name>".
type Check string

// The checks of the reviewed path, in the order of the eye's way over the papers.
const (
	CheckStampClear   Check = "stamp_clear"   // 红章清晰、完整
	CheckStampHolder  Check = "stamp_holder"  // 章名与企业名一致
	CheckSignature    Check = "signature"     // 手写签名,姓名相符
	CheckLicenceValid Check = "licence_valid" // 执照在有效期内
	CheckLicenceStamp Check = "licence_stamp" // 执照加盖红章
	CheckPerson       Check = "person"        // 证件与本人一致
)

// Checks lists what 通过 needs.
var Checks = []Check{CheckStampClear, CheckStampHolder, CheckSignature, CheckLicenceValid, CheckLicenceStamp, CheckPerson}

// Missing lists the checks not yet ticked, in order.
func Missing(ticked []Check) []Check {
	var out []Check
	for _, c := range Checks {
		if !slices.Contains(ticked, c) {
			out = append(out, c)
		}
	}
	return out
}

// Item is one paper sent back and why; Reason is a key of the catalogue under "reason.<name>".
type Item struct {
	Kind   string `json:"kind"` // a document kind
	Reason string `json:"reason"`
}

// Reasons lists, by document kind, the reasons for which a paper is sent back.
var Reasons = map[string][]string{
	"application_form": {"stamp_unclear", "stamp_missing", "stamp_other", "signature_missing", "old_version", "unreadable"},
	"business_licence": {"stamp_unclear", "stamp_missing", "licence_expired", "name_differs", "unreadable"},
}

// ValidItems refuses an empty list, unknown papers and reasons that do not belong to the paper.
func ValidItems(items []Item) error {
	if len(items) == 0 {
		return fault.InvalidField("items", "return_needs_item")
	}
	for _, it := range items {
		if !slices.Contains(Reasons[it.Kind], it.Reason) {
			return fault.InvalidField("items", "return_item_unknown")
		}
	}
	return nil
}

// Claim says who is working on an order.
type Claim struct {
	OrderID   uuid.UUID
	StaffID   uuid.UUID
	ClaimedAt time.Time
	Until     time.Time
}

// Draft is unfinished work on an order.
type Draft struct {
	OrderID      uuid.UUID
	StaffID      uuid.UUID
	Checks       []Check
	Items        []Item
	CustomerText string
	Note         string
	UpdatedAt    time.Time
}

// Verdict is a decision, bound to the content it was made on.
type Verdict struct {
	ID             uuid.UUID
	OrderID        uuid.UUID
	StaffID        uuid.UUID
	Decision       Decision
	ContentVersion int
	ContentDigest  []byte // SM3 of the canonical content, 32 bytes
	Checks         []Check
	Items          []Item
	CustomerText   string // what the applicant reads
	Note           string // for the house only
	ClaimedAt      time.Time
	At             time.Time
	EffectiveAt    time.Time
}
