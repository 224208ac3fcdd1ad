package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"caconsole/admin/document"
)

// stopWithin is how long requests and jobs under way have to end.
const stopWithin = 25 * time.Second

// Run serves on the addresses of the configuration and, if it is to, works jobs until ctx ends; then it takes no more
// of either and lets what is under way end.
func (a *App) Run(ctx context.Context, jobs bool) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { a.policy.Watch(ctx); return nil })
	g.Go(func() error { a.warm(ctx); return nil })
	for _, l := range a.listening {
		a.config.Log.InfoContext(ctx, "listening", "what", l.name, "address", l.Addr().String())
		g.Go(l.serve)
		g.Go(func() error { <-ctx.Done(); return l.stop() })
	}
	if jobs {
		g.Go(func() error { return a.work(ctx) })
	}
	return g.Wait()
}

// warm starts the PDF engine before somebody has to wait for it.
func (a *App) warm(ctx context.Context) {
	if err := document.Warm(); err != nil {
		a.config.Log.WarnContext(ctx, "PDF engine not ready", "error", err)
	}
}

// work runs jobs, sweeps and the audit sequencer until ctx ends.
func (a *App) work(ctx context.Context) error {
	if err := a.jobs.Start(ctx); err != nil {
		return err
	}
	a.sequencer.Run(ctx)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	err := a.jobs.Stop(last)
	_, passed := a.sequencer.Pass(last) // what the last jobs did
	return errors.Join(err, passed)
}

// serveMetrics makes the server of the metrics.
func (a *App) serveMetrics() *http.Server {
	return &http.Server{
		Handler:           a.metrics.handler(func(r *http.Request) error { return a.ready(r.Context()) }),
		ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second,
	}
}
