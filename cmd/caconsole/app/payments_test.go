package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/payment"
	"caconsole/admin/seal"
)

// keyFiles writes the keys an installation may be given, by what they are.
func keyFiles(t *testing.T) map[string]string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	pkcs8 := func(k any) []byte { der, err := x509.MarshalPKCS8PrivateKey(k); require.NoError(t, err); return der }
	pkix := func(k any) []byte { der, err := x509.MarshalPKIXPublicKey(k); require.NoError(t, err); return der }
	self := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	crt, err := x509.CreateCertificate(rand.Reader, self, self, &key.PublicKey, key)
	require.NoError(t, err)
	dir, files := t.TempDir(), map[string]string{"missing": "/nonexistent", "none": ""}
	for name, b := range map[string]*pem.Block{
		"pkcs1": {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}, "pkcs8": {Type: "PRIVATE KEY", Bytes: pkcs8(key)},
		"public": {Type: "PUBLIC KEY", Bytes: pkix(&key.PublicKey)}, "certificate": {Type: "CERTIFICATE", Bytes: crt},
		"other key": {Type: "PRIVATE KEY", Bytes: pkcs8(other)}, "other public": {Type: "PUBLIC KEY", Bytes: pkix(&other.PublicKey)},
		"broken": {Type: "PRIVATE KEY", Bytes: []byte("?")}, "broken certificate": {Type: "CERTIFICATE", Bytes: []byte("?")},
	} {
		files[name] = filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		require.NoError(t, os.WriteFile(files[name], pem.EncodeToMemory(b), 0o600))
	}
	files["no PEM"] = filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(files["no PEM"], []byte("key"), 0o600))
	return files
}

// A method is offered where its account is described, and a wrong description keeps the console from starting.
func TestPaymentVendors(t *testing.T) {
	t.Parallel()
	files := keyFiles(t)
	config := func(own, platform string) Config {
		return Config{
			WeChat: WeChat{
				URL: "http://w", AppID: "wx", MchID: "1", APIv3Key: seal.Secret(strings.Repeat("k", 32)), MerchantKey: files[own], MerchantSerial: "S",
				PlatformKey: files[platform], PlatformSerial: "P",
			},
			Alipay: Alipay{URL: "http://a", AppID: "2021", AppKey: files[own], AlipayKey: files[platform], SellerID: "2088"},
		}
	}
	offered, err := Config{}.dialPayments(time.Now)
	require.NoError(t, err)
	require.Empty(t, offered)
	for _, keys := range [][2]string{{"pkcs1", "public"}, {"pkcs8", "certificate"}} {
		offered, err := config(keys[0], keys[1]).dialPayments(time.Now)
		require.NoError(t, err, keys)
		require.Contains(t, offered, payment.WeChat)
		require.Contains(t, offered, payment.Alipay)
	}
	for _, keys := range [][2]string{
		{"missing", "public"},
		{"none", "public"},
		{"no PEM", "public"},
		{"broken", "public"},
		{"other key", "public"},
		{"public", "public"},
		{"pkcs8", "missing"},
		{"pkcs8", "other public"},
		{"pkcs8", "broken certificate"},
		{"pkcs8", "pkcs8"},
	} {
		c := config(keys[0], keys[1])
		_, err := c.dialPayments(time.Now)
		require.ErrorIs(t, err, ErrConfig, "%v", keys)
		c.WeChat = WeChat{}
		_, err = c.dialPayments(time.Now)
		require.ErrorIs(t, err, ErrConfig, "%v", keys)
	}
	c := config("pkcs8", "public")
	c.WeChat.APIv3Key = "short"
	_, err = c.dialPayments(time.Now)
	require.ErrorIs(t, err, ErrConfig)
	c = config("pkcs8", "public")
	c.Alipay.SellerID = ""
	_, err = c.dialPayments(time.Now)
	require.ErrorIs(t, err, ErrConfig)
}
