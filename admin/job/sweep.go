package job

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

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
	return &sweeper{sweeps: sweeps, log: log, lead: leadership{config: db.Pool().Config().ConnConfig}}
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

// leadership holds one advisory lock for each sweep this process leads, all on a connection of its own: they end with
// it, however the process ends.
type leadership struct {
	config *pgx.ConnConfig
	mu     sync.Mutex
	conn   *pgx.Conn
	held   map[string]bool
}

// of reports whether this process leads a sweep, trying to if nobody does.
func (l *leadership) of(ctx context.Context, name string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		conn, err := pgx.ConnectConfig(ctx, l.config)
		if err != nil {
			return false, pg.Fault(err)
		}
		l.conn, l.held = conn, map[string]bool{}
	}
	var ok bool
	err := l.conn.QueryRow(ctx, "SELECT $1 OR pg_try_advisory_lock(hashtextextended($2, 0))", l.held[name], "caconsole/sweep/"+name).Scan(&ok)
	if err != nil {
		l.drop(ctx)
		return false, pg.Fault(err)
	}
	l.held[name] = ok
	return ok, nil
}

func (l *leadership) resign() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		l.drop(context.Background())
	}
}

func (l *leadership) drop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = l.conn.Close(ctx) // the locks end with it either way
	l.conn, l.held = nil, nil
}
