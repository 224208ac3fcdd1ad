package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
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
