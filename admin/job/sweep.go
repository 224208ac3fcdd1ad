package job

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"caconsole/admin/pg"
)

type sweep struct {
	name     string
	interval time.Duration
	fn       func(context.Context) error
}

// Periodic runs fn when a client starts and then every interval, in one of all the processes that work on the
// database. fn has 20 seconds; an error or a panic is logged and the next round is the retry. It is no row in the queue: a killed
// process frees its sweeps at once, and the next one to start looks for what hangs before it does anything else. When
// a connection is lost two processes may sweep at the same moment, so fn settles each case by a conditional change.
func Periodic(r *Registry, interval time.Duration, name string, fn func(ctx context.Context) error) {
	for _, s := range r.sweeps {
		if s.name == name {
			panic(fmt.Sprintf("job: two sweeps named %q", name))
		}
	}
	r.sweeps = append(r.sweeps, sweep{name, interval, fn})
}

// sweeper runs the sweeps that this process leads.
type sweeper struct {
	sweeps []sweep
	lead   leadership
	log    *slog.Logger
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newSweeper(db *pg.DB, sweeps []sweep, log *slog.Logger) *sweeper {
	return &sweeper{sweeps: sweeps, log: log, lead: leadershipOn(db)}
}

func (s *sweeper) start(ctx context.Context) {
	ctx, s.cancel = context.WithCancel(ctx)
	for _, sw := range s.sweeps {
		s.done.Go(func() { s.run(ctx, sw) })
	}
}

func (s *sweeper) stop() {
	if s.cancel == nil {
		return
	}
	s.cancel()
	s.done.Wait()
	s.lead.resign()
}

func (s *sweeper) run(ctx context.Context, sw sweep) {
	tick := time.NewTicker(sw.interval)
	defer tick.Stop()
	for {
		leads, err := s.lead.of(ctx, sw.name)
		if leads {
			err = once(ctx, sw)
		}
		if err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "sweep failed", "sweep", sw.name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func once(ctx context.Context, sw sweep) (err error) {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return sw.fn(ctx)
}
