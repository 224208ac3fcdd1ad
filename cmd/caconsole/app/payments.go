package app

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"caconsole/admin/payment"
	"caconsole/admin/payment/alipay"
	"caconsole/admin/payment/wechat"
)

// dialPayments makes the clients of the payment vendors this installation has an account with.
func (c Config) dialPayments(now func() time.Time) (map[payment.Method]payment.Vendor, error) {
	out := map[payment.Method]payment.Vendor{}
	if c.WeChat.AppID != "" {
		v, err := c.dialWeChat(now)
		if err != nil {
			return nil, fmt.Errorf("%w: WeChat Pay: %w", ErrConfig, err)
		}
		out[payment.WeChat] = v
	}
	if c.Alipay.AppID != "" {
		v, err := c.dialAlipay(now)
		if err != nil {
			return nil, fmt.Errorf("%w: Alipay: %w", ErrConfig, err)
		}
		out[payment.Alipay] = v
	}
	return out, nil
}

// NotifyAt is where a payment vendor sends its notices.
func (c Config) NotifyAt(m payment.Method) string {
	return c.PublicURL + "/api/v1/callbacks/payments/" + string(m)
}

func (c Config) dialWeChat(now func() time.Time) (*wechat.Client, error) {
	w := c.WeChat
	own, err := privateKey(w.MerchantKey)
	if err != nil {
		return nil, err
	}
	platform, err := publicKey(w.PlatformKey)
	if err != nil {
		return nil, err
	}
	return wechat.New(wechat.Config{
		URL: w.URL, AppID: w.AppID, MchID: w.MchID, APIv3Key: w.APIv3Key.Reveal(), MerchantKey: own, MerchantSerial: w.MerchantSerial,
		Platform: map[string]*rsa.PublicKey{w.PlatformSerial: platform}, PlatformSerial: w.PlatformSerial,
		NotifyURL: c.NotifyAt(payment.WeChat), Now: now,
	})
}

func (c Config) dialAlipay(now func() time.Time) (*alipay.Client, error) {
	a := c.Alipay
	own, err := privateKey(a.AppKey)
	if err != nil {
		return nil, err
	}
	platform, err := publicKey(a.AlipayKey)
	if err != nil {
		return nil, err
	}
	return alipay.New(alipay.Config{
		URL: a.URL, AppID: a.AppID, SellerID: a.SellerID, AppKey: own, AlipayKey: platform, NotifyURL: c.NotifyAt(payment.Alipay), Now: now,
	})
}

var errKey = errors.New("no RSA key in PEM")

func readPEM(file string) (*pem.Block, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s: %w", file, errKey)
	}
	return block, nil
}

// privateKey reads an RSA key, PKCS #8 or PKCS #1.
func privateKey(file string) (*rsa.PrivateKey, error) {
	block, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: %w", file, errKey)
	}
	return key, nil
}

// publicKey reads an RSA key, by itself or in a certificate.
func publicKey(file string) (*rsa.PublicKey, error) {
	block, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	var parsed any
	if block.Type == "CERTIFICATE" {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		parsed = cert.PublicKey
	} else if parsed, err = x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s: %w", file, errKey)
	}
	return key, nil
}
