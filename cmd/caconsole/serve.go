package main

import (
	"context"
	"errors"

	"caconsole/cmd/caconsole/app"
)

// serviceFlags are those of serve and work.
type serviceFlags struct {
	app.Config
	logFlags
}

func (f serviceFlags) config(e env) app.Config {
	c := f.Config
	c.Version, c.Build, c.Now, c.Log = version, build, e.Now, f.logger(e)
	return c
}

type serveCommand struct {
	serviceFlags
	NoJobs bool `name:"no-jobs" help:"Serve only; other processes work the jobs."`
}

// Help is shown under the flags.
func (serveCommand) Help() string {
	return `Everything a request needs is in the database and the files, so any number of these may run side by side. On SIGTERM
or Ctrl-C it takes no more requests, lets those and the jobs under way end, and exits.`
}

// Run serves until it is told to stop.
func (c serveCommand) Run(ctx context.Context, e env) error {
	return runService(ctx, c.config(e), !c.NoJobs)
}

type workCommand struct{ serviceFlags }

// Run works jobs until it is told to stop.
func (c workCommand) Run(ctx context.Context, e env) error {
	return runService(ctx, c.config(e).WithoutWeb(), true)
}

func runService(ctx context.Context, c app.Config, jobs bool) error {
	a, err := app.New(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(a.Run(ctx, jobs), a.Close())
}
