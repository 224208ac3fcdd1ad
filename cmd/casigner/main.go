// Command casigner holds the CA key: it makes the CA, serves the console over a Unix socket and checks its journal.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"caconsole/admin/fault"
)

// environment is what a run has of the world.
type environment struct {
	stdout, stderr io.Writer
	terminal       *os.File                    // where a person can be asked; nil without one
	lookup         func(string) (string, bool) // environment variables
	now            func() time.Time
}

// cli is the command line.
type cli struct {
	Init    initCommand    `cmd:"" help:"The key ceremony: make root, issuing CA, the officers' shares, staff list and journal."`
	Serve   serveCommand   `cmd:"" help:"Answer the console; locked until the officers have come."`
	Unlock  unlockCommand  `cmd:"" help:"Give one officer's share to the running signer."`
	Journal journalCommand `cmd:"" help:"Check or print the journal."`
}

const description = `Holds the CA key of the console, as a process of its own with its own user and, unless told otherwise, no network.

Nothing is signed unless a reviewer and an issuer (or two issuers, or the holder of a valid pair) approved it with keys of
the signer's own list, which only key officers change together. The data directory belongs to the process that serves it;
journal commands may run beside it.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], environment{
		stdout: os.Stdout, stderr: os.Stderr, terminal: terminalOf(os.Stdin), lookup: os.LookupEnv, now: time.Now,
	})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "casigner: "+message(err))
		os.Exit(1)
	}
}

// run is main without the process around it. The error it returns is for a terminal.
func run(ctx context.Context, args []string, env environment) error {
	var c cli
	helped := false
	parser, err := kong.New(
		&c, kong.Name("casigner"), kong.Description(description), kong.Writers(env.stdout, env.stderr),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(env),
		kong.Exit(func(int) { helped = true }), // kong calls it after --help and goes on to parse
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return err
	}
	return command.Run()
}

// messages are what an operator reads for the faults of the signer, by key.
var messages = map[string]string{
	"signer_exists":           "the data directory is not empty; a CA is made once and never overwritten",
	"signer_running":          "another casigner serves this data directory",
	"signer_data_changed":     "a file that init fixed was changed; put the original back",
	"signer_data_unusable":    "the data directory cannot be read",
	"signer_init_failed":      "the data directory could not be made",
	"journal_broken":          "the journal does not hold together; nothing was changed, compare it with a backup",
	"passphrase_wrong":        "the passphrase does not open this share",
	"passphrase_short":        "the passphrase is too short",
	"ceremony_malformed":      "the key ceremony does not fit together",
	"share_malformed":         "the file is no officer's share",
	"share_wrong":             "this share is not one of this CA's; it was made in another ceremony or changed",
	"share_given":             "this officer has given the share already; another officer must come",
	"signer_open":             "the CA key is open already",
	"signer_unavailable":      "the signer does not answer on this socket",
	"passkeys_forbidden":      "the staff list holds a passkey; name --host and --origin, and not --sm2-only",
	"console_pin_malformed":   "a --console-pin is no SHA-256 in hex, or there is none",
	"tls_pair_malformed":      "the certificate and key for --listen are not usable",
	"software_keys_forbidden": "the staff list holds a software key; name a Ukey, or pass --allow-software-keys for a demonstration",
	"staff_list_malformed":    "the staff list is not usable",
	"certificates_malformed":  "the file holds something that is no certificate",
	"profile_malformed":       "the certificate profile is not usable",
	"socket_path_long":        "the path of the socket is too long for Linux; choose a shorter one",
	"socket_failed":           "the socket could not be opened",
	"key_mismatch":            "the CA key does not belong to the CA certificate",
}

// message turns an error into one line an operator can act on.
func message(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	text, ok := messages[f.Key]
	if !ok {
		text = f.Key
	}
	for _, name := range []string{"dir", "file", "login", "line", "seq", "min", "max"} {
		if v, ok := f.Args[name]; ok {
			text += fmt.Sprintf(" (%s %v)", name, v)
		}
	}
	if f.Cause != nil {
		text += ": " + f.Cause.Error()
	}
	return text
}
