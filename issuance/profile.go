package issuance

import (
	"time"

	"github.com/google/uuid"

	"caconsole/issuance/cert"
)

// States of a profile's version.
const (
	ProfileOpen      = "open"      // being signed, or on its way to the signer
	ProfileTaken     = "taken"     // the signer has it: it issues by the last one of each profile
	ProfileWithdrawn = "withdrawn" // given up
)

// ProfileVersion is one version of a certificate profile.
type ProfileVersion struct {
	cert.Profile

	Sum        cert.Digest
	State      string
	ProposedBy uuid.UUID // zero where it came from the signer's ceremony
	CreatedAt  time.Time
	EndedAt    time.Time // when the signer took it, or it was withdrawn; zero before
	Refusal    string    // why the signer did not take it: a fault key
	Approvals  []cert.Approval
}

// SignedAs is the approval of a duty, nil before it was given.
func (v ProfileVersion) SignedAs(duty string) *cert.Approval {
	for i := range v.Approvals {
		if v.Approvals[i].Duty == duty {
			return &v.Approvals[i]
		}
	}
	return nil
}

// Signed reports whether both signatures are there.
func (v ProfileVersion) Signed() bool {
	return v.SignedAs(cert.DutyProfile) != nil && v.SignedAs(cert.DutyProfileCheck) != nil
}
