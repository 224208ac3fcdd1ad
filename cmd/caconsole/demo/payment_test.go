package demo

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	vendor "caconsole/admin/payment"
	"caconsole/admin/payment/alipay"
	"caconsole/admin/payment/wechat"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/vendors"
)

func readKey[T any](t *testing.T, file string, parse func([]byte) (any, error)) T {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	block, _ := pem.Decode(raw)
	require.NotNil(t, block, file)
	key, err := parse(block.Bytes)
	require.NoError(t, err)
	out, ok := key.(T)
	require.True(t, ok, file)
	return out
}

func private(t *testing.T, p payment, name string) *rsa.PrivateKey {
	t.Helper()
	return readKey[*rsa.PrivateKey](t, p.file(name), x509.ParsePKCS8PrivateKey)
}

func public(t *testing.T, p payment, name string) *rsa.PublicKey {
	t.Helper()
	return readKey[*rsa.PublicKey](t, p.file(name), x509.ParsePKIXPublicKey)
}

func TestPaymentKeysAreMadeOnceAndKeptPrivate(t *testing.T) {
	t.Parallel()
	d := &demo{Options: Options{Now: time.Now}, folder: folder(t.TempDir())}
	require.NoError(t, os.MkdirAll(d.file(), 0o750))
	require.NoError(t, os.Mkdir(d.file(paymentFolder+".new"), 0o700), "an earlier start was cut short")
	first, err := d.payment()
	require.NoError(t, err)
	again, err := d.payment()
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Len(t, first.apiV3.Reveal(), 32)
	require.NoError(t, filepath.WalkDir(first.folder, func(path string, e fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := e.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
		return nil
	}))
}

// The two sides are written from the vendors' documents by different hands; with the demo's keys they understand each
// other.
func TestBothSidesOfThePaymentVendorsAgree(t *testing.T) {
	t.Parallel()
	d := &demo{Options: Options{Now: time.Now}, folder: folder(t.TempDir())}
	require.NoError(t, os.MkdirAll(d.file(), 0o750))
	p, err := d.payment()
	require.NoError(t, err)
	cert := readKey[*x509.Certificate](t, p.file(wechatMerchantCrt), func(der []byte) (any, error) { return x509.ParseCertificate(der) })
	merchant, ok := cert.PublicKey.(*rsa.PublicKey)
	require.True(t, ok)
	painter, err := paper.Open("")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := vendors.Start(ctx, vendors.Options{
		Listen: "127.0.0.1:0", SMTPListen: "127.0.0.1:0", Outbox: d.path("outbox"), Painter: painter, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Account: vendors.Account{
			WeChat: &vendors.WeChat{
				AppID: wechatApp, MchID: wechatMch, MerchantKey: merchant, MerchantSerial: p.merchantSerial, APIv3Key: []byte(p.apiV3.Reveal()),
				PlatformKey: private(t, p, wechatKey), PlatformSerial: wechatPlatform,
			},
			Alipay: &vendors.Alipay{AppID: alipayApp, SellerID: alipaySeller, AppKey: public(t, p, alipayAppPublic), Key: private(t, p, alipayKey)},
		},
	})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-done) })

	told := make(chan notice, 4)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n := notice{map[string]string{}, body}
		for k := range r.Header {
			n.headers[strings.ToLower(k)] = r.Header.Get(k)
		}
		told <- n
		_, _ = io.WriteString(w, "success")
	}))
	t.Cleanup(shop.Close)
	w, err := wechat.New(wechat.Config{
		URL: s.URL(), AppID: wechatApp, MchID: wechatMch, APIv3Key: p.apiV3.Reveal(), MerchantKey: private(t, p, wechatMerchantKey), MerchantSerial: p.merchantSerial,
		Platform: map[string]*rsa.PublicKey{wechatPlatform: public(t, p, wechatPublicKey)}, PlatformSerial: wechatPlatform, NotifyURL: shop.URL, Now: time.Now,
	})
	require.NoError(t, err)
	a, err := alipay.New(alipay.Config{
		URL: s.URL(), AppID: alipayApp, SellerID: alipaySeller, AppKey: private(t, p, alipayAppKey), AlipayKey: public(t, p, alipayPublic),
		NotifyURL: shop.URL, Now: time.Now,
	})
	require.NoError(t, err)
	for name, v := range map[string]vendor.Vendor{"wechat": w, "alipay": a} {
		t.Run(name, func(t *testing.T) { pays(t, s.URL()+"/_sim/"+name+"/pay", v, told) })
	}
}

// notice is one as the console's inbox keeps it.
type notice struct {
	headers map[string]string
	body    []byte
}

// pays walks one payment from its code to its refund.
func pays(t *testing.T, till string, v vendor.Vendor, told chan notice) {
	t.Helper()
	ctx := t.Context()
	ask := vendor.Ask{OwnNo: "R26112200018T1", Amount: 20000, Subject: "1年期机构证书续期", ExpiresAt: time.Now().Add(time.Hour)}
	back := vendor.Return{OwnNo: "R26112200018F1", TradeNo: ask.OwnNo, Amount: 20000, Total: 20000, Reason: "撤回"}
	trade, err := v.Query(ctx, ask.OwnNo)
	require.NoError(t, err)
	require.Equal(t, vendor.TradeUnknown, trade.State)
	state, err := v.Close(ctx, ask.OwnNo)
	require.NoError(t, err)
	require.Equal(t, vendor.TradeUnknown, state)

	code, err := v.Create(ctx, ask)
	require.NoError(t, err)
	same, err := v.Create(ctx, ask)
	require.NoError(t, err)
	require.Equal(t, code, same)
	body, err := json.Marshal(map[string]string{"code_url": code, "qr_code": code})
	require.NoError(t, err)
	resp, err := http.Post(till, "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)

	n := <-told
	paid, err := v.Notice(n.headers, n.body, time.Now())
	require.NoError(t, err)
	require.Equal(t, vendor.NoticePaid, paid.Kind)
	require.Equal(t, ask.OwnNo, paid.OwnNo)
	require.EqualValues(t, 20000, paid.Received.Amount)
	trade, err = v.Query(ctx, ask.OwnNo)
	require.NoError(t, err)
	require.Equal(t, vendor.TradePaid, trade.State)
	require.Equal(t, paid.Received.TransactionID, trade.Received.TransactionID)
	state, err = v.Close(ctx, ask.OwnNo)
	require.NoError(t, err)
	require.Equal(t, vendor.TradePaid, state)

	given, err := v.FindRefund(ctx, back)
	require.NoError(t, err)
	require.Equal(t, vendor.ReturnUnknown, given.State)
	_, err = v.Refund(ctx, back)
	require.NoError(t, err)
	n = <-told
	refund, err := v.Notice(n.headers, n.body, time.Now())
	require.NoError(t, err)
	require.Equal(t, []any{vendor.NoticeRefund, back.OwnNo}, []any{refund.Kind, refund.RefundNo})
	given, err = v.FindRefund(ctx, back)
	require.NoError(t, err)
	require.Equal(t, vendor.ReturnDone, given.State)
	trade, err = v.Query(ctx, ask.OwnNo)
	require.NoError(t, err)
	require.Equal(t, vendor.TradePaid, trade.State, "paid, and gone back since")
}
