// Package vendors runs the simulated outside world of the console in one process, on loopback only: WeChat Pay, Alipay,
// Tencent Cloud FaceID and SMS, the carriers' three-factor check, the 诺诺 invoice platform, a mail server and a key
// management centre.
//
// Each speaks its real protocol and checks its real signatures. What they accept as messages lands in the outbox.
// Control endpoints for tests lie under /_sim/.
package vendors

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/ports"
	"caconsole/cmd/applicant/vendors/alipay"
	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/kmc"
	"caconsole/cmd/applicant/vendors/mailbox"
	"caconsole/cmd/applicant/vendors/nuonuo"
	"caconsole/cmd/applicant/vendors/tencent"
	"caconsole/cmd/applicant/vendors/till"
	"caconsole/cmd/applicant/vendors/trouble"
	"caconsole/cmd/applicant/vendors/wechat"
)

// ErrNotLoopback refuses an address other machines could reach: the simulators know no secrets worth keeping.
var ErrNotLoopback = errors.New("the simulators listen on loopback addresses only")

// Account is what the console is registered with at the vendors.
type Account struct {
	TencentSecretID, TencentSecretKey   string
	FaceRuleID                          string // FaceID: RuleId of the business
	SMSAppID, SMSSign                   string // SMS: SmsSdkAppId, approved signature
	NuonuoAppKey, NuonuoAppSecret       string
	NuonuoToken                         string           // 诺诺: accessToken
	SellerTaxNo, SellerName             string           // 诺诺: the taxpayer that authorised the application
	IdentityCallback, SMSStatusCallback string           // addresses registered at the vendors; "" for none
	Pickup                              string           // address in the approved text of the invoice SMS
	WeChat                              *WeChat          // nil: no WeChat Pay
	Alipay                              *Alipay          // nil: no Alipay
	KMCRequester                        *ecdsa.PublicKey // whose requests the key centre takes; nil for anybody's
}

// WeChat is the merchant at WeChat Pay, and the platform's own key.
type WeChat struct {
	AppID, MchID   string
	MerchantKey    *rsa.PublicKey // of the merchant's API certificate
	MerchantSerial string         // of that certificate, hexadecimal
	APIv3Key       []byte         // 32 bytes
	PlatformKey    *rsa.PrivateKey
	PlatformSerial string // what Wechatpay-Serial says
}

// Alipay is the application at Alipay, and Alipay's own key.
type Alipay struct {
	AppID, SellerID string
	AppKey          *rsa.PublicKey
	Key             *rsa.PrivateKey
}

// Options say where the simulators live.
type Options struct {
	Listen       string        // HTTP address, such as 127.0.0.1:0
	SMTPListen   string        // SMTP address
	Outbox       string        // folder of messages
	State        string        // folder of records that survive a restart; "" keeps them in memory
	Ports        string        // ports.json to add the addresses to; "" for none
	InvoiceDelay time.Duration // from request to issued invoice
	RefundDelay  time.Duration // from request to the refund WeChat has made
	Faults       []trouble.Fault
	Seed         uint64 // of the faults
	Account      Account
	Painter      *paper.Painter
	Now          func() time.Time
	Log          *slog.Logger
}

// Server is the running outside world.
type Server struct {
	opt       Options
	web       net.Listener
	mail      net.Listener
	http      *http.Server
	smtp      *mailbox.Server
	callbacks *callback.Sender
}

// Start binds both addresses, writes them to Ports and makes everything ready; Serve then answers. The context given
// here is the life of callbacks under way.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{opt: o}
	var err error
	if s.web, err = listen(ctx, o.Listen); err != nil {
		return nil, err
	}
	if s.mail, err = listen(ctx, o.SMTPListen); err != nil {
		return nil, errors.Join(err, s.web.Close())
	}
	if err := s.build(ctx); err != nil {
		return nil, errors.Join(err, s.web.Close(), s.mail.Close())
	}
	return s, nil
}

