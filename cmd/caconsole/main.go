// Command caconsole is the back office of a certification authority: the staff console, the intake API and the jobs
// behind them. Each subcommand has its --help; every flag can be set by the environment.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// version and build are set by the linker (see the Makefile).
var (
	version = "dev"
	build   = "unknown"
)

// env is what the outside gives a run of the program, so that tests can give it too.
type env struct {
	Args           []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Now            func() time.Time
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, env{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "caconsole:", sentence(err))
		os.Exit(1)
	}
}

// commands is the whole command line.
type commands struct {
	Serve     serveCommand     `cmd:"" help:"Serve the staff console and the intake API, and work jobs."`
	Work      workCommand      `cmd:"" help:"Work jobs only, beside other processes that serve."`
	Demo      demoCommand      `cmd:"" help:"Make and serve a whole demo: database, CA, vendors, staff, orders in every stage."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database to this version."`
	Staff     staffCommand     `cmd:"" help:"Make and list staff accounts."`
	Statement statementCommand `cmd:"" help:"Read bank statements."`
	Calendar  calendarCommand  `cmd:"" help:"Load and list holidays and weekends worked in their place."`
	Audit     auditCommand     `cmd:"" help:"Verify the audit trail, print the auditor's public key."`
	Issuance  issuanceCommand  `cmd:"" help:"Compare database, signer and revocation list."`
	Version   versionCommand   `cmd:"" help:"Print version and build."`
}

const description = `Back office of a certification authority: review, reconciliation, issuance, invoices.

Every flag is a variable of the environment too: --signer-socket is CACONSOLE_SIGNER_SOCKET, and so on. Only the database
has the name every program knows, DATABASE_URL.`

// run executes one command line. The error it returns is for a terminal.
func run(ctx context.Context, e env) error {
	var cli commands
	answered := false
	parser, err := kong.New(&cli,
		kong.Name("caconsole"),
		kong.Description(description),
		kong.Writers(e.Stdout, e.Stderr),
		kong.Exit(func(int) { answered = true }), // kong calls it after --help and goes on to parse
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(e),
		kong.Vars(demoDefaults),
		kong.DefaultEnvars("CACONSOLE"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(func(v *kong.Value) string { return v.Help }), // --help would end every line with a variable's name
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(e.Args)
	if answered {
		return nil
	}
	if err != nil {
		return err
	}
	return command.Run()
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(e env) error {
	_, err := fmt.Fprintf(e.Stdout, "caconsole %s (%s)\n", version, build)
	return err
}
