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
