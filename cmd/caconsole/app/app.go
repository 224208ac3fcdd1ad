// Package app puts the console together: it builds every domain and the use cases over them, the two HTTP apps, the
// jobs and the sweeps, and runs them until it is told to stop.
package app

import (
	"context"
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/audit"
	"caconsole/admin/flow"
	"caconsole/admin/job"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// App is one process of the console.
type App struct {
	Flow   *flow.Flow
	Staff  *fiber.App // staff pages; also the public app where both share an address
	Public *fiber.App // intake API, callbacks, invoice pick-up
	Routes []page.Route

	config    Config
	house     *House
	policy    *rbac.Policy
	jobs      *job.Client
	sequencer *audit.Sequencer
	metrics   *metrics
	listening []*listener
}

// New builds the console of a configuration: it opens database and files and binds the addresses, and calls nobody
// else. ErrConfig where settings miss. The caller closes it.
func New(ctx context.Context, c Config) (*App, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	h, err := c.Open(ctx, c.Now, c.Log)
	if err != nil {
		return nil, err
	}
	a := &App{config: c, house: h, metrics: newMetrics(h.DB)}
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) build(ctx context.Context) error {
	var err error
	if a.listening, err = a.config.bind(ctx); err != nil {
		return err
	}
	if a.config.PublicURL == "" { // the port may have been left to the system
		a.config.PublicURL = a.URL("public")
	}
	outside, err := a.config.Dial(a.config.Now)
	if err != nil {
		return err
	}
	jobs := &lateClient{}
	if a.Flow, err = NewFlow(a.house, outside, jobs, a.config.PublicURL); err != nil {
		return err
	}
	a.metrics.watch(a.Flow)
	if a.jobs, err = NewJobs(a.house, a.Flow); err != nil {
		return err
	}
	jobs.Client, a.sequencer = a.jobs, &audit.Sequencer{Log: a.Flow.Audit, Logger: a.config.Log}
	if a.policy, err = rbac.Load(ctx, a.house.DB, a.config.Log, a.config.Now); err != nil {
		return err
	}
	site, err := newWebsite(a.config, a.Flow, a.policy, a.metrics, a.ready)
	if err != nil {
		return err
	}
	a.Staff, a.Public, a.Routes = site.staff, site.public, site.router.Routes()
	for _, l := range a.listening {
		switch l.name {
		case "console":
			l.app = a.Staff
		case "public":
			l.app = a.Public
		case "metrics":
			l.http = a.serveMetrics()
		}
	}
	return nil
}

// lateClient stands in for the job client, which can only be made once its workers are known, and they need the flow.
type lateClient struct{ *job.Client }

// readyWithin is how long the database has for an answer.
const readyWithin = 2 * time.Second

// ready tells whether requests can be served.
func (a *App) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	return a.house.DB.Ping(ctx)
}

// Close ends the use of addresses, database and files.
func (a *App) Close() error { return errors.Join(unbind(a.listening), a.house.Close()) }
