package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/ports"
)

// screen collects what a program prints; the vendors print from several goroutines.
type screen struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func start(ctx context.Context, args ...string) (code int, out, log *screen) {
	out, log = &screen{}, &screen{}
	return run(ctx, args, environment{out, log, time.Now}), out, log
}

func TestHelpAndWrongCommandLines(t *testing.T) {
	t.Parallel()
	code, out, _ := start(t.Context(), "vendors", "--help")
	require.Equal(t, exitDone, code)
	for _, flag := range []string{"--outbox", "--ports", "--invoice-delay", "$TENCENTCLOUD_SECRET_KEY"} {
		require.Contains(t, out.String(), flag)
	}
	for command, flags := range map[string][]string{
		"renew": {"--path", "--pay", "--papers", "--timeout", "Exits 0"},
		"desk":  {"--staff", "--agent", "--statements", "--pace", "--until-idle", "pale"},
		"load":  {"--orders", "--rate", "--json", "--online", "caconsole demo --certificates"},
		"ukey":  {"--keys", "--listen", "--origin", "CACONSOLE_UKEY_AGENT"},
	} {
		code, out, _ := start(t.Context(), command, "--help")
		require.Equal(t, exitDone, code)
		for _, flag := range flags {
			require.Contains(t, out.String(), flag, command)
		}
	}
	for _, args := range [][]string{{}, {"dance"}, {"renew"}, {"renew", "--base", "http://127.0.0.1:1", "--ukeys", t.TempDir(), "--serial", "1", "--pay", "cash"}} {
		code, _, log := start(t.Context(), args...)
		require.Equal(t, exitFailed, code, args)
		require.NotEmpty(t, log.String())
	}
}

func TestVendorsServeUntilStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := filepath.Join(dir, "demo", "ports.json")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		code, _, _ := start(ctx, "vendors", "--outbox", filepath.Join(dir, "outbox"), "--ports", list)
		done <- code
	}()
	require.Eventually(t, func() bool {
		m, err := ports.Read(list)
		return err == nil && m.Get(ports.SMTP) != ""
	}, 20*time.Second, 20*time.Millisecond)
	m, err := ports.Read(list)
	require.NoError(t, err)
	resp, err := http.Get(m.Get(ports.SMS) + "/_sim/messages")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	_, err = os.Stat(filepath.Join(dir, "vendors", "tencent"))
	require.NoError(t, err, "records lie beside the outbox")
	stop()
	require.Equal(t, exitDone, <-done)
}

func TestRenewWithoutAUkeyFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := filepath.Join(dir, "ports.json")
	require.NoError(t, ports.Merge(list, map[string]string{ports.SMS: "http://127.0.0.1:1"}))
	code, _, log := start(t.Context(), "renew", "--base", "http://127.0.0.1:1", "--ukeys", dir, "--ports", list, "--serial", "1")
	require.Equal(t, exitFailed, code)
	require.Contains(t, log.String(), "read Ukey")
}

// pemFile writes one PEM block and returns where.
func pemFile(t *testing.T, dir, name, kind string, der []byte, err error) string {
	t.Helper()
	require.NoError(t, err)
	file := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return file
}

func TestVendorsWithPaymentKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	own, err := x509.MarshalPKCS8PrivateKey(key)
	private := pemFile(t, dir, "key.pem", "PRIVATE KEY", own, err)
	pub, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	public := pemFile(t, dir, "pub.pem", "PUBLIC KEY", pub, err)
	crt, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(0x5f0a)}, &x509.Certificate{}, &key.PublicKey, key)
	certificate := pemFile(t, dir, "cert.pem", "CERTIFICATE", crt, err)
	secret := filepath.Join(dir, "apiv3.key")
	require.NoError(t, os.WriteFile(secret, []byte(strings.Repeat("k", 32)+"\n"), 0o600))
	wechat := []string{
		"--wechat-app-id", "wx", "--wechat-mch-id", "1900000109", "--wechat-merchant-cert", certificate, "--wechat-apiv3-key", secret,
		"--wechat-platform-key", private, "--wechat-platform-serial", "PUB_KEY_ID_1",
	}
	alipay := []string{"--alipay-app-id", "2014", "--alipay-seller-id", "2088", "--alipay-app-public-key", public, "--alipay-key", private}

	list := filepath.Join(dir, "ports.json")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		args := []string{"vendors", "--outbox", filepath.Join(dir, "outbox"), "--ports", list, "--fault", "wechat:delay:0.5", "--fault", "sms:5xx:0.02", "--seed", "7"}
		code, _, _ := start(ctx, append(append(args, wechat...), alipay...)...)
		done <- code
	}()
	var m ports.Map
	require.Eventually(t, func() bool {
		var err error
		m, err = ports.Read(list)
		return err == nil && m.Get(ports.WeChat) != "" && m.Get(ports.Alipay) != ""
	}, 20*time.Second, 20*time.Millisecond)
	resp, err := http.Get(m.Get(ports.WeChat) + "/_sim/faults")
	require.NoError(t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, string(raw), `{"vendor":"sms","kind":"5xx","rate":0.02}`)
	stop()
	require.Equal(t, exitDone, <-done)

	for _, wrong := range [][]string{
		{"--fault", "bank:delay:1"},
		{"--fault", "wechat:delay"},
		{"--wechat-app-id", "wx"},
		{"--alipay-app-id", "2014"},
		append([]string{"--wechat-platform-key", public}, wechat[:8]...), append([]string{"--alipay-key", secret}, alipay[:6]...),
	} {
		code, _, _ := start(t.Context(), append([]string{"vendors", "--outbox", filepath.Join(dir, "outbox")}, wrong...)...)
		require.Equal(t, exitFailed, code, wrong)
	}
}
