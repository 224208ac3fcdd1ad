package history

import (
	"container/heap"
	"context"
	"fmt"
	"time"

	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/pg"
	"caconsole/cmd/caconsole/app"
)

// event is something that happens at a moment of the past.
type event struct {
	at   time.Time
	seq  int // events of one moment happen as they were planned
	what string
	do   func(ctx context.Context) error
}

// agenda is what is still to happen, soonest first.
type agenda []*event

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a agenda) Less(i, j int) bool {
	if a[i].at.Equal(a[j].at) {
		return a[i].seq < a[j].seq
	}
	return a[i].at.Before(a[j].at)
}

// Push and Pop serve container/heap.
func (a *agenda) Push(x any) { *a = append(*a, x.(*event)) } //nolint:forcetypeassert // only events are pushed

// Pop serves container/heap.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	*a = (*a)[:last]
	return e
}

// plan puts an event on the agenda.
func (w *world) plan(at time.Time, what string, do func(ctx context.Context) error) {
	w.planned++
	heap.Push(&w.agenda, &event{at: at, seq: w.planned, what: what, do: do})
}

// play lets everything happen that is planned up to a moment, and what follows from it.
func (w *world) play(ctx context.Context, until time.Time) error {
	for len(w.agenda) > 0 && !w.agenda[0].at.After(until) {
		e, _ := heap.Pop(&w.agenda).(*event)
		if err := w.nightfall(ctx, e.at); err != nil {
			return err
		}
		w.Clock.set(e.at)
		w.wanted = w.wanted[:0]
		if err := e.do(ctx); err != nil {
			return fmt.Errorf("%s at %s: %w", e.what, e.at.Format(time.RFC3339), err)
		}
		for _, j := range w.wanted {
			w.planJob(j)
		}
	}
	w.Clock.set(until)
	return nil
}

// nightfall numbers the day's audit entries and signs the day's checkpoint before a new day begins.
func (w *world) nightfall(ctx context.Context, next time.Time) error {
	if !midnight(next).After(w.Clock.Now()) {
		return nil
	}
	w.Clock.set(midnight(next))
	_, err := w.sequencer.Pass(ctx)
	return err
}

// wantedJob is a job that a use case asked for.
type wantedJob struct {
	args job.Args
	due  time.Time
}

// Enqueue implements job.Enqueuer: the job is done on the clock of the past, by the same function that works it in a
// running console. It is forgotten where the event that wanted it fails. Drawing page images knows no time: see Make.
func (w *world) Enqueue(ctx context.Context, tx pg.Tx, args job.Args, opts ...job.Option) error {
	if _, pages := args.(document.PagesArgs); pages {
		if !w.uploading.fate.underReview() {
			return nil
		}
		return w.queue.Enqueue(ctx, tx, args, opts...)
	}
	w.wanted = append(w.wanted, wantedJob{args, job.Due(opts...)})
	return nil
}

// How soon jobs are done, and tried again when something outside is not ready.
const (
	jobAfter  = 2 * time.Second
	jobAgain  = time.Minute
	jobTries  = 10
	runsAfter = 90 * time.Second // of a matching run: one serves all that want it in the meantime
	// arrivesAfter is when the vendor reports a message as delivered.
	arrivesAfter = 15 * time.Second
)

func (w *world) planJob(j wantedJob) {
	if _, run := j.args.(flow.MatchRunArgs); run {
		w.planMatchRun()
		return
	}
	at := w.Clock.Now().Add(jobAfter)
	if j.due.After(at) {
		at = j.due
	}
	at = at.Add(w.outage(j.args))
	w.planTry(at, j.args, 1)
}

func (w *world) planTry(at time.Time, args job.Args, try int) {
	w.plan(at, "job "+args.Kind(), func(ctx context.Context) error {
		err := app.Work(ctx, w.flow, args)
		if fault.Is(err, fault.Unavailable) && try < jobTries {
			w.planTry(w.Clock.Now().Add(jobAgain), args, try+1)
			return nil
		}
		if sent, ok := args.(notify.SendArgs); ok && err == nil {
			w.planTry(w.Clock.Now().Add(arrivesAfter), flow.DeliveryArgs{MessageID: sent.ID}, 1)
		}
		return err
	})
}

func (w *world) planMatchRun() {
	if w.runPlanned {
		return
	}
	w.runPlanned = true
	w.plan(w.Clock.Now().Add(runsAfter), "matching run", func(ctx context.Context) error {
		w.runPlanned = false
		return app.Work(ctx, w.flow, flow.MatchRunArgs{})
	})
}
