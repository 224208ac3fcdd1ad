// Command applicant is the world outside the console: the vendors it talks to, simulated with their real protocols, and
// robots that renew certificates as applicants would. It imports nothing of the console, so that a mistake cannot be made
// twice and cancel out.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"caconsole/cmd/applicant/renew"
)

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1 // something broke, or the command line is wrong
	exitRefused = 2 // the console will not have it
	exitTimeout = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], environment{os.Stdout, os.Stderr, time.Now}))
}

// environment is what the program takes from outside itself; variables come through kong.
type environment struct {
	stdout, stderr io.Writer
	now            func() time.Time
}

// commands is the command line.
type commands struct {
	Font string `help:"TrueType or OpenType font with Chinese characters for drawn papers (default: search the system's fonts)." env:"APPLICANT_FONT" type:"existingfile"`

	Vendors vendorsCommand `cmd:"" help:"Run the vendor simulators and the mail server, on loopback."`
	Renew   renewCommand   `cmd:"" help:"Renew one certificate over the intake API. Exits 0 when done, 2 when refused, 3 when time is up."`
	Desk    deskCommand    `cmd:"" help:"Robot staff: review, issue, import statements and match, through the same pages and forms as people."`
	Load    loadCommand    `cmd:"" help:"Many renewals at a given rate, with a report of latencies and errors."`
	Ukey    ukeyCommand    `cmd:"" help:"Play the agent on a staff PC that has Ukeys sign what the console's pages ask for."`
}

// exited carries kong's wish to end out of the parser.
type exited int

func run(ctx context.Context, args []string, env environment) (code int) {
	var cli commands
	parser, err := kong.New(&cli, kong.Name("applicant"), kong.Description("The world outside the console: vendor simulators, applicants and robot staff."),
		kong.UsageOnError(), kong.Writers(env.stdout, env.stderr), kong.Exit(func(c int) { panic(exited(c)) }))
	if err != nil {
		_, _ = fmt.Fprintln(env.stderr, "applicant:", err)
		return exitFailed
	}
	defer func() { // --help ends the parser by panic(exited)
		if r := recover(); r != nil {
			c, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = int(c)
		}
	}()
	parsed, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintln(env.stderr, "applicant:", err)
		return exitFailed
	}
	log := slog.New(slog.NewTextHandler(env.stderr, nil))
	err = parsed.Run(&shared{ctx, cli.Font, env.now, log, env.stdout})
	if err != nil {
		log.ErrorContext(ctx, "failed", "error", err)
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, renew.ErrRefused):
		return exitRefused
	case errors.Is(err, renew.ErrTimedOut):
		return exitTimeout
	}
	return exitFailed
}

// shared is what every command gets.
type shared struct {
	ctx  context.Context //nolint:containedctx // handed to one command's Run
	font string
	now  func() time.Time
	log  *slog.Logger
	out  io.Writer
}
