package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/job"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
)

type greet struct {
	Name string `json:"name"`
}

func (greet) Kind() string { return "greet" }

type stray struct{}

func (stray) Kind() string { return "stray" }

var _ job.Enqueuer = (*job.Client)(nil)

// working returns a started client whose handler is fn.
func working(t *testing.T, db *pg.DB, fn func(context.Context, greet) error) *job.Client {
	t.Helper()
	r := job.NewRegistry()
	job.Handle(r, fn)
	return started(t, db, r)
}

func started(t *testing.T, db *pg.DB, r *job.Registry) *job.Client {
	t.Helper()
	c, err := job.NewClient(db, r, job.Options{Logger: slog.New(slog.DiscardHandler), Queues: map[string]int{"slow": 1}})
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}

func enqueue(t *testing.T, db *pg.DB, c job.Enqueuer, name string, opts ...job.Option) {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		return c.Enqueue(ctx, tx, greet{name}, opts...)
	}))
}

func count(t *testing.T, db *pg.DB, where string) (n int) {
	t.Helper()
	require.NoError(t, db.Read(t.Context()).Gorm().Raw("SELECT count(*) FROM river_job WHERE "+where).Scan(&n).Error)
	return n
}

// next is the name of the next job that ran.
func next(t *testing.T, ran <-chan string) string {
	t.Helper()
	select {
	case name := <-ran:
		return name
	case <-time.After(15 * time.Second):
		t.Fatal("no job ran")
		return ""
	}
}

// told waits until the test says how a job ends, or the job's time is over.
func told(ctx context.Context, end <-chan error) error {
	select {
	case err := <-end:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func eventually(t *testing.T, ok func() bool, what string) {
	t.Helper()
	require.Eventually(t, ok, 15*time.Second, 10*time.Millisecond, what)
}

func TestAJobRunsIfAndOnlyIfItsTransactionCommits(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ran := make(chan string, 10)
	c := working(t, db, func(_ context.Context, g greet) error { ran <- g.Name; return nil })

	boom := errors.New("boom")
	require.ErrorIs(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		require.NoError(t, c.Enqueue(ctx, tx, greet{"rolled back"}))
		return boom
	}), boom)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		require.ErrorIs(t, tx.Savepoint(func(tx pg.Tx) error {
			require.NoError(t, c.Enqueue(ctx, tx, greet{"undone"}))
			return boom
		}), boom)
		return c.Enqueue(ctx, tx, greet{"committed"})
	}))
	require.Equal(t, "committed", next(t, ran))
	eventually(t, func() bool { return count(t, db, "state = 'completed'") == 1 }, "completed")
	require.Equal(t, 1, count(t, db, "true"))
	require.Empty(t, ran)
}

func TestErrorsAndPanicsAreTriedAgain(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var runs atomic.Int64
	c := working(t, db, func(_ context.Context, g greet) error {
		if runs.Add(1) > 1 {
			return nil
		}
		if g.Name == "panic" {
			panic("oh")
		}
		return errors.New("oh")
	})
	for _, name := range []string{"error", "panic"} {
		runs.Store(0)
		enqueue(t, db, c, name)
		eventually(t, func() bool { return runs.Load() == 2 }, name)
	}
	eventually(t, func() bool { return count(t, db, "state = 'completed' AND attempt = 2") == 2 }, "completed")
}

func TestAttemptsEnd(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	c := working(t, db, func(_ context.Context, g greet) error {
		if g.Name == "hopeless" {
			return job.GiveUp(errors.New("no such thing"))
		}
		return errors.New("once more")
	})
	enqueue(t, db, c, "hopeless")
	enqueue(t, db, c, "tried once", job.MaxAttempts(1))
	eventually(t, func() bool { return count(t, db, "state = 'cancelled'") == 1 }, "given up")
	eventually(t, func() bool { return count(t, db, "state = 'discarded'") == 1 }, "discarded")
}

func TestUnique(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ran := make(chan string, 10)
	c := working(t, db, func(_ context.Context, g greet) error { ran <- g.Name; return nil })
	later := job.At(time.Now().Add(time.Hour))
	enqueue(t, db, c, "a", job.Unique(), later)
	enqueue(t, db, c, "a", job.Unique(), later)
	enqueue(t, db, c, "b", job.Unique(), later)
	require.Equal(t, 2, count(t, db, "state = 'scheduled'"))

	// Once it has run it may be wanted again.
	for range 2 {
		enqueue(t, db, c, "c", job.Unique())
		require.Equal(t, "c", next(t, ran))
		eventually(t, func() bool { return count(t, db, "state IN ('available', 'running')") == 0 }, "ended")
	}
}

