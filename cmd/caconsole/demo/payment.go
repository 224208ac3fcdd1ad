package demo

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"caconsole/admin/seal"
	"caconsole/cmd/caconsole/app"
)

// The merchant at WeChat Pay and the application at Alipay. Their keys are made at the first start.
const (
	wechatApp, wechatMch = "wxd678efh567hg6787", "1900000109"
	wechatPlatform       = "PUB_KEY_ID_0119000001092026112200000000000001"
	alipayApp            = "2014072300007148"
	alipaySeller         = "2088102146225135"
)

// Files of the payment vendors' keys. Each side gets its own private key and the other's public one.
const (
	paymentFolder     = "payment"
	wechatMerchantKey = "apiclient_key.pem"
	wechatMerchantCrt = "apiclient_cert.pem"
	wechatSecret      = "apiv3.key"
	wechatKey         = "wechat_key.pem"
	wechatPublicKey   = "wechat_pub_key.pem"
	alipayAppKey      = "app_private_key.pem"
	alipayAppPublic   = "app_public_key.pem"
	alipayKey         = "alipay_private_key.pem"
	alipayPublic      = "alipay_public_key.pem"
)

// payment is where the keys are, and what the console must know of them besides.
type payment struct {
	folder         string
	merchantSerial string
	apiV3          seal.Secret
}

// payment makes the keys unless they are there, whole or not at all: a data folder of an earlier version gets them too.
func (d *demo) payment() (payment, error) {
	p := payment{folder: d.file(paymentFolder)}
	if !exists(p.folder) {
		if err := makePayment(p.folder, d.Now()); err != nil {
			return p, fmt.Errorf("keys of the payment vendors: %w", err)
		}
	}
	raw, err := os.ReadFile(p.file(wechatMerchantCrt))
	if err != nil {
		return p, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return p, fmt.Errorf("%s holds no certificate", p.file(wechatMerchantCrt))
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return p, err
	}
	secret, err := os.ReadFile(p.file(wechatSecret))
	p.merchantSerial, p.apiV3 = fmt.Sprintf("%X", cert.SerialNumber), seal.Secret(strings.TrimSpace(string(secret)))
	return p, err
}

func (p payment) file(name string) string { return filepath.Join(p.folder, name) }

// vendorArgs are the vendors' side.
func (p payment) vendorArgs() []string {
	return []string{
		"--wechat-app-id", wechatApp, "--wechat-mch-id", wechatMch, "--wechat-merchant-cert", p.file(wechatMerchantCrt),
		"--wechat-apiv3-key", p.file(wechatSecret), "--wechat-platform-key", p.file(wechatKey), "--wechat-platform-serial", wechatPlatform,
		"--alipay-app-id", alipayApp, "--alipay-seller-id", alipaySeller, "--alipay-app-public-key", p.file(alipayAppPublic), "--alipay-key", p.file(alipayKey),
	}
}

// config is the console's side.
func (p payment) config(vendors string) (app.WeChat, app.Alipay) {
	wechat := app.WeChat{
		URL: vendors, AppID: wechatApp, MchID: wechatMch, APIv3Key: p.apiV3, MerchantKey: p.file(wechatMerchantKey), MerchantSerial: p.merchantSerial,
		PlatformKey: p.file(wechatPublicKey), PlatformSerial: wechatPlatform,
	}
	alipay := app.Alipay{
		URL: vendors, AppID: alipayApp, AppKey: p.file(alipayAppKey), AlipayKey: p.file(alipayPublic), SellerID: alipaySeller,
	}
	return wechat, alipay
}

// makePayment writes all keys into a folder beside the one they belong in and then renames it.
func makePayment(folder string, now time.Time) error {
	draft := folder + ".new"
	if err := errors.Join(os.RemoveAll(draft), os.MkdirAll(draft, 0o700)); err != nil {
		return err
	}
	write := func(name string, content []byte) error {
		return os.WriteFile(filepath.Join(draft, name), content, 0o600)
	}
	merchant, err := makeKey(write, wechatMerchantKey, "")
	if err != nil {
		return err
	}
	crt, err := merchantCertificate(merchant, now)
	if err != nil {
		return err
	}
	_, err1 := makeKey(write, wechatKey, wechatPublicKey)
	_, err2 := makeKey(write, alipayAppKey, alipayAppPublic)
	_, err3 := makeKey(write, alipayKey, alipayPublic)
	secret := (rand.Text() + rand.Text())[:32] // as many characters as the platform wants
	if err := errors.Join(err1, err2, err3, write(wechatMerchantCrt, crt), write(wechatSecret, []byte(secret+"\n"))); err != nil {
		return err
	}
	if err := os.Rename(draft, folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// makeKey makes a key pair and writes its halves; an empty name writes none.
func makeKey(write func(string, []byte) error, private, public string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	err = write(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil || public == "" {
		return key, err
	}
	if der, err = x509.MarshalPKIXPublicKey(&key.PublicKey); err != nil {
		return nil, err
	}
	return key, write(public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// merchantCertificate is the merchant's API certificate, which WeChat Pay's own CA would sign.
func merchantCertificate(key *rsa.PrivateKey, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: wechatMch, Organization: []string{"微信商户系统（模拟）"}, Country: []string{"CN"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(5, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	return out.Bytes(), err
}
