package vendors_test

import (
	"context"
	"encoding/json"
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
	for _, name := range []string{ports.Identity, ports.Telecom, ports.SMS, ports.Invoice} {
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
		resp, err := http.Post(s.URL()+"/_sim/troubles", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode, body)
	}
	cancel()
	require.NoError(t, <-done)
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
