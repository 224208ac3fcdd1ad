package main

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/vendors"
	"caconsole/cmd/applicant/vendors/trouble"
)

type vendorsCommand struct {
	Listen       string        `help:"HTTP address of all simulators." default:"127.0.0.1:0"`
	SMTP         string        `help:"Address of the mail server." default:"127.0.0.1:0" name:"smtp"`
	Outbox       string        `help:"Folder for messages, one JSON file each." default:"var/outbox" type:"path"`
	State        string        `help:"Folder for the simulators' own records (default: vendors beside the outbox)." type:"path"`
	Ports        string        `help:"ports.json to add the addresses to." type:"path"`
	InvoiceDelay time.Duration `help:"From the request to the issued invoice." default:"2s"`
	RefundDelay  time.Duration `help:"From the request to the refund that WeChat has made." default:"2s"`
	Fault        []string      `help:"What goes wrong by itself, may be repeated. Vendors: wechat alipay identity telecom sms invoice mail kmc; kinds: delay duplicate reorder forge 5xx timeout_then_success; rate over 0 to 1." placeholder:"VENDOR:KIND:RATE" sep:"none"`
	Seed         uint64        `help:"Of the faults: the same seed, the same faults." default:"1"`

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

	WeChat weChatFlags `embed:"" prefix:"wechat-" group:"WeChat Pay (answers only with all of these)"`
	Alipay alipayFlags `embed:"" prefix:"alipay-" group:"Alipay (answers only with all of these)"`

	IdentityCallback string `help:"Address registered for finished face pages (default: the RedirectUrl of each DetectAuth)."`
	SMSCallback      string `help:"Address registered for SMS delivery reports (default: none)." name:"sms-callback"`
	KMCRequester     string `help:"Public key (SM2, PEM) whose requests the key centre takes (default: anybody's)." name:"kmc-requester" type:"existingfile" placeholder:"FILE"`
	Pickup           string `help:"Address in the approved text of the invoice SMS." default:"http://localhost:8080/inv"`
}

// weChatFlags are the merchant at WeChat Pay and the platform's own key.
type weChatFlags struct {
	AppID          string `name:"app-id" help:"appid."`
	MchID          string `name:"mch-id" help:"Merchant number."`
	MerchantCert   string `name:"merchant-cert" type:"existingfile" placeholder:"FILE" help:"Merchant's API certificate (PEM)."`
	APIv3Key       string `name:"apiv3-key" type:"existingfile" placeholder:"FILE" help:"File with the APIv3 key, 32 bytes."`
	PlatformKey    string `name:"platform-key" type:"existingfile" placeholder:"FILE" help:"Platform's private key (PEM, PKCS#8)."`
	PlatformSerial string `name:"platform-serial" help:"What Wechatpay-Serial says."`
}

// alipayFlags are the application at Alipay and Alipay's own key.
type alipayFlags struct {
	AppID    string `name:"app-id" help:"app_id."`
	SellerID string `name:"seller-id" help:"Seller's user number (2088…)."`
	AppKey   string `name:"app-public-key" type:"existingfile" placeholder:"FILE" help:"Application's public key (PEM)."`
	Key      string `name:"key" type:"existingfile" placeholder:"FILE" help:"Alipay's private key (PEM, PKCS#8)."`
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
	account, err := c.account()
	if err != nil {
		return err
	}
	faults := make([]trouble.Fault, len(c.Fault))
	for i, text := range c.Fault {
		if faults[i], err = trouble.ParseFault(text); err != nil {
			return err
		}
	}
	s, err := vendors.Start(rt.ctx, vendors.Options{
		Listen: c.Listen, SMTPListen: c.SMTP, Outbox: c.Outbox, State: c.State, Ports: c.Ports, InvoiceDelay: c.InvoiceDelay, RefundDelay: c.RefundDelay,
		Faults: faults, Seed: c.Seed, Account: account, Painter: painter, Now: rt.now, Log: rt.log,
	})
	if err != nil {
		return err
	}
	for name, address := range s.Addresses() {
		rt.log.InfoContext(rt.ctx, "listening", "vendor", name, "address", address)
	}
	return s.Serve(rt.ctx)
}

