package staffkey

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

type changeRow struct {
	Digest    []byte `gorm:"primaryKey"`
	Seq       uint64
	Canonical []byte
	State     string
	CreatedBy uuid.UUID
	CreatedAt time.Time
	EndedAt   *time.Time
	Refusal   string
}

// TableName tells gorm the table.
func (changeRow) TableName() string { return "registry_change" }

// refusal is a fault as it is kept.
type refusal struct {
	Kind fault.Kind `json:"kind"`
	Key  string     `json:"key"`
	Args fault.Args `json:"args,omitempty"`
}

func (r changeRow) change() (Change, error) {
	parsed, err := cert.ParseRegistryChange(r.Canonical)
	if err != nil {
		return Change{}, err
	}
	out := Change{RegistryChange: parsed, Sum: cert.Digest(r.Digest), State: r.State, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.UTC()}
	if r.Refusal == "" {
		return out, nil
	}
	var why refusal
	if err := json.Unmarshal([]byte(r.Refusal), &why); err != nil {
		return out, fault.Wrap("registry_change_unreadable", err)
	}
	out.Refusal = fault.New(why.Kind, why.Key, why.Args)
	return out, nil
}

// OpenChange returns the change that waits for signatures, or for the signer. lock keeps others from touching it until
// the transaction ends. Fails with NotFound "registry_change_none".
func (k *Keys) OpenChange(_ context.Context, q pg.Q, lock bool) (Change, error) {
	find := q.Gorm().Where("state = ?", Open)
	if lock {
		find = find.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
	}
	var rows []changeRow
	if err := find.Limit(1).Find(&rows).Error; err != nil {
		return Change{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Change{}, fault.New(fault.NotFound, "registry_change_none", nil)
	}
	return rows[0].change()
}

// Begin opens a change. The same change once more is the one that was withdrawn, with the signatures it has. Fails with
// Conflict "registry_change_open" where another one is open.
func (k *Keys) Begin(_ context.Context, tx pg.Tx, by uuid.UUID, c cert.RegistryChange) (Change, error) {
	sum := c.Digest()
	row := changeRow{Digest: sum[:], Seq: c.Seq, Canonical: c.Canonical(), State: Open, CreatedBy: by, CreatedAt: k.now()}
	again := clause.OnConflict{
		Columns: []clause.Column{{Name: "digest"}}, DoUpdates: clause.AssignmentColumns([]string{"state", "created_by", "created_at", "ended_at", "refusal"}),
		Where: clause.Where{Exprs: []clause.Expression{clause.Neq{Column: clause.Column{Table: "registry_change", Name: "state"}, Value: Open}}},
	}
	res := tx.Gorm().Clauses(again).Create(&row)
	if res.Error == nil && res.RowsAffected == 0 { // this very change is open
		return Change{}, fault.New(fault.Conflict, "registry_change_open", nil)
	}
	if res.Error != nil {
		return Change{}, pg.Fault(res.Error)
	}
	return row.change()
}

// EndChange closes the open change. Fails with Conflict "registry_change_ended".
func (k *Keys) EndChange(_ context.Context, tx pg.Tx, sum cert.Digest, state string) error {
	res := tx.Gorm().Model(&changeRow{}).Where("digest = ? AND state = ?", sum[:], Open).Updates(map[string]any{"state": state, "ended_at": k.now()})
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "registry_change_ended", nil)
	}
	return pg.Fault(res.Error)
}

// RefusedChange keeps why the signer did not take a change, which stays open to be withdrawn.
func (k *Keys) RefusedChange(_ context.Context, tx pg.Tx, sum cert.Digest, why *fault.Error) error {
	raw, err := json.Marshal(refusal{why.Kind, why.Key, why.Args})
	if err != nil {
		return fault.Wrap("registry_change_unwritable", err)
	}
	return pg.Fault(tx.Gorm().Model(&changeRow{}).Where("digest = ? AND state = ?", sum[:], Open).Update("refusal", string(raw)).Error)
}
