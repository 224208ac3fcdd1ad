package applicant

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// Agreed names a version of an agreement.
type Agreed struct {
	Code    string
	Version int
}

// Consent is an agreement an applicant stands by.
type Consent struct {
	Agreed
	GivenAt time.Time
}

// GiveConsents records what an applicant agreed to and returns how much of it is new; what stands already stays with
// its first time. The versions must exist (foreign key); that they are the ones in force is the caller's to check.
func (a *Applicants) GiveConsents(_ context.Context, tx pg.Tx, applicantID uuid.UUID, agreed []Agreed, ip string, now time.Time) (int64, error) {
	rows := make([]consentRow, 0, len(agreed))
	for _, c := range agreed {
		id, err := uuid.NewV7()
		if err != nil {
			return 0, fault.Wrap("random_unavailable", err)
		}
		rows = append(rows, consentRow{
			ID: id, ApplicantID: applicantID, Agreement: c.Code, Version: c.Version, GivenAt: now.UTC(), IP: ip,
		})
	}
	return putConsents(tx, rows)
}

// WithdrawConsents ends every standing consent to the agreements named and returns how many those were.
func (a *Applicants) WithdrawConsents(_ context.Context, tx pg.Tx, applicantID uuid.UUID, codes []string, now time.Time) (int64, error) {
	return withdrawConsents(tx, applicantID, codes, now.UTC())
}

// ConsentsOf lists what an applicant stands by now, by code and version.
func (a *Applicants) ConsentsOf(_ context.Context, q pg.Q, applicantID uuid.UUID) ([]Consent, error) {
	return consentsOf(q, applicantID)
}

// Missing returns those of the required agreements that are not among the consents in just that version.
func Missing(required []Agreed, given []Consent) []Agreed {
	var missing []Agreed
	for _, r := range required {
		if !slices.ContainsFunc(given, func(c Consent) bool { return c.Agreed == r }) {
			missing = append(missing, r)
		}
	}
	return missing
}
