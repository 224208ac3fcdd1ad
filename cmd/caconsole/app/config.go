package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"caconsole/admin/notify"
	"caconsole/admin/seal"
)

// The environments an installation can be.
const (
	Demo       = "demo" // every page says so, and what is made up may be taken for real by nobody
	Test       = "test"
	Production = "production"
)

// Config is everything an installation decides. The tags make it the flags of `serve` and `work`, and each flag has a
// variable of the environment: CACONSOLE_ and its name.
type Config struct {
	Store
	Environment string `name:"environment" enum:"demo,test,production" default:"production" help:"What this installation is: demo, test or production. Shown on every page; production refuses what is only good for trying."`
	Web         `embed:"" group:"Addresses"`
	Signer      string  `name:"signer-socket" placeholder:"PATH" help:"Unix socket of casigner."`
	Tencent     Tencent `embed:"" prefix:"tencent-" group:"Vendor: Tencent Cloud (identity, carriers, SMS)"`
	Nuonuo      Nuonuo  `embed:"" prefix:"nuonuo-" group:"Vendor: 诺诺 (invoices)"`
	WeChat      WeChat  `embed:"" prefix:"wechat-" group:"Vendor: WeChat Pay (API v3, Native)"`
	Alipay      Alipay  `embed:"" prefix:"alipay-" group:"Vendor: Alipay (open platform, RSA2)"`
	KMC         KMC     `embed:"" prefix:"kmc-" group:"Key management centre (密钥管理中心)"`
	SMTP        SMTP    `embed:"" prefix:"smtp-" group:"Mail server"`

	// What the program adds of its own.
	Version string           `kong:"-"`
	Build   string           `kong:"-"`
	Now     func() time.Time `kong:"-"`
	Log     *slog.Logger     `kong:"-"`
}

// Web says where the two HTTP apps and the metrics listen, and how they are reached.
type Web struct {
	Listen        string   `default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address of the staff console. Default: ${default}."`
	PublicListen  string   `placeholder:"ADDR" help:"Address of the intake API and all else that is public. Default: the staff console's, which only a demo should do."`
	UkeyAgent     string   `placeholder:"URL" help:"Loopback origin at which the agent on each staff PC signs with the Ukey in it, such as http://127.0.0.1:8091. Browsers may reach no other address. Default: none, so that people sign with passkeys only."`
	MetricsListen string   `placeholder:"ADDR" help:"Address of Prometheus metrics. Default: none."`
	PublicURL     string   `name:"public-url" placeholder:"URL" help:"Base of the public app as phones and vendors reach it. Default: http:// and the listening address."`
	TLSCert       string   `name:"tls-cert" type:"existingfile" placeholder:"FILE" help:"Certificate chain (PEM) for both addresses."`
	TLSKey        string   `name:"tls-key" type:"existingfile" placeholder:"FILE" help:"Key of the certificate (PEM)."`
	BehindTLS     bool     `name:"behind-tls" help:"A proxy in front speaks TLS: cookies are bound to it."`
	Proxies       []string `name:"trusted-proxies" placeholder:"ADDR" help:"Addresses or networks of proxies whose X-Forwarded-For is believed."`
}

// Tencent is the account at Tencent Cloud.
type Tencent struct {
	SecretID    seal.Secret       `name:"secret-id" help:"SecretId of the API key."`
	SecretKey   seal.Secret       `name:"secret-key" help:"SecretKey of the API key."`
	IdentityURL string            `name:"identity-url" default:"https://faceid.tencentcloudapi.com" help:"FaceID: agents' identity."`
	TelecomURL  string            `name:"telecom-url" default:"https://faceid.tencentcloudapi.com" help:"FaceID: the carriers' three-factor check."`
	FaceRule    string            `name:"face-rule-id" help:"RuleId of the FaceID business."`
	SMSURL      string            `name:"sms-url" default:"https://sms.tencentcloudapi.com" help:"SMS."`
	SMSRegion   string            `name:"sms-region" default:"ap-guangzhou" help:"Region of the SMS service."`
	SMSApp      string            `name:"sms-app-id" help:"SmsSdkAppId."`
	SMSSign     string            `name:"sms-sign" help:"Approved SMS signature."`
	SMSTemplate map[string]string `name:"sms-templates" mapsep:"," placeholder:"NAME=ID" help:"Numbers of the approved texts: login_code, accepted, payment_settled and so on; what misses is named at the start."`
}

