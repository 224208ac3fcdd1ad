package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
	"caconsole/admin/seal"
)

// Uncalled is an order whose holder has not fetched the update in spite of all reminders.
type Uncalled struct {
	board.OrderLine
	Days   int  // since it could be
	Decide bool // so long that a person has to decide what becomes of it
}

// CallList lists the agents the hotline is to call: those who have not updated within the project's days.
func (f *Flow) CallList(ctx context.Context, a actor.Actor) ([]Uncalled, error) {
	var out []Uncalled
	err := f.eachProject(ctx, a, func(p project.Project, s project.Settings) error {
		rows, err := f.Board.Uncalled(ctx, a, p.ID, f.Now().Add(-callAfter(s)))
		for _, row := range rows {
			days := int(f.Now().Sub(row.StageSince) / day)
			out = append(out, Uncalled{OrderLine: row, Days: days, Decide: days >= s.DecideAfterDays})
		}
		return err
	})
	return out, err
}

// eachProject calls do for every project the actor works in, with what is set for it now.
func (f *Flow) eachProject(ctx context.Context, a actor.Actor, do func(project.Project, project.Settings) error) error {
	q := f.DB.Read(ctx)
	projects, err := f.Projects.List(ctx, q)
	if err != nil {
		return err
	}
	for _, p := range projects {
		if !a.InScope(p.ID) {
			continue
		}
		settings, err := f.Projects.Settings(ctx, q, p.ID, f.Now())
		if err != nil {
			return err
		}
		if err := do(p, settings); err != nil {
			return err
		}
	}
	return nil
}

func callAfter(s project.Settings) time.Duration { return time.Duration(s.CallAfterDays) * day }

// CallNumber tells the phone of an agent who is on the call list; the view is audited before it leaves. Conflict
// "not_on_call_list" for all others: the hotline sees no numbers otherwise.
func (f *Flow) CallNumber(ctx context.Context, a actor.Actor, no string) (seal.Secret, error) {
	o, err := f.Orders.Get(ctx, f.DB.Read(ctx), a, no)
	if err != nil {
		return "", err
	}
	settings, err := f.Projects.Settings(ctx, f.DB.Read(ctx), o.ProjectID, f.Now())
	if err != nil {
		return "", err
	}
	if o.Stage != order.StageUpdate || f.Now().Sub(o.StageSince) < callAfter(settings) {
		return "", fault.New(fault.Conflict, "not_on_call_list", nil)
	}
	return f.Reveal(ctx, a, no, order.FieldAgentPhone, "call")
}

// Called takes an order off the call list: its agent was told.
func (f *Flow) Called(ctx context.Context, a actor.Actor, no string) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, no)
		if err != nil {
			return err
		}
		fresh, err := f.Orders.Nudged(ctx, tx, o.ID, order.NudgeCalled)
		if err != nil || !fresh {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), audit.Entry{Action: "hotline.called", Object: "order:" + o.No, Project: o.ProjectID})
	})
}
