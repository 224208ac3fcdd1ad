package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/project"
)

// Agreements are the texts in force.
func (f *Flow) Agreements(ctx context.Context) ([]project.Agreement, error) {
	return f.Projects.Agreements(ctx, f.DB.Read(ctx), f.Now())
}

// missingConsents returns the agreements in force the applicant does not stand by; those on biometrics only if asked.
func (f *Flow) missingConsents(ctx context.Context, q pg.Q, applicantID uuid.UUID, sensitive bool) ([]applicant.Agreed, error) {
	agreements, err := f.Projects.Agreements(ctx, q, f.Now())
	if err != nil {
		return nil, err
	}
	given, err := f.Applicants.ConsentsOf(ctx, q, applicantID)
	return applicant.Missing(agreedTo(agreements, sensitive), given), err
}

// agreedTo names the agreements, those on biometrics only if asked.
func agreedTo(agreements []project.Agreement, sensitive bool) []applicant.Agreed {
	out := make([]applicant.Agreed, 0, len(agreements))
	for _, g := range agreements {
		if sensitive || !g.Sensitive {
			out = append(out, applicant.Agreed{Code: g.Code, Version: g.Version})
		}
	}
	return out
}

// consentMissing refuses what needs consents that are not there, and names them.
func consentMissing(missing []applicant.Agreed) error {
	codes := make([]string, len(missing))
	for i, m := range missing {
		codes[i] = m.Code
	}
	return fault.New(fault.Conflict, "consent_missing", fault.Args{"codes": codes})
}

// agreementTitles are the titles in force, in the order they are shown.
func (f *Flow) agreementTitles(ctx context.Context, q pg.Q) ([]string, error) {
	agreements, err := f.Projects.Agreements(ctx, q, f.Now())
	titles := make([]string, 0, len(agreements))
	for _, g := range agreements {
		titles = append(titles, g.Title)
	}
	return titles, err
}
