package project

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

type projectRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	Code      string
	Name      string
	CreatedAt time.Time
}

func (projectRow) TableName() string { return "project" }

func (r projectRow) project() Project { return Project{ID: r.ID, Code: r.Code, Name: r.Name} }

type settingRow struct {
	ProjectID     uuid.UUID
	Key           string
	Value         json.RawMessage
	EffectiveFrom time.Time
	CreatedAt     time.Time
}

func (settingRow) TableName() string { return "project_setting" }

type priceRow struct {
	ProjectID     uuid.UUID
	CertType      string
	Years         int
	AmountFen     money.Fen
	EffectiveFrom time.Time
	CreatedAt     time.Time
}

func (priceRow) TableName() string { return "price" }

type agreementRow struct {
	Code          string
	Version       int
	Title         string
	Body          string
	Sensitive     bool
	EffectiveFrom time.Time
	CreatedAt     time.Time
}

func (agreementRow) TableName() string { return "agreement" }

func yearsNotOffered() error { return fault.InvalidField("years", "years_not_offered") }

// find reads by a condition of this package, never of a caller.
func find(q pg.Q, where string, arg any) (Project, error) {
	var rows []projectRow
	if err := q.Gorm().Where(where, arg).Limit(1).Find(&rows).Error; err != nil {
		return Project{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Project{}, fault.New(fault.NotFound, "project_unknown", nil)
	}
	return rows[0].project(), nil
}

// List reads all projects by code.
func (Projects) List(_ context.Context, q pg.Q) ([]Project, error) {
	var rows []projectRow
	if err := q.Gorm().Order("code").Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Project, len(rows))
	for i, r := range rows {
		out[i] = r.project()
	}
	return out, nil
}

func settingsAt(q pg.Q, projectID uuid.UUID, at time.Time) (map[string]json.RawMessage, error) {
	var rows []settingRow
	err := q.Gorm().Raw(`
		SELECT DISTINCT ON (key) key, value FROM project_setting
		WHERE project_id = ? AND effective_from <= ? ORDER BY key, effective_from DESC`, projectID, at).Scan(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	out := make(map[string]json.RawMessage, len(rows))
	for _, r := range rows {
		out[r.Key] = r.Value
	}
	return out, nil
}

// Prices is the price list of a certificate type as it holds at a moment, by years.
func (Projects) Prices(_ context.Context, q pg.Q, projectID uuid.UUID, certType string, at time.Time) ([]YearPrice, error) {
	var out []YearPrice
	err := q.Gorm().Raw(`
		SELECT DISTINCT ON (years) years, amount_fen FROM price
		WHERE project_id = ? AND cert_type = ? AND effective_from <= ? ORDER BY years, effective_from DESC`,
		projectID, certType, at).Scan(&out).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	return out, nil
}

// Agreements are the texts as they hold at a moment, those without biometrics first.
func (Projects) Agreements(_ context.Context, q pg.Q, at time.Time) ([]Agreement, error) {
	var rows []agreementRow
	err := q.Gorm().Raw(`
		SELECT * FROM (
			SELECT DISTINCT ON (code) * FROM agreement WHERE effective_from <= ? ORDER BY code, version DESC
		) newest ORDER BY sensitive, code`, at).Scan(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Agreement, len(rows))
	for i, r := range rows {
		out[i] = Agreement{Code: r.Code, Version: r.Version, Title: r.Title, Body: r.Body, Sensitive: r.Sensitive}
	}
	return out, nil
}

// Set adds a value of one setting from a moment on. The key and the value must fit Settings, together with what else
// holds then; fault setting_broken otherwise.
func (Projects) Set(_ context.Context, tx pg.Tx, projectID uuid.UUID, key string, value any, from, now time.Time) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fault.Wrap("setting_broken", err)
	}
	values, err := settingsAt(tx, projectID, from)
	if err != nil {
		return err
	}
	values[key] = raw
	if _, err := Defaults().with(values); err != nil {
		return err
	}
	row := settingRow{ProjectID: projectID, Key: key, Value: raw, EffectiveFrom: from.UTC(), CreatedAt: now.UTC()}
	return pg.Fault(tx.Gorm().Create(&row).Error)
}

// insertMissing adds rows and leaves those that are there as they are.
func insertMissing[T any](tx pg.Tx, rows []T) error {
	return pg.Fault(tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error)
}
