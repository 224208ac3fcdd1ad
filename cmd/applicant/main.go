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
	"path/filepath"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/renew"
	"caconsole/cmd/applicant/vendors"
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
}

// exited carries kong's wish to end out of the parser.
type exited int

func run(ctx context.Context, args []string, env environment) (code int) {
	var cli commands
	parser, err := kong.New(&cli, kong.Name("applicant"), kong.Description("The world outside the console: vendor simulators and an applicant."),
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
	err = parsed.Run(&shared{ctx, cli.Font, env.now, log})
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
}

type vendorsCommand struct {
	Listen       string        `help:"HTTP address of all simulators." default:"127.0.0.1:0"`
	SMTP         string        `help:"Address of the mail server." default:"127.0.0.1:0" name:"smtp"`
	Outbox       string        `help:"Folder for messages, one JSON file each." default:"var/outbox" type:"path"`
	State        string        `help:"Folder for the simulators' own records (default: vendors beside the outbox)." type:"path"`
	Ports        string        `help:"ports.json to add the addresses to." type:"path"`
	InvoiceDelay time.Duration `help:"From the request to the issued invoice." default:"2s"`

	TencentSecretID  string `help:"Tencent Cloud SecretId." env:"TENCENTCLOUD_SECRET_ID" default:"AKIDcaconsoledemo00000000000000000000"`
	TencentSecretKey string `help:"Tencent Cloud SecretKey." env:"TENCENTCLOUD_SECRET_KEY" default:"caconsoleDemoSecretKey0000000000"`
	FaceRuleID       string `help:"RuleId of the FaceID business." env:"TENCENT_FACE_RULE_ID" default:"1"`
	SMSAppID         string `help:"SmsSdkAppId." env:"TENCENT_SMS_APP_ID" default:"1400006666"`
	SMSSign          string `help:"Approved SMS signature." env:"TENCENT_SMS_SIGN" default:"深圳CA"`
	NuonuoAppKey     string `help:"诺诺 appKey." env:"NUONUO_APP_KEY" default:"caconsole-demo"`
	NuonuoAppSecret  string `help:"诺诺 appSecret." env:"NUONUO_APP_SECRET" default:"caconsoleDemoAppSecret"`
	NuonuoToken      string `help:"诺诺 accessToken." env:"NUONUO_ACCESS_TOKEN" default:"caconsoleDemoAccessToken"`
	SellerTaxNo      string `help:"Tax number of the seller that authorised the 诺诺 application." env:"NUONUO_TAX_NO" default:"91440300MA00000152"`
	SellerName       string `help:"Name of the seller." default:"（样例）电子认证服务有限公司"`

	IdentityCallback string `help:"Address registered for finished face pages (default: the RedirectUrl of each DetectAuth)."`
	SMSCallback      string `help:"Address registered for SMS delivery reports (default: none)." name:"sms-callback"`
	Pickup           string `help:"Address in the approved text of the invoice SMS." default:"http://localhost:8080/inv"`
}

// Run starts the simulators and serves until the context ends.
func (c *vendorsCommand) Run(rt *shared) error {
	painter, err := paper.Open(rt.font)
	if err != nil {
		return err
	}
	if c.State == "" {
		c.State = filepath.Join(filepath.Dir(filepath.Clean(c.Outbox)), "vendors")
	}
	s, err := vendors.Start(rt.ctx, vendors.Options{
		Listen: c.Listen, SMTPListen: c.SMTP, Outbox: c.Outbox, State: c.State, Ports: c.Ports, InvoiceDelay: c.InvoiceDelay,
		Painter: painter, Now: rt.now, Log: rt.log,
		Account: vendors.Account{
			TencentSecretID: c.TencentSecretID, TencentSecretKey: c.TencentSecretKey, FaceRuleID: c.FaceRuleID, SMSAppID: c.SMSAppID, SMSSign: c.SMSSign,
			NuonuoAppKey: c.NuonuoAppKey, NuonuoAppSecret: c.NuonuoAppSecret, NuonuoToken: c.NuonuoToken, SellerTaxNo: c.SellerTaxNo, SellerName: c.SellerName,
			IdentityCallback: c.IdentityCallback, SMSStatusCallback: c.SMSCallback, Pickup: c.Pickup,
		},
	})
	if err != nil {
		return err
	}
	for name, address := range s.Addresses() {
		rt.log.InfoContext(rt.ctx, "listening", "vendor", name, "address", address)
	}
	return s.Serve(rt.ctx)
}