func (s *Server) build(ctx context.Context) error {
	o := s.opt
	box, err := outbox.Open(o.Outbox)
	if err != nil {
		return err
	}
	troubles := &trouble.List{}
	troubles.Seed(o.Seed)
	for _, f := range o.Faults {
		if err := troubles.Order(f); err != nil {
			return err
		}
	}
	s.callbacks = callback.New(ctx, troubles, o.Log)
	cloud, err := tencent.New(tencent.Options{
		SecretID: o.Account.TencentSecretID, SecretKey: o.Account.TencentSecretKey, RuleID: o.Account.FaceRuleID,
		SMSAppID: o.Account.SMSAppID, SignName: o.Account.SMSSign, Templates: tencent.Approved(o.Account.Pickup),
		IdentityCallback: o.Account.IdentityCallback, SMSCallback: o.Account.SMSStatusCallback,
		Public: s.URL, State: s.state("tencent"), Box: box, Painter: o.Painter, Callbacks: s.callbacks, Troubles: troubles, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return err
	}
	invoices, err := nuonuo.New(nuonuo.Options{
		AppKey: o.Account.NuonuoAppKey, AppSecret: o.Account.NuonuoAppSecret, AccessToken: o.Account.NuonuoToken,
		SellerTaxNo: o.Account.SellerTaxNo, SellerName: o.Account.SellerName, Delay: o.InvoiceDelay,
		Public: s.URL, State: s.state("nuonuo"), Painter: o.Painter, Callbacks: s.callbacks, Troubles: troubles, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	counters, err := s.counters(mux, troubles)
	if err != nil {
		return err
	}
	(&till.Till{Counters: counters, Log: o.Log}).Routes(mux)
	cloud.Routes(mux)
	invoices.Routes(mux)
	centre, err := kmc.New(kmc.Options{State: s.state(ports.KMC), Requester: o.Account.KMCRequester, Troubles: troubles, Now: o.Now, Log: o.Log})
	if err != nil {
		return err
	}
	centre.Routes(mux)
	control{box, counters, invoices, troubles, o.Log}.routes(mux)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute}
	s.smtp = mailbox.New(mailbox.Options{Box: box, Troubles: troubles, Now: o.Now, Log: o.Log})
	if o.Ports == "" {
		return nil
	}
	return ports.Merge(o.Ports, s.Addresses())
}

// state is the folder of one vendor's records, "" for none.
func (s *Server) state(name string) string {
	if s.opt.State == "" {
		return ""
	}
	return filepath.Join(s.opt.State, name)
}

// counters opens the payment vendors the account names.
func (s *Server) counters(mux *http.ServeMux, troubles *trouble.List) ([]till.Counter, error) {
	o := s.opt
	var out []till.Counter
	if a := o.Account.WeChat; a != nil {
		v, err := wechat.New(wechat.Options{
			AppID: a.AppID, MchID: a.MchID, MerchantKey: a.MerchantKey, MerchantSerial: a.MerchantSerial, APIv3Key: a.APIv3Key,
			PlatformKey: a.PlatformKey, PlatformSerial: a.PlatformSerial, RefundDelay: o.RefundDelay,
			State: s.state(ports.WeChat), Callbacks: s.callbacks, Troubles: troubles, Now: o.Now, Log: o.Log,
		})
		if err != nil {
			return nil, err
		}
		v.Routes(mux)
		out = append(out, till.Counter{Name: ports.WeChat, Title: "微信支付", Vendor: v, CodeField: "code_url", TransactionField: "transaction_id"})
	}
	if a := o.Account.Alipay; a != nil {
		v, err := alipay.New(alipay.Options{
			AppID: a.AppID, SellerID: a.SellerID, AppKey: a.AppKey, Key: a.Key,
			State: s.state(ports.Alipay), Callbacks: s.callbacks, Troubles: troubles, Now: o.Now, Log: o.Log,
		})
		if err != nil {
			return nil, err
		}
		v.Routes(mux)
		out = append(out, till.Counter{Name: ports.Alipay, Title: "支付宝", Vendor: v, CodeField: "qr_code", TransactionField: "trade_no"})
	}
	return out, nil
}

// listen binds a loopback address.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrNotLoopback, address), l.Close())
	}
	return l, nil
}

// URL is the base of all HTTP simulators.
func (s *Server) URL() string { return "http://" + s.web.Addr().String() }

// Addresses are the entries of ports.json. The Tencent services share the base URL and are told apart by action, as
// the real ones are by host; invoice is the base to which the gateway's path is added.
func (s *Server) Addresses() map[string]string {
	all := map[string]string{
		ports.Identity: s.URL(), ports.Telecom: s.URL(), ports.SMS: s.URL(), ports.Invoice: s.URL(), ports.KMC: s.URL(),
		ports.SMTP: s.mail.Addr().String(),
	}
	if s.opt.Account.WeChat != nil {
		all[ports.WeChat] = s.URL()
	}
	if s.opt.Account.Alipay != nil {
		all[ports.Alipay] = s.URL()
	}
	return all
}

// Serve answers until ctx ends, then stops within five seconds.
func (s *Server) Serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := s.http.Serve(s.web); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	g.Go(func() error { return s.smtp.Serve(s.mail) })
	g.Go(func() error {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return errors.Join(s.http.Shutdown(last), s.smtp.Close(last))
	})
	return g.Wait()
}