// Nuonuo is the account at 诺诺's open platform and the seller on the invoices.
type Nuonuo struct {
	URL         string      `name:"url" default:"https://sdk.nuonuo.com" help:"Open platform."`
	AppKey      string      `name:"app-key" help:"appKey."`
	AppSecret   seal.Secret `name:"app-secret" help:"appSecret."`
	AccessToken seal.Secret `name:"access-token" help:"accessToken."`
	TaxNo       string      `name:"tax-no" help:"Tax number of the seller, who authorised the application."`
	Tel         string      `name:"tel" help:"Seller's telephone on the invoice."`
	Address     string      `name:"address" help:"Seller's address on the invoice."`
	Account     string      `name:"account" help:"Seller's bank and account on the invoice."`
	Clerk       string      `name:"clerk" default:"系统" help:"Who issues (开票人)."`
}

// WeChat is the merchant's account at WeChat Pay. Without an AppID payment by WeChat is not offered.
type WeChat struct {
	URL            string      `name:"url" default:"https://api.mch.weixin.qq.com" help:"API v3."`
	AppID          string      `name:"app-id" help:"appid that the merchant is bound to. Without it payment by WeChat is not offered."`
	MchID          string      `name:"mch-id" help:"Merchant number."`
	APIv3Key       seal.Secret `name:"apiv3-key" help:"APIv3 key, 32 bytes."`
	MerchantKey    string      `name:"merchant-key" placeholder:"FILE" help:"Merchant's private key (PEM)."`
	MerchantSerial string      `name:"merchant-serial" help:"Serial number of the merchant's certificate."`
	PlatformKey    string      `name:"platform-key" placeholder:"FILE" help:"WeChat Pay's public key, or its platform certificate (PEM)."`
	PlatformSerial string      `name:"platform-serial" help:"Id of the public key (PUB_KEY_ID_…), or serial number of the platform certificate."`
}

// Alipay is the application at Alipay's open platform. Without an AppID payment by Alipay is not offered.
type Alipay struct {
	URL       string `name:"url" default:"https://openapi.alipay.com" help:"Open platform; /gateway.do is added."`
	AppID     string `name:"app-id" help:"app_id. Without it payment by Alipay is not offered."`
	AppKey    string `name:"app-key" placeholder:"FILE" help:"Application's private key (PEM)."`
	AlipayKey string `name:"alipay-key" placeholder:"FILE" help:"Alipay's public key for the application (PEM)."`
	SellerID  string `name:"seller-id" help:"Seller's user number (2088…)."`
}

// SMTP is the house's mail server and who writes.
type SMTP struct {
	Address  string      `name:"address" placeholder:"HOST:PORT" help:"Mail server."`
	From     string      `name:"from" placeholder:"MAILBOX" help:"Sender's mailbox."`
	Name     string      `name:"name" help:"Sender's name."`
	User     string      `name:"user" help:"Account at the mail server; none if empty."`
	Password seal.Secret `name:"password" help:"Password of the account."`
	Domain   string      `name:"domain" help:"Right half of Message-IDs. Default: the sender's mailbox's."`
	Plain    bool        `name:"plain" help:"Send without TLS: only to a server on loopback."`
}

// domain is the right half of Message-IDs.
func (m SMTP) domain() string {
	if m.Domain != "" {
		return m.Domain
	}
	_, domain, _ := strings.Cut(m.From, "@")
	return domain
}

// ErrConfig tells that an installation is not fully described; the text names each setting that misses.
var ErrConfig = errors.New("cannot start")

