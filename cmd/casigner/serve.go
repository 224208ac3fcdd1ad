package main

import (
	"context"
	"errors"
	"log/slog"

	"golang.org/x/sys/unix"

	"caconsole/issuance/signer"
)

type serveCommand struct {
	Data     string   `required:"" env:"CASIGNER_DATA" type:"path" placeholder:"DIR" help:"Data directory that init made."`
	Socket   string   `required:"" env:"CASIGNER_SOCKET" type:"path" placeholder:"PATH" help:"Unix socket to listen on; at most 107 bytes long."`
	AllowUID []uint32 `name:"allow-uid" env:"CASIGNER_ALLOW_UID" placeholder:"UID" help:"User id of the console, where it is not the signer's own. May be repeated. The kernel names the peer (SO_PEERCRED); other users are cut off."`
	passphraseFlag
}

// Help is shown under the flags.
func (serveCommand) Help() string {
	return `Checks the journal whole and every file that init fixed, opens the CA key and answers until SIGINT or SIGTERM. A torn
last record is cut off and reported; a broken journal or a changed file stops the start. Logs go to the standard
error as JSON. The key is opened at the start only and stays open: the signer does not lock itself when idle.`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, env environment) (err error) {
	if err := harden(); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(env.stderr, nil))
	passphrase, err := c.passphrase(env)
	if err != nil {
		return err
	}
	key, err := signer.LoadKey(c.Data, passphrase)
	clear(passphrase)
	if err != nil {
		return err
	}
	engine, err := signer.Open(signer.Options{Dir: c.Data, Key: key, Now: env.now, Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Shutdown()) }()
	l, err := signer.Listen(c.Socket, c.AllowUID, log)
	if err != nil {
		return err
	}
	st, err := engine.Status(ctx)
	if err != nil {
		return err
	}
	log.InfoContext(ctx, "signer ready", "socket", c.Socket, "seq", st.Seq, "head", st.Head, "issued", st.Issued, "software_keys", st.SoftwareKeys)
	return signer.Serve(ctx, l, engine)
}

// harden keeps the key out of core dumps and away from debuggers of the same user.
func harden() error {
	none := unix.Rlimit{}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &none); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
