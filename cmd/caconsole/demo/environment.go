package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"time"

	"caconsole/cmd/caconsole/app"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer/client"
)

// account is what the simulated vendors and the console agree on. None of it is worth keeping secret.
const (
	tencentID, tencentKey                 = "AKIDcaconsoledemo00000000000000000000", "caconsoleDemoSecretKey0000000000"
	faceRule, smsApp, smsSign             = "1", "1400006666", "深圳CA"
	nuonuoKey, nuonuoSecret, nuonuoToken  = "caconsole-demo", "caconsoleDemoAppSecret", "caconsoleDemoAccessToken"
	sellerTaxNo, sellerName, sellerBranch = "91440300MA00000152", "（样例）电子认证服务有限公司", "招商银行深圳科技园支行"
	sellerAccount                         = "755900000010502"
)

// smsTemplates are the vendor's numbers of the approved texts.
var smsTemplates = map[string]string{
	"login_code": "2100001", "accepted": "2100002", "payment_settled": "2100003", "payment_reminder": "2100004",
	"returned": "2100005", "rejected": "2100006", "approved": "2100007", "invoice": "2100008",
	"unpaid_reminder": "2100009", "part_paid": "2100010", "difference_reminder": "2100011", "closed_unpaid": "2100012",
	"closed_expired": "2100013", "moved_to_reviewed": "2100014", "withdrawn": "2100015", "withdrawn_paid": "2100016",
	"paid_late": "2100017", "paid_twice": "2100018", "refund_sent": "2100019", "update_reminder": "2100020", "expiry_reminder": "2100021",
}

// environment is where the parts of a running demo find each other.
type environment struct {
	console      string // base URL
	vendors      string // host:port of all HTTP simulators
	mail         string // host:port
	agent        string // host:port of what plays the Ukey agent of every staff PC
	signerSocket string
	adminSocket  string // where the signer takes its officers' shares
	payment      payment
}

func (d *demo) environment() (environment, error) {
	e := environment{console: app.LocalURL(d.Listen)}
	var err error
	if e.vendors, err = freeAddress(); err != nil {
		return e, err
	}
	if e.mail, err = freeAddress(); err != nil {
		return e, err
	}
	if e.agent, err = freeAddress(); err != nil {
		return e, err
	}
	if e.payment, err = d.payment(); err != nil {
		return e, err
	}
	dir, err := d.sockets()
	e.signerSocket, e.adminSocket = filepath.Join(dir, signerSocketName), filepath.Join(dir, adminSocketName)
	return e, err
}

// freeAddress picks a port that nobody uses. It is named to the child rather than left to it, so that a child that is
// started again is found where it was.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // nothing is waited for
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// longestSocket is how long the path of a Unix socket may be (sun_path of Linux, less its end).
const longestSocket = 107

const signerSocketName, adminSocketName = "ca.sock", "ca-admin.sock"

// sockets is the folder in which the signer listens: the data folder, or one beside it all where its name is too long.
func (d *demo) sockets() (string, error) {
	if len(d.path(adminSocketName)) <= longestSocket {
		return d.path(), nil
	}
	sum := sha256.Sum256([]byte(d.Data))
	dir := filepath.Join(os.TempDir(), "caconsole-"+hex.EncodeToString(sum[:6]))
	return dir, os.MkdirAll(dir, 0o700)
}

func (e environment) vendorArgs(d *demo) []string {
	args := append([]string{
		"vendors", "--listen", e.vendors, "--smtp", e.mail, "--outbox", d.path("outbox"), "--state", d.path("vendors"),
		"--ports", d.file("ports.json"), "--pickup", e.console + "/inv", "--sms-callback", e.console + "/api/v1/callbacks/sms/tencent",
		"--tencent-secret-id", tencentID, "--tencent-secret-key", tencentKey, "--face-rule-id", faceRule,
		"--sms-app-id", smsApp, "--sms-sign", smsSign,
		"--nuonuo-app-key", nuonuoKey, "--nuonuo-app-secret", nuonuoSecret, "--nuonuo-token", nuonuoToken,
		"--seller-tax-no", sellerTaxNo, "--seller-name", sellerName,
	}, e.payment.vendorArgs()...)
	return append(args, d.keyCentreArgs()...)
}

// config is the console's configuration.
func (e environment) config(d *demo, store app.Store) app.Config {
	vendors := "http://" + e.vendors
	wechat, alipay := e.payment.config(vendors)
	return app.Config{
		Store: store, Environment: app.Demo, Signer: e.signerSocket,
		Web: app.Web{Listen: d.Listen, PublicURL: e.console, UkeyAgent: "http://" + e.agent},
		Tencent: app.Tencent{
			SecretID: tencentID, SecretKey: tencentKey, IdentityURL: vendors, TelecomURL: vendors, SMSURL: vendors, SMSRegion: "ap-guangzhou",
			FaceRule: faceRule, SMSApp: smsApp, SMSSign: smsSign, SMSTemplate: smsTemplates,
		},
		Nuonuo: app.Nuonuo{
			URL: vendors, AppKey: nuonuoKey, AppSecret: nuonuoSecret, AccessToken: nuonuoToken, TaxNo: sellerTaxNo,
			Tel: "400-112-3838", Address: "深圳市南山区样例路1号", Account: sellerBranch + " " + sellerAccount, Clerk: "系统",
		},
		WeChat: wechat, Alipay: alipay, KMC: d.keyCentre(vendors),
		SMTP:    app.SMTP{Address: e.mail, From: "ca@example.test", Name: "示例电子认证", Plain: true},
		Version: d.Version, Build: d.Build, Now: d.Now, Log: d.log,
	}
}

// patience is how long the other processes have to answer.
const patience = 30 * time.Second

// ready waits until vendors, mail server, signer and Ukey agent answer.
func (e environment) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ca := client.New(e.signerSocket)
	for _, wait := range []struct {
		name   string
		answer func() error
	}{
		{"vendors", func() error { return answers(ctx, "http://"+e.vendors+"/_sim/faults") }},
		{"ukey", func() error { return answers(ctx, "http://"+e.agent+"/v1/keys") }},
		{"mail server", func() error { return greets(ctx, e.mail) }},
		{"casigner", func() error { return open(ca.Status(ctx)) }},
	} {
		for err := wait.answer(); err != nil; err = wait.answer() {
			select {
			case <-ctx.Done():
				return errors.Join(fmt.Errorf("%s does not answer; see the logs in the data folder", wait.name), err)
			case <-time.After(30 * time.Millisecond):
			}
		}
	}
	return nil
}

// open waits until the officers have given their shares.
func open(st cert.Status, err error) error {
	if err == nil && st.Locked {
		err = errors.New("the CA key is not open yet")
	}
	return err
}

// answers asks a process something only it can answer. That its port takes a connection says too little: the simulators'
// does so before they have put their addresses into ports.json.
func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", req.URL, res.Status)
	}
	return errors.Join(err, res.Body.Close())
}

// greets waits for the mail server's first line.
func greets(ctx context.Context, address string) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	if by, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(by); err != nil {
			return errors.Join(err, c.Close())
		}
	}
	text := textproto.NewConn(c)
	_, _, err = text.ReadResponse(220)
	return errors.Join(err, text.Close())
}
