package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"caconsole/admin/pg"
)

const (
	jobTimeout    = 20 * time.Second
	rescueAfter   = 30 * time.Second // a job whose process died is run again after this
	fetchCooldown = 10 * time.Millisecond
	// pollInterval bounds the wait of a job that is not announced: River announces a queue at most once in the cooldown,
	// so one that commits late in it finds the workers gone back to sleep.
	pollInterval   = 200 * time.Millisecond
	longestBackoff = 10 * time.Minute
	defaultWorkers = 8
)

// Options of a client.
type Options struct {
	Logger *slog.Logger   // nil: slog.Default()
	Queues map[string]int // workers of each further queue
	// Workers of the default queue; 0 means 8.
	Workers int
}

// Client queues jobs and, once started, works them.
type Client struct {
	river  *river.Client[pgx.Tx]
	works  bool // there are handlers: River does not start without
	queues map[string]bool
	sweeps *sweeper
}

// NewClient makes a client that queues jobs; it works none before Start. A job whose kind has no handler in r is
// refused by Enqueue.
func NewClient(db *pg.DB, r *Registry, opt Options) (*Client, error) {
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	if opt.Workers <= 0 {
		opt.Workers = defaultWorkers
	}
	queues := map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: opt.Workers}}
	known := map[string]bool{"": true, river.QueueDefault: true}
	for name, workers := range opt.Queues {
		queues[name], known[name] = river.QueueConfig{MaxWorkers: workers}, true
	}
	c, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{
		Logger:               opt.Logger,
		Workers:              r.workers,
		Queues:               queues,
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    pollInterval,
		RetryPolicy:          backoff{},
		Middleware:           []rivertype.Middleware{admit(db)},
		ReindexerIndexNames:  []string{}, // needs the tables' owner, which the app role is not
	})
	if err != nil {
		return nil, fmt.Errorf("job: %w", err)
	}
	return &Client{river: c, works: r.handlers > 0, queues: known, sweeps: newSweeper(db, r.sweeps, opt.Logger)}, nil
}

// Enqueue adds a job within tx. Errors: a kind without handler or an unknown queue (both mistakes of the program), and
// the database's.
func (c *Client) Enqueue(ctx context.Context, tx pg.Tx, args river.JobArgs, opts ...Option) error {
	var o river.InsertOpts
	for _, set := range opts {
		set(&o)
	}
	if !c.queues[o.Queue] {
		return fmt.Errorf("job: no queue %q for %s", o.Queue, args.Kind())
	}
	return tx.Pgx(func(p pgx.Tx) error {
		if _, err := c.river.InsertTx(ctx, p, args, &o); err != nil {
			return fmt.Errorf("job: enqueue %s: %w", args.Kind(), err)
		}
		return nil
	})
}

// Start begins to work jobs and to run sweeps, until Stop.
func (c *Client) Start(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // River would cut running jobs off; Stop lets them end
	if c.works {
		if err := c.river.Start(ctx); err != nil {
			return fmt.Errorf("job: start: %w", err)
		}
	}
	c.sweeps.start(ctx)
	return nil
}

// Stop takes no new jobs and waits for the running ones; when ctx ends first they are cancelled.
func (c *Client) Stop(ctx context.Context) error {
	c.sweeps.stop()
	if !c.works {
		return nil
	}
	err := c.river.Stop(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobTimeout)
		defer cancel()
		err = c.river.StopAndCancel(hard)
	}
	if err != nil {
		return fmt.Errorf("job: stop: %w", err)
	}
	return nil
}

// unfinished are the states of a job that will still run or is running.
func unfinished() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}
}

// backoff waits 1, 16, 81, 256 … seconds after the start of the first, second … failed attempt, ten minutes at most,
// give or take a tenth.
type backoff struct{}

// NextRetry implements river.ClientRetryPolicy.
func (backoff) NextRetry(j *rivertype.JobRow) time.Time {
	failed := len(j.Errors) + 1
	wait := min(math.Pow(float64(failed), 4), longestBackoff.Seconds())
	wait *= 0.9 + 0.2*rand.Float64() //nolint:gosec // spreads retries, protects nothing
	return j.AttemptedAt.Add(time.Duration(wait * float64(time.Second)))
}
