package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"caconsole/issuance/signer"
)

type serveCommand struct {
	Data        string   `required:"" env:"CASIGNER_DATA" type:"path" placeholder:"DIR" help:"Data directory that init made."`
	Socket      string   `required:"" env:"CASIGNER_SOCKET" type:"path" placeholder:"PATH" help:"Unix socket to listen on; at most 107 bytes long."`
	AdminSocket string   `env:"CASIGNER_ADMIN_SOCKET" type:"path" placeholder:"PATH" help:"Unix socket for the officers' shares, open to the signer's own user and root only. Default: admin.sock in the data directory."`
	AllowUID    []uint32 `name:"allow-uid" env:"CASIGNER_ALLOW_UID" placeholder:"UID" help:"User id of the console, where it is not the signer's own. May be repeated. The kernel names the peer (SO_PEERCRED); other users are cut off."`
	Listen      string   `env:"CASIGNER_LISTEN" placeholder:"HOST:PORT" help:"Address for a console on another host (TLS 1.3, certificates of both sides), besides the socket."`
	TLSCert     string   `name:"tls-cert" env:"CASIGNER_TLS_CERT" type:"path" placeholder:"FILE" help:"The signer's own certificate for --listen (PEM)."`
	TLSKey      string   `name:"tls-key" env:"CASIGNER_TLS_KEY" type:"path" placeholder:"FILE" help:"Its key (PEM)."`
	ConsolePin  []string `name:"console-pin" env:"CASIGNER_CONSOLE_PIN" placeholder:"HEX" help:"SHA-256 of the SubjectPublicKeyInfo of the console's certificate. May be repeated. Any other certificate is cut off, whoever issued it."`
	userFlag
}

// Help is shown under the flags.
func (serveCommand) Help() string {
	return `Checks the journal whole and every file that init fixed, and answers until SIGINT or SIGTERM. It starts locked: nothing is
issued before enough key officers gave their shares with "casigner unlock". From then on the key stays open until the
process ends; the signer does not lock itself when idle. A torn last record is cut off and reported; a broken journal or a
changed file stops the start. The key stays out of the swap space where the process may lock its memory: start it as root
with --user, or with LimitMEMLOCK=infinity; otherwise a line of the log says so. Logs go to the standard error as JSON.`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, env environment) (err error) {
	if err := c.drop(); err != nil {
		return err
	}
	if err := harden(); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(env.stderr, nil))
	if !lockMemory() {
		log.WarnContext(ctx, "memory is not locked: the CA key may get into the swap space", "allow_by", "ulimit -l unlimited, LimitMEMLOCK=infinity")
	}
	engine, err := signer.Open(signer.Options{Dir: c.Data, Now: env.now, Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Shutdown()) }()
	if c.AdminSocket == "" {
		c.AdminSocket = filepath.Join(c.Data, "admin.sock")
	}
	doors, err := c.doors(engine, log)
	if err != nil {
		return err
	}
	st, err := engine.Status(ctx)
	if err != nil {
		return err
	}
	log.InfoContext(
		ctx, "signer ready", "socket", c.Socket, "admin_socket", c.AdminSocket, "listen", c.Listen, "seq", st.Seq, "head", st.Head,
		"issued", st.Issued, "software_keys", st.SoftwareKeys, "locked", st.Locked, "shares_needed", st.Needed,
	)
	serving, ctx := errgroup.WithContext(ctx)
	for _, d := range doors {
		serving.Go(func() error { return signer.Serve(ctx, d.listener, d.handler) })
	}
	return serving.Wait()
}

// door is a way in, with what is behind it.
type door struct {
	listener net.Listener
	handler  http.Handler
}

// doors opens every way in, or none.
func (c *serveCommand) doors(e *signer.Engine, log *slog.Logger) (out []door, err error) {
	defer func() {
		if err != nil {
			for _, d := range out {
				err = errors.Join(err, d.listener.Close())
			}
			out = nil
		}
	}()
	open := func(l net.Listener, h http.Handler, err error) error {
		if err == nil {
			out = append(out, door{l, h})
		}
		return err
	}
	console, officers := signer.Handler(e), signer.AdminHandler(e)
	l, err := signer.Listen(c.AdminSocket, []uint32{0}, log)
	if err := open(l, officers, err); err != nil {
		return out, err
	}
	l, err = signer.Listen(c.Socket, c.AllowUID, log)
	if err := open(l, console, err); err != nil || c.Listen == "" {
		return out, err
	}
	pair, err := readPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return out, err
	}
	l, err = signer.ListenTLS(c.Listen, pair, c.ConsolePin)
	return out, open(l, console, err)
}

// readPair reads the certificate and key files for --listen.
func readPair(certFile, keyFile string) (signer.PEMPair, error) {
	if certFile == "" || keyFile == "" {
		return signer.PEMPair{}, errors.New("--listen needs --tls-cert and --tls-key")
	}
	c, err := os.ReadFile(certFile)
	if err != nil {
		return signer.PEMPair{}, err
	}
	k, err := os.ReadFile(keyFile)
	return signer.PEMPair{Cert: c, Key: k}, err
}