// A job wanted while an equal one runs is run after it, once, however often it is wanted; what waits is not doubled.
func TestUniqueWaiting(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	began, end := make(chan string, 10), make(chan error)
	c := working(t, db, func(ctx context.Context, g greet) error { began <- g.Name; return told(ctx, end) })
	want := func() { enqueue(t, db, c, "a", job.Queue("slow"), job.UniqueWaiting()) }
	want()
	require.Equal(t, "a", next(t, began))
	for range 3 {
		want()
	}
	require.Equal(t, 1, count(t, db, "state = 'running'"))
	require.Equal(t, 1, count(t, db, "state = 'available'"))

	end <- errors.New("tried again a second later, which must not be in the way")
	require.Equal(t, "a", next(t, began))
	want()
	end <- nil
	require.Equal(t, "a", next(t, began))
	close(end)
	eventually(t, func() bool { return count(t, db, "state = 'completed'") == 3 }, "the repetition too")
}

// A job that waits begins after the changes of whoever relied on it.
func TestUniqueWaitingSeesWhatWasWanted(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	began, end, seen := make(chan string, 10), make(chan error), make(chan int, 10)
	c := working(t, db, func(ctx context.Context, g greet) error {
		var n int
		if err := db.Read(ctx).Gorm().Raw("SELECT count(*) FROM river_job WHERE kind = 'mark'").Scan(&n).Error; err != nil {
			return err
		}
		seen <- n
		began <- g.Name
		return told(ctx, end)
	})
	want := func() { enqueue(t, db, c, "a", job.Queue("slow"), job.UniqueWaiting()) }
	want()
	require.Equal(t, "a", next(t, began))
	want()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		if err := c.Enqueue(ctx, tx, greet{"a"}, job.Queue("slow"), job.UniqueWaiting()); err != nil { // waits already
			return err
		}
		end <- nil // the worker is free before this is committed
		time.Sleep(50 * time.Millisecond)
		return tx.Gorm().Exec("INSERT INTO river_job (kind, args, max_attempts, state) VALUES ('mark', '{}', 1, 'pending')").Error
	}))
	require.Equal(t, "a", next(t, began))
	end <- nil
	require.Equal(t, []int{0, 1}, []int{<-seen, <-seen})
	require.Empty(t, began)
}

func TestQueues(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ran := make(chan string, 10)
	c := working(t, db, func(_ context.Context, g greet) error { ran <- g.Name; return nil })
	enqueue(t, db, c, "slowly", job.Queue("slow"))
	require.Equal(t, "slowly", next(t, ran))
	require.Equal(t, 1, count(t, db, "queue = 'slow'"))

	require.Error(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		return c.Enqueue(ctx, tx, greet{"lost"}, job.Queue("nobody's"))
	}), "nobody would work it")
	require.Error(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		return c.Enqueue(ctx, tx, stray{})
	}), "no handler")
}

// One process sweeps, also through errors and panics; when it stops the other one takes over.
func TestPeriodic(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var rounds [2]atomic.Int64
	var clients [2]*job.Client
	for i := range clients {
		r := job.NewRegistry()
		job.Periodic(r, 10*time.Millisecond, "look", func(context.Context) error {
			switch rounds[i].Add(1) % 3 {
			case 1:
				return errors.New("oh")
			case 2:
				panic("oh")
			}
			return nil
		})
		require.Panics(t, func() { job.Periodic(r, time.Second, "look", nil) })
		clients[i] = started(t, db, r)
		seen := rounds[0].Load()
		eventually(t, func() bool { return rounds[0].Load() > seen+5 }, "the first one sweeps")
	}
	require.Zero(t, rounds[1].Load())
	require.NoError(t, clients[0].Stop(t.Context()))
	ended := rounds[0].Load()
	eventually(t, func() bool { return rounds[1].Load() > 5 }, "the other one takes over")
	require.Equal(t, ended, rounds[0].Load())
}

// A sweep goes on after its connection was cut.
func TestPeriodicAfterALostConnection(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var rounds atomic.Int64
	r := job.NewRegistry()
	job.Periodic(r, 5*time.Millisecond, "look", func(context.Context) error { rounds.Add(1); return nil })
	started(t, db, r)
	eventually(t, func() bool { return rounds.Load() > 0 }, "sweeps")
	require.NoError(t, db.Read(t.Context()).Gorm().Exec(
		"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").Error)
	seen := rounds.Load()
	eventually(t, func() bool { return rounds.Load() > seen+5 }, "sweeps again")
}

func TestStopWaitsForARunningJob(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	running, finished := make(chan bool), atomic.Bool{}
	r := job.NewRegistry()
	job.Handle(r, func(ctx context.Context, _ greet) error {
		close(running)
		select {
		case <-time.After(300 * time.Millisecond):
			finished.Store(true)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	c := started(t, db, r)
	enqueue(t, db, c, "x")
	<-running
	require.NoError(t, c.Stop(t.Context()))
	require.True(t, finished.Load())
}
