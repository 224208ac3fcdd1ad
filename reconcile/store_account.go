package reconcile

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

type accountRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	ProjectID uuid.UUID
	Bank      string
	Branch    string
	AccountNo string
	OwnName   string
	CreatedAt time.Time
}

// TableName tells gorm the table.
func (accountRow) TableName() string { return "statement_account" }

func (r accountRow) account() Account {
	return Account{ID: r.ID, ProjectID: r.ProjectID, Bank: r.Bank, Branch: r.Branch, No: r.AccountNo, OwnName: r.OwnName}
}

// AddAccount adds a receiving account to a project; the newest one is what payers are told. Conflict
// "statement_account_known".
func (l *Ledger) AddAccount(_ context.Context, tx pg.Tx, a Account) (Account, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Account{}, fault.Wrap("account_id", err)
	}
	r := accountRow{id, a.ProjectID, a.Bank, a.Branch, a.No, a.OwnName, l.now()}
	return r.account(), pg.Fault(tx.Gorm().Create(&r).Error)
}

// Receiving returns the account a project's customers pay into. NotFound "statement_account_none".
func (l *Ledger) Receiving(_ context.Context, q pg.Q, project uuid.UUID) (Account, error) {
	var r accountRow
	err := pg.Fault(q.Gorm().Where("project_id = ?", project).Order("created_at DESC, id DESC").Take(&r).Error)
	if fault.Is(err, fault.NotFound) {
		return Account{}, fault.New(fault.NotFound, "statement_account_none", nil)
	}
	return r.account(), err
}

// ownAccount finds the account a file is of. Invalid "statement_account_unknown", also for one of another project.
func (l *Ledger) ownAccount(q pg.Q, a actor.Actor, no string) (Account, error) {
	var r accountRow
	err := pg.Fault(q.Gorm().Where("account_no = ?", no).Take(&r).Error)
	if fault.Is(err, fault.NotFound) || (err == nil && !a.InScope(r.ProjectID)) {
		return Account{}, fault.New(fault.Invalid, "statement_account_unknown", fault.Args{"account": tail(no)})
	}
	return r.account(), err
}

// tail shows the end of one of our own account numbers.
func tail(no string) string { return "*" + no[max(0, len(no)-4):] }