// account reads what the console is registered with.
func (c *vendorsCommand) account() (vendors.Account, error) {
	a := vendors.Account{
		TencentSecretID: c.TencentSecretID, TencentSecretKey: c.TencentSecretKey, FaceRuleID: c.FaceRuleID, SMSAppID: c.SMSAppID, SMSSign: c.SMSSign,
		NuonuoAppKey: c.NuonuoAppKey, NuonuoAppSecret: c.NuonuoAppSecret, NuonuoToken: c.NuonuoToken, SellerTaxNo: c.SellerTaxNo, SellerName: c.SellerName,
		IdentityCallback: c.IdentityCallback, SMSStatusCallback: c.SMSCallback, Pickup: c.Pickup,
	}
	var err error
	if c.KMCRequester != "" {
		if a.KMCRequester, err = sm2PublicKey(c.KMCRequester); err != nil {
			return a, fmt.Errorf("key centre: %w", err)
		}
	}
	if w := c.WeChat; w != (weChatFlags{}) {
		if a.WeChat, err = w.account(); err != nil {
			return a, fmt.Errorf("wechat: %w", err)
		}
	}
	if l := c.Alipay; l != (alipayFlags{}) {
		if a.Alipay, err = l.account(); err != nil {
			return a, fmt.Errorf("alipay: %w", err)
		}
	}
	return a, nil
}

func (w weChatFlags) account() (*vendors.WeChat, error) {
	cert, err := certificate(w.MerchantCert)
	if err != nil {
		return nil, err
	}
	merchant, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errNotRSA
	}
	platform, err := privateKey(w.PlatformKey)
	if err != nil {
		return nil, err
	}
	secret, err := os.ReadFile(w.APIv3Key)
	if err != nil {
		return nil, err
	}
	return &vendors.WeChat{
		AppID: w.AppID, MchID: w.MchID, MerchantKey: merchant, MerchantSerial: fmt.Sprintf("%X", cert.SerialNumber),
		APIv3Key: []byte(strings.TrimSpace(string(secret))), PlatformKey: platform, PlatformSerial: w.PlatformSerial,
	}, nil
}

func (l alipayFlags) account() (*vendors.Alipay, error) {
	app, err := publicKey(l.AppKey)
	if err != nil {
		return nil, err
	}
	own, err := privateKey(l.Key)
	if err != nil {
		return nil, err
	}
	return &vendors.Alipay{AppID: l.AppID, SellerID: l.SellerID, AppKey: app, Key: own}, nil
}

var (
	errNotSM2 = errors.New("not an SM2 key")
	errNoPEM  = errors.New("no PEM block")
	errNotRSA = errors.New("not an RSA key")
)

// block reads the first PEM block of a file.
func block(file string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b, _ := pem.Decode(raw)
	if b == nil {
		return nil, fmt.Errorf("%s: %w", file, errNoPEM)
	}
	return b.Bytes, nil
}

func sm2PublicKey(file string) (*ecdsa.PublicKey, error) {
	der, err := block(file)
	if err != nil {
		return nil, err
	}
	key, err := smx509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	pub, ok := key.(*ecdsa.PublicKey)
	if !ok || !sm2.IsSM2PublicKey(pub) {
		return nil, errNotSM2
	}
	return pub, nil
}

func certificate(file string) (*x509.Certificate, error) {
	der, err := block(file)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func privateKey(file string) (*rsa.PrivateKey, error) {
	der, err := block(file)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errNotRSA
	}
	return private, nil
}

func publicKey(file string) (*rsa.PublicKey, error) {
	der, err := block(file)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errNotRSA
	}
	return public, nil
}
