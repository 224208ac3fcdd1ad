// Package demo makes and runs a whole demonstration of the console: a private database, a CA with its signer, the
// vendors and the mail server beside it, staff with logins, certificates to renew, and orders in every stage.
//
// Its data is made once, whole or not at all; what was cut short is thrown away and made anew. After that a start only
// starts what runs.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"caconsole/admin/pg"
	"caconsole/cmd/applicant/ports"
	"caconsole/cmd/caconsole/app"
	"caconsole/migrations"
)

// Options say where a demo lives and how much is in it.
type Options struct {
	Data         string // folder of everything it makes
	Listen       string // address of console and intake API
	Orders       int    // how many orders the past has seen
	Certificates int    // how many more certificates may be renewed
	Version      string
	Build        string
	Out          io.Writer // what the person at the terminal reads
	Level        slog.Level
	Now          func() time.Time
}

// demo is one run.
type demo struct {
	Options
	folder
	log     *slog.Logger
	started time.Time
	cluster *pg.Cluster
	// keyRounds stand between an officer's passphrase and the share; 0 means as many as a real CA has.
	keyRounds int
}

// Run makes the demo unless it is there, serves it until ctx ends and stops everything.
func Run(ctx context.Context, o Options) (err error) {
	d := &demo{Options: o, folder: folder(o.Data), started: o.Now()}
	if err := d.mayListen(ctx); err != nil {
		return err
	}
	programs, err := findPrograms()
	if err != nil {
		return err
	}
	release, err := d.lock()
	if err != nil {
		return err
	}
	defer release()
	logFile, err := d.openLog("caconsole")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, logFile.Close()) }()
	d.log = slog.New(slog.NewTextHandler(logFile, &slog.HandlerOptions{Level: o.Level}))

	if d.cluster, err = pg.StartCluster(ctx, pg.ClusterOptions{Data: d.Data, Logger: d.log}); err != nil {
		return err
	}
	defer d.cluster.Stop()
	d.say("database in %s", d.cluster.Folder())
	if err := d.fill(ctx); err != nil {
		if ctx.Err() != nil {
			d.say("stopped before its data was whole; the next start makes it anew")
			return nil
		}
		return err
	}
	return d.serve(ctx, programs)
}

// fill brings the database to this version, and makes the data unless it is there.
func (d *demo) fill(ctx context.Context) error {
	complete, err := d.complete(ctx)
	if err != nil {
		return err
	}
	if err := d.migrate(ctx); err != nil {
		return err
	}
	if complete {
		return nil
	}
	if err := d.begin(); err != nil {
		return err
	}
	if err := d.seed(ctx); err != nil {
		return err
	}
	if err := d.cluster.Checkpoint(ctx); err != nil {
		return err
	}
	return d.finish()
}

func (d *demo) migrate(ctx context.Context) error {
	if err := migrations.Bootstrap(ctx, d.cluster.DSN(pg.RoleSuper)); err != nil {
		return err
	}
	applied, err := migrations.Migrate(ctx, d.cluster.DSN(pg.RoleOwner))
	if err == nil && len(applied) > 0 {
		d.say("%d migrations applied", len(applied))
	}
	return err
}

// serve runs vendors, signer, Ukey agent and console until ctx ends. The console stops first: its last jobs still need the others.
func (d *demo) serve(ctx context.Context, p programs) error {
	env, err := d.environment()
	if err != nil {
		return err
	}
	others, stopOthers := context.WithCancel(context.WithoutCancel(ctx))
	defer stopOthers()
	children := startChildren(others, d.log, p.children(d, env))
	defer children.Wait()
	defer stopOthers()
	children.Go(func() { d.keepOpen(others, env.adminSocket) })
	if err := env.ready(ctx); err != nil {
		return err
	}
	store, err := d.store()
	if err != nil {
		return err
	}
	a, err := app.New(ctx, env.config(d, store))
	if err != nil {
		return err
	}
	if err := ports.Merge(d.file("ports.json"), map[string]string{ports.Console: env.console, ports.Ukey: "http://" + env.agent}); err != nil {
		return errors.Join(err, a.Close())
	}
	if err := a.Flow.KeepAuthority(ctx); err != nil {
		return errors.Join(err, a.Close())
	}
	if err := d.greet(env); err != nil {
		return errors.Join(err, a.Close())
	}
	return errors.Join(a.Run(ctx, true), a.Close())
}

// mayListen finds out at once what would else show after all the work.
func (d *demo) mayListen(ctx context.Context) error {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", d.Listen)
	if err != nil {
		return fmt.Errorf("%w\nanother program may use the address; set CACONSOLE_LISTEN to another one", err)
	}
	return l.Close()
}

// say tells the person at the terminal how far it is.
func (d *demo) say(format string, args ...any) {
	_, _ = fmt.Fprintf(d.Out, "%6.1f s  %s\n", d.Now().Sub(d.started).Seconds(), fmt.Sprintf(format, args...)) // a terminal that is gone stops nothing
}
