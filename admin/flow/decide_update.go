package flow

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
)

// Undecided is a renewal nobody fetches, for a person to decide about.
type Undecided struct {
	board.Undecided
	Days   int // since it could be fetched
	Extend int // days that more time would give
}

func decideAfter(s project.Settings) time.Duration { return time.Duration(s.DecideAfterDays) * day }

// Undecided lists the renewals whose update has waited longer than the project's days for a decision.
func (f *Flow) Undecided(ctx context.Context, a actor.Actor) ([]Undecided, error) {
	var out []Undecided
	err := f.eachProject(ctx, a, func(p project.Project, s project.Settings) error {
		rows, err := f.Board.Undecided(ctx, a, p.ID, f.Now().Add(-decideAfter(s)))
		for _, row := range rows {
			out = append(out, Undecided{Undecided: row, Days: int(f.Now().Sub(row.StageSince) / day), Extend: s.DecideAfterDays})
		}
		return err
	})
	return out, err
}

// DecideUpdate is a lead's decision about a renewal whose update nobody fetches: order.Extend gives as many days more as
// the project's settings had given, and the hotline calls once more; order.Rest leaves it to the holder, who may still
// fetch it, and nobody is asked again. The third way, revoking the new pair, is Revoke's: it closes the order by itself.
// Faults: order_unknown, Conflict "update_not_overdue"; on "decision": unknown_value; on "reason": required, too_long.
func (f *Flow) DecideUpdate(ctx context.Context, a actor.Actor, no string, d order.Decision, reason string) error {
	switch reason = strings.TrimSpace(reason); {
	case d != order.Extend && d != order.Rest:
		return fault.InvalidField("decision", "decision_missing")
	case reason == "":
		return fault.InvalidField("reason", "required")
	case utf8.RuneCountInString(reason) > longestReason:
		return fault.InvalidField("reason", "too_long")
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, no)
		if err != nil {
			return err
		}
		settings, err := f.Projects.Settings(ctx, tx, o.ProjectID, f.Now())
		if err != nil {
			return err
		}
		if o.Stage != order.StageUpdate || f.Now().Sub(o.StageSince) < decideAfter(settings) {
			return fault.New(fault.Conflict, "update_not_overdue", nil)
		}
		until := f.Now().Add(decideAfter(settings))
		if err := f.Orders.Decide(ctx, tx, o.ID, a.ID, d, until, reason); err != nil {
			return err
		}
		if d == order.Extend {
			if err := f.Orders.Unnudge(ctx, tx, o.ID, order.NudgeCalled); err != nil {
				return err
			}
		}
		return audit.Append(ctx, tx, a, f.Now(), audit.Entry{
			Action: "update." + string(d), Object: "order:" + o.No, Project: o.ProjectID, Reason: reason,
		})
	})
}
