package job_test

import (
	"context"
	"log/slog"
	"testing"

	"caconsole/admin/job"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
)

// A transaction that queues a job, by one goroutine.
func BenchmarkEnqueue(b *testing.B) {
	db := pgtest.New(b)
	r := job.NewRegistry()
	job.Handle(r, func(context.Context, greet) error { return nil })
	c, err := job.NewClient(db, r, job.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := db.InTx(b.Context(), func(ctx context.Context, tx pg.Tx) error { return c.Enqueue(ctx, tx, greet{"x"}) }); err != nil {
			b.Fatal(err)
		}
	}
}

// From before the transaction that queues a job until it runs.
func BenchmarkEnqueueToRun(b *testing.B) {
	db := pgtest.New(b)
	ran := make(chan bool)
	r := job.NewRegistry()
	job.Handle(r, func(context.Context, greet) error { ran <- true; return nil })
	c, err := job.NewClient(db, r, job.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Stop(context.Background()) }()
	one := func() {
		if err := db.InTx(b.Context(), func(ctx context.Context, tx pg.Tx) error { return c.Enqueue(ctx, tx, greet{"x"}) }); err != nil {
			b.Fatal(err)
		}
		<-ran
	}
	one() // the client listens only some time after its start
	for b.Loop() {
		one()
	}
}