// check names everything that misses, so that it can be put right in one go.
func (c *Config) check() error {
	var wrong []string
	need := func(set bool, name, what string) {
		if !set {
			wrong = append(wrong, fmt.Sprintf("%s is not set (%s)", name, what))
		}
	}
	need(c.DatabaseURL != "", "DATABASE_URL", "the database of the app role")
	need(c.SealKeys != "", "CACONSOLE_SEAL_KEYS", "the key ring; only `caconsole demo` makes one")
	need(c.Signer != "", "CACONSOLE_SIGNER_SOCKET", "the signer's socket")
	t, n := c.Tencent, c.Nuonuo
	need(t.SecretID != "" && t.SecretKey != "", "CACONSOLE_TENCENT_SECRET_ID, …_SECRET_KEY", "API key of Tencent Cloud")
	need(t.FaceRule != "", "CACONSOLE_TENCENT_FACE_RULE_ID", "business of FaceID")
	need(t.SMSApp != "" && t.SMSSign != "", "CACONSOLE_TENCENT_SMS_APP_ID, …_SMS_SIGN", "SMS application and signature")
	need(n.AppKey != "" && n.AppSecret != "" && n.AccessToken != "", "CACONSOLE_NUONUO_APP_KEY, …_APP_SECRET, …_ACCESS_TOKEN", "application at 诺诺")
	need(n.TaxNo != "", "CACONSOLE_NUONUO_TAX_NO", "the seller's tax number")
	need(c.SMTP.Address != "" && c.SMTP.From != "", "CACONSOLE_SMTP_ADDRESS, …_FROM", "mail server and sender")
	var texts []string
	for _, name := range notify.Templates {
		if c.Tencent.SMSTemplate[string(name)] == "" {
			texts = append(texts, string(name))
		}
	}
	need(len(texts) == 0, "CACONSOLE_TENCENT_SMS_TEMPLATES", "approved texts without a number: "+strings.Join(texts, ", "))
	wrong = append(wrong, c.Web.check(c.Environment)...)
	if len(wrong) > 0 {
		return fmt.Errorf("%w:\n  %s", ErrConfig, strings.Join(wrong, "\n  "))
	}
	return nil
}

// check names what is wrong with the addresses. Production keeps public and staff apart and speaks TLS.
func (w Web) check(environment string) []string {
	var wrong []string
	if (w.TLSCert == "") != (w.TLSKey == "") {
		wrong = append(wrong, "CACONSOLE_TLS_CERT and CACONSOLE_TLS_KEY go together")
	}
	if u, err := url.Parse(w.PublicURL); w.PublicURL != "" && (err != nil || u.Host == "" || strings.HasSuffix(w.PublicURL, "/")) {
		wrong = append(wrong, "CACONSOLE_PUBLIC_URL is no base URL without a slash at its end")
	}
	if w.UkeyAgent != "" && !loopbackOrigin(w.UkeyAgent) {
		wrong = append(wrong, "CACONSOLE_UKEY_AGENT is no origin on loopback: http://127.0.0.1:PORT, without a path")
	}
	for _, p := range w.Proxies {
		_, _, err := net.ParseCIDR(p)
		if err != nil && net.ParseIP(p) == nil {
			wrong = append(wrong, "CACONSOLE_TRUSTED_PROXIES holds no address or network: "+p)
		}
	}
	if environment != Production {
		return wrong
	}
	if !w.tls() {
		wrong = append(wrong, "production speaks TLS: set CACONSOLE_TLS_CERT and CACONSOLE_TLS_KEY, or CACONSOLE_BEHIND_TLS where a proxy does")
	}
	if w.Listen != "" && w.shared() {
		wrong = append(wrong, "production keeps the public app apart: set CACONSOLE_PUBLIC_LISTEN to an address of its own")
	}
	if w.PublicURL == "" {
		wrong = append(wrong, "CACONSOLE_PUBLIC_URL is not set (where phones and vendors reach the public app)")
	}
	return wrong
}

// loopbackOrigin tells whether an address is http, on this machine whoever reads it, with a port and nothing after it.
// It goes into the pages and their Content-Security-Policy as it stands, and that knows no IPv6 addresses.
func loopbackOrigin(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || "http://"+u.Host != address {
		return false
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return false
	}
	return slices.Contains([]string{"localhost", "127.0.0.1"}, u.Hostname())
}

// tls tells whether browsers reach the console over TLS.
func (w Web) tls() bool { return w.TLSCert != "" || w.BehindTLS }

// shared tells whether both apps are on one address.
func (w Web) shared() bool { return w.PublicListen == "" || w.PublicListen == w.Listen }

// WithoutWeb is the configuration of a process that serves nobody and only works jobs. Links in its messages still lead
// to the public app, wherever other processes serve that.
func (c Config) WithoutWeb() Config {
	if c.PublicURL == "" && c.shared() {
		c.PublicURL = "http://" + host(c.Listen)
	} else if c.PublicURL == "" {
		c.PublicURL = "http://" + host(c.PublicListen)
	}
	c.Listen, c.PublicListen = "", ""
	return c
}

// LocalURL is where a listening address is reached from this machine, without TLS.
func LocalURL(address string) string { return "http://" + host(address) }

// host is a listening address as a browser on this machine reaches it.
func host(address string) string {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if slices.Contains([]string{"", "0.0.0.0", "::", "127.0.0.1", "::1"}, name) {
		name = "localhost"
	}
	return net.JoinHostPort(name, port)
}
