package vendors_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/smtp"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/ports"
	"caconsole/cmd/applicant/vendors"
	"caconsole/cmd/applicant/vendors/trouble"
)

func options(t *testing.T) vendors.Options {
	t.Helper()
	painter, err := paper.Open("")
	require.NoError(t, err, "install fonts-noto-cjk")
	dir := t.TempDir()
	return vendors.Options{
		Listen: "127.0.0.1:0", SMTPListen: "127.0.0.1:0", Outbox: filepath.Join(dir, "outbox"), Ports: filepath.Join(dir, "demo", "ports.json"),
		Painter: painter, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
}

func TestServesListsItsAddressesAndStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	o := options(t)
	s, err := vendors.Start(ctx, o)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()

	list, err := ports.Read(o.Ports)
	require.NoError(t, err)
	for _, name := range []string{ports.Identity, ports.Telecom, ports.SMS, ports.Invoice, ports.KMC} {
		require.Equal(t, s.URL(), list.Get(name))
	}
	mail := "From: a@ca.example\r\nSubject: hello\r\n\r\ntext\r\n"
	require.NoError(t, smtp.SendMail(list.Get(ports.SMTP), nil, "a@ca.example", []string{"b@example.test"}, []byte(mail)))

	messages := func(query string) (out []outbox.Message) {
		resp, err := http.Get(s.URL() + "/_sim/messages" + query)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
		return out
	}
	require.Len(t, messages(""), 1)
	require.Len(t, messages("?channel=mail&to=b@example.test"), 1)
	require.Empty(t, messages("?channel=sms"))

	for body, want := range map[string]int{`{"call":"SendSms","kind":"down"}`: 204, `{"call":"SendSms","kind":"flood"}`: 422, `{`: 400} {
		require.Equal(t, want, post(t, s.URL()+"/_sim/troubles", body), body)
	}
	for body, want := range map[string]int{
		`{"vendor":"sms","kind":"duplicate","rate":0.02}`: 204, `{"vendor":"sms","kind":"timeout_then_success","times":3}`: 204,
		`{"vendor":"bank","kind":"delay"}`: 422, `{"vendor":"sms","kind":"flood"}`: 422, `{`: 400,
	} {
		require.Equal(t, want, post(t, s.URL()+"/_sim/faults", body), body)
	}
	require.Contains(t, get(t, s.URL()+"/_sim/faults"), `"kind":"timeout_then_success","times":3`)
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, s.URL()+"/_sim/faults", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.JSONEq(t, "[]", get(t, s.URL()+"/_sim/faults"))
	require.JSONEq(t, `{"messages":{"sms":{},"mail":{"":1}},"invoice":{"blue":0,"blue_fen":0,"red":0,"red_fen":0},"faults":{}}`, get(t, s.URL()+"/_sim/counts"))
	require.JSONEq(t, "[]", get(t, s.URL()+"/_sim/invoices"))
	cancel()
	require.NoError(t, <-done)
}

func post(t *testing.T, address, body string) int {
	t.Helper()
	resp, err := http.Post(address, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func get(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get(address)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, 200, resp.StatusCode)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(raw)
}

// Payment vendors answer only where the account names them, and then stand in ports.json and at the till.
func TestPaymentVendorsOfTheAccount(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	o := options(t)
	o.State = t.TempDir()
	o.Faults = []trouble.Fault{{Vendor: trouble.Alipay, Kind: trouble.Delay, Rate: 0.5}}
	o.Account.WeChat = &vendors.WeChat{AppID: "wx", MchID: "1", MerchantKey: &key.PublicKey, APIv3Key: []byte(strings.Repeat("k", 32)), PlatformKey: key}
	o.Account.Alipay = &vendors.Alipay{AppID: "2014", SellerID: "2088", AppKey: &key.PublicKey, Key: key}
	s, err := vendors.Start(ctx, o)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	list, err := ports.Read(o.Ports)
	require.NoError(t, err)
	require.Equal(t, []string{s.URL(), s.URL()}, []string{list.Get(ports.WeChat), list.Get(ports.Alipay)})
	require.Contains(t, get(t, s.URL()+"/_sim/pay"), "没有待付款的订单")
	require.Equal(t, 404, post(t, s.URL()+"/_sim/wechat/pay", `{"code_url":"weixin://none"}`))
	require.Equal(t, 404, post(t, s.URL()+"/_sim/alipay/pay", `{"qr_code":"https://none"}`))
	require.Equal(t, 401, post(t, s.URL()+"/v3/pay/transactions/native", `{}`))
	require.Contains(t, get(t, s.URL()+"/_sim/counts"), `"wechat":{"bills":0`)
	require.Contains(t, get(t, s.URL()+"/_sim/faults"), `"rate":0.5`)
	cancel()
	require.NoError(t, <-done)

	o.Faults = []trouble.Fault{{Vendor: "bank", Kind: trouble.Delay}}
	_, err = vendors.Start(t.Context(), o)
	require.ErrorIs(t, err, trouble.ErrFault)
	o.Faults, o.Account.WeChat = nil, &vendors.WeChat{APIv3Key: []byte("short")}
	_, err = vendors.Start(t.Context(), o)
	require.ErrorContains(t, err, "32 bytes")
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Listen = "0.0.0.0:0"
	_, err := vendors.Start(t.Context(), o)
	require.ErrorIs(t, err, vendors.ErrNotLoopback)

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	o = options(t)
	o.SMTPListen = taken.Addr().String()
	_, err = vendors.Start(t.Context(), o)
	require.ErrorContains(t, err, "address already in use")
}
