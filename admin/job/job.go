// Package job runs work after the transaction that wanted it: River's queue in the same database, so that a job is
// there exactly if the change that asked for it was committed.
//
// Jobs may run more than once: their handlers look at the state they find. Recovery never rests on the queue alone;
// see Periodic for sweeps.
package job

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"caconsole/admin/pg"
)

// Args are what one kind of job works on: a struct that is stored as JSON, with the kind's stable name.
type Args = river.JobArgs

// Enqueuer is what the owners of use cases need of this package.
type Enqueuer interface {
	// Enqueue adds a job that runs once tx has been committed, and never if it is not.
	Enqueue(ctx context.Context, tx pg.Tx, args Args, opts ...Option) error
}

// Registry collects handlers and sweeps before a Client is made. Not for concurrent use.
type Registry struct {
	workers  *river.Workers
	handlers int
	sweeps   []sweep
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{workers: river.NewWorkers()} }

// Handle says what runs for jobs of one kind. fn has 20 seconds; an error or a panic runs it again later, up to the
// job's attempts; GiveUp ends it at once. A second handler of the same kind panics.
func Handle[T Args](r *Registry, fn func(ctx context.Context, args T) error) {
	river.AddWorker(r.workers, river.WorkFunc(func(ctx context.Context, j *river.Job[T]) error {
		if err := fn(ctx, j.Args); err != nil {
			return fmt.Errorf("job %s: %w", j.Kind, err)
		}
		return nil
	}))
	r.handlers++
}

// GiveUp marks the error of a job that can never succeed: it is not run again.
func GiveUp(err error) error { return river.JobCancel(err) }

// Option changes how one job is queued.
type Option func(*river.InsertOpts)

// Unique queues nothing while a job of the same kind with equal arguments waits, runs or is to be run again. A job that
// runs already may have read the state before this change: what must not be missed is found by a sweep.
func Unique() Option {
	return func(o *river.InsertOpts) { o.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: unfinished()} }
}

// UniqueWaiting queues nothing while a job of the same kind with equal arguments waits or is to be run again. One that
// runs does not count: it may have read the state before this change, so the job runs once more after it. Give such jobs
// a queue with one worker, else two may run at once.
//
// The job gives its place up before its handler begins (see admit), by a change of its row. Whoever found the place
// taken has locked that row until its commit (River inserts with ON CONFLICT DO UPDATE): the handler begins after it and
// sees what it changed.
func UniqueWaiting() Option {
	return func(o *river.InsertOpts) {
		Unique()(o)
		o.Tags = append(o.Tags, uniqueWaiting)
	}
}

// At runs the job no earlier than t.
func At(t time.Time) Option { return func(o *river.InsertOpts) { o.ScheduledAt = t } }

// Due tells the time that options set by At; zero where they set none. For an Enqueuer that is no Client.
func Due(opts ...Option) time.Time {
	var o river.InsertOpts
	for _, set := range opts {
		set(&o)
	}
	return o.ScheduledAt
}

// Queue puts the job in a queue of its own workers, named in Options.Queues.
func Queue(name string) Option { return func(o *river.InsertOpts) { o.Queue = name } }

// MaxAttempts is how often the job is tried altogether; 25 unless said.
func MaxAttempts(n int) Option { return func(o *river.InsertOpts) { o.MaxAttempts = n } }
