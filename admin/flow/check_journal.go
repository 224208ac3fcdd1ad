package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

const (
	// nightlyAt is the hour of Beijing at which database and journal are compared every night.
	nightlyAt = 2
	// checkFor is how long one run of the sweep goes on comparing; the next one goes on from there.
	checkFor = 10 * time.Second
)

// checker is who compares.
var checker = actor.Job("journal")

// CheckJournal compares the database with the signer's journal and the last revocation list, both ways: whenever a
// process starts, and every night. It goes on where it stopped. What does not agree is kept, told in the log and the
// audit trail once, and stands on a screen until a later comparison no longer finds it.
func (f *Flow) CheckJournal(ctx context.Context) error {
	c, err := f.dueCheck(ctx)
	if err != nil || c.Done() {
		return err
	}
	turn, cancel := context.WithTimeout(ctx, checkFor)
	defer cancel()
	for !c.Done() && turn.Err() == nil {
		next, found, err := f.Issuance.CheckStep(ctx, f.DB.Read(ctx), c)
		if err != nil {
			return err
		}
		err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
			if err := f.Issuance.KeepCheck(ctx, tx, next, found); err != nil {
				return err
			}
			return f.tellFindings(ctx, tx, next, found)
		})
		if fault.HasKey(err, "check_open") {
			return nil // another process compares
		}
		if err != nil {
			return err
		}
		c = next
	}
	return nil
}

// dueCheck is the comparison to go on with; one that is done where none is due.
func (f *Flow) dueCheck(ctx context.Context) (issuance.Check, error) {
	last, err := f.Issuance.LastCheck(ctx, f.DB.Read(ctx))
	switch {
	case fault.HasKey(err, "signer_unknown"):
		return issuance.Check{Phase: issuance.CheckDone}, nil // nothing is issued yet
	case fault.HasKey(err, "check_unknown"):
		return f.Issuance.NewCheck()
	case err != nil || !last.Done():
		return last, err
	}
	now := f.Now().In(order.Beijing)
	night := time.Date(now.Year(), now.Month(), now.Day(), nightlyAt, 0, 0, 0, order.Beijing)
	if now.Before(night) {
		night = night.AddDate(0, 0, -1)
	}
	if last.StartedAt.Before(night) || last.StartedAt.Before(f.Started) {
		return f.Issuance.NewCheck()
	}
	return last, nil
}

// tellFindings says what was found to those who read logs, and the outcome to those who read the audit trail.
func (f *Flow) tellFindings(ctx context.Context, tx pg.Tx, c issuance.Check, found []issuance.Finding) error {
	for _, x := range found {
		f.Log.ErrorContext(ctx, "database and signer disagree", "finding", x.Kind, "subject", x.Subject, "detail", x.Detail)
	}
	if !c.Done() {
		return nil
	}
	f.Log.InfoContext(ctx, "database and signer compared", "records", c.Counts.Records, "issued", c.Counts.Issued, "open", c.Counts.Open, "findings", c.Counts.Findings)
	return audit.Append(ctx, tx, checker, f.Now(), audit.Entry{Action: "journal.compared", Object: "journal:" + c.ID.String(), Details: map[string]any{
		"records": c.Counts.Records, "issued": c.Counts.Issued, "findings": c.Counts.Findings,
	}})
}
