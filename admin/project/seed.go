package project

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

// FirstCode is the code of the first project, 中广核.
const FirstCode = "cgn"

//go:embed agreements/*.txt
var agreementTexts embed.FS

// firstAgreements are the four texts of version 1, in the order they are shown.
var firstAgreements = []Agreement{
	{Code: "service", Version: 1, Title: "电子认证服务协议"},
	{Code: "privacy", Version: 1, Title: "个人信息保护政策"},
	{Code: "personal_data", Version: 1, Title: "个人信息授权书"},
	{Code: "sensitive_data", Version: 1, Title: "敏感个人信息授权书", Sensitive: true},
}

// firstPrices is the price list of the first project in fen, index = years - 1.
var firstPrices = [MaxYears]money.Fen{260_00, 500_00, 720_00, 920_00, 1100_00}

// EnsureProject makes the first project with its prices and the agreements, all in force since the
// given moment. What is already there stays as it is, so it may run at every start.
func (p Projects) EnsureProject(ctx context.Context, tx pg.Tx, from time.Time) (Project, error) {
	first, err := p.Add(ctx, tx, FirstCode, "中广核", firstPrices, from)
	if err != nil {
		return Project{}, err
	}
	return first, ensureAgreements(tx, from.UTC())
}

// Add makes a project with its price list, index = years - 1, both in force since a moment. One whose code is there
// already stays as it is, and so does a price list.
func (p Projects) Add(ctx context.Context, tx pg.Tx, code, name string, prices [MaxYears]money.Fen, from time.Time) (Project, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Project{}, fault.Wrap("random_unavailable", err)
	}
	from = from.UTC()
	if err := insertMissing(tx, []projectRow{{ID: id, Code: code, Name: name, CreatedAt: from}}); err != nil {
		return Project{}, err
	}
	added, err := p.ByCode(ctx, tx, code)
	if err != nil {
		return Project{}, err
	}
	return added, p.ensurePrices(ctx, tx, added.ID, prices, from)
}

// farOff is later than any value in force or announced: what is set for a later day counts as there.
func farOff(from time.Time) time.Time { return from.AddDate(100, 0, 0) }

func (p Projects) ensurePrices(ctx context.Context, tx pg.Tx, projectID uuid.UUID, list [MaxYears]money.Fen, from time.Time) error {
	has, err := p.Prices(ctx, tx, projectID, OrganisationCertificate, farOff(from))
	if err != nil || len(has) > 0 {
		return err
	}
	rows := make([]priceRow, 0, MaxYears)
	for i, fen := range list {
		rows = append(rows, priceRow{
			ProjectID: projectID, CertType: OrganisationCertificate, Years: i + 1, AmountFen: fen,
			EffectiveFrom: from, CreatedAt: from,
		})
	}
	return insertMissing(tx, rows)
}

func ensureAgreements(tx pg.Tx, from time.Time) error {
	rows := make([]agreementRow, 0, len(firstAgreements))
	for _, a := range firstAgreements {
		body, err := agreementTexts.ReadFile("agreements/" + a.Code + ".txt")
		if err != nil {
			return fault.Wrap("agreement_missing", fmt.Errorf("project: text of agreement %s: %w", a.Code, err))
		}
		rows = append(rows, agreementRow{
			Code: a.Code, Version: a.Version, Title: a.Title, Body: string(body), Sensitive: a.Sensitive,
			EffectiveFrom: from, CreatedAt: from,
		})
	}
	return insertMissing(tx, rows)
}
