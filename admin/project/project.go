// Package project holds the projects (大客户专区) and what is decided per project rather than in code: settings,
// prices and agreements, each with the moment from which it holds. Values are added, never rewritten, so that what
// held at the creation of an order can always be read again.
package project

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/money"
	"caconsole/admin/pg"
)

// Project is one 大客户专区.
type Project struct {
	ID   uuid.UUID
	Code string // lower case, stable: "cgn"
	Name string // as staff and applicants read it: 中广核
}

// Projects reads and adds project data. It holds nothing of its own; the zero value works.
type Projects struct{}

// OrganisationCertificate is the certificate type of the price list for 机构证书, the only one renewed so far.
const OrganisationCertificate = "organisation"

// MaxYears is the longest term of the price list.
const MaxYears = 5

// YearPrice is one line of a price list.
type YearPrice struct {
	Years     int
	AmountFen money.Fen
}

// Agreement is a text applicants consent to, in the version that holds.
type Agreement struct {
	Code    string
	Version int
	Title   string
	Body    string
	// Sensitive marks the consent to biometrics, a tick of its own: refusing it blocks only what needs biometrics.
	Sensitive bool
}

// ByID reads a project; fault project_unknown if there is none.
func (Projects) ByID(_ context.Context, q pg.Q, id uuid.UUID) (Project, error) {
	return find(q, "id = ?", id)
}

// ByCode reads a project by its code; fault project_unknown if there is none.
func (Projects) ByCode(_ context.Context, q pg.Q, code string) (Project, error) {
	return find(q, "code = ?", code)
}

// Settings reads the settings of a project as they hold at a moment; what was never set has its default.
func (Projects) Settings(_ context.Context, q pg.Q, projectID uuid.UUID, at time.Time) (Settings, error) {
	values, err := settingsAt(q, projectID, at)
	if err != nil {
		return Settings{}, err
	}
	return Defaults().with(values)
}

// LoginCodeTTL is how long a login code lives. Logging in belongs to no project yet, so the shortest time any
// project allows holds for all.
func (p Projects) LoginCodeTTL(ctx context.Context, q pg.Q, at time.Time) (time.Duration, error) {
	projects, err := p.List(ctx, q)
	if err != nil {
		return 0, err
	}
	shortest := Defaults().LoginCodeTTL()
	for _, one := range projects {
		s, err := p.Settings(ctx, q, one.ID, at)
		if err != nil {
			return 0, err
		}
		shortest = min(shortest, s.LoginCodeTTL())
	}
	return shortest, nil
}

// Price is what a certificate of the type costs for the years at a moment; fault invalid_field (years:
// years_not_offered) where the list has no such line.
func (p Projects) Price(ctx context.Context, q pg.Q, projectID uuid.UUID, certType string, years int, at time.Time) (money.Fen, error) {
	prices, err := p.Prices(ctx, q, projectID, certType, at)
	if err != nil {
		return 0, err
	}
	for _, line := range prices {
		if line.Years == years {
			return line.AmountFen, nil
		}
	}
	return 0, yearsNotOffered()
}
