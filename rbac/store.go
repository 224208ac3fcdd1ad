package rbac

import (
	"context"
	"database/sql"

	"caconsole/admin/pg"
)

// rule is a row of casbin_rule.
type rule struct{ Ptype, V0, V1, V2 string }

func (rule) TableName() string { return "casbin_rule" }

// fields are the rule as Casbin wants it.
func (r rule) fields() []string {
	if r.V2 == "" {
		return []string{r.Ptype, r.V0, r.V1}
	}
	return []string{r.Ptype, r.V0, r.V1, r.V2}
}

// load reads the rules and their version as of one moment.
func load(ctx context.Context, db *pg.DB) (version int64, rules []rule, err error) {
	moment := sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	err = db.InTxOptions(ctx, moment, func(_ context.Context, tx pg.Tx) error {
		if err := tx.Gorm().Raw("SELECT version FROM policy_version").Row().Scan(&version); err != nil {
			return err
		}
		rules = nil
		return tx.Gorm().Order("ptype, v0, v1, v2").Find(&rules).Error
	})
	return version, rules, err
}

func insert(ctx context.Context, tx pg.Tx, r rule) error {
	return pg.Fault(tx.Gorm().WithContext(ctx).Exec(
		"INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", r.Ptype, r.V0, r.V1, r.V2).Error)
}

func remove(ctx context.Context, tx pg.Tx, r rule) (bool, error) {
	done := tx.Gorm().WithContext(ctx).Exec(
		"DELETE FROM casbin_rule WHERE ptype = ? AND v0 = ? AND v1 = ? AND v2 = ?", r.Ptype, r.V0, r.V1, r.V2)
	return done.RowsAffected == 1, pg.Fault(done.Error)
}
