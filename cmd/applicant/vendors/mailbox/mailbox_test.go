package mailbox_test

import (
	"context"
	"log/slog"
	"net"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	gomail "github.com/wneessen/go-mail"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/vendors/mailbox"
	"caconsole/cmd/applicant/vendors/trouble"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func setup(t *testing.T) (addr string, box *outbox.Box, troubles *trouble.List) {
	t.Helper()
	box, err := outbox.Open(t.TempDir())
	require.NoError(t, err)
	troubles = &trouble.List{}
	s := mailbox.New(mailbox.Options{Box: box, Troubles: troubles, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close(context.Background()))
		require.NoError(t, <-done)
	})
	return l.Addr().String(), box, troubles
}

func TestMailFromAMailLibrary(t *testing.T) {
	t.Parallel()
	addr, box, _ := setup(t)
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	m := gomail.NewMsg()
	require.NoError(t, m.FromFormat("深圳CA", "noreply@ca.example"))
	require.NoError(t, m.To("agent@example.test", "second@example.test"))
	m.Subject("您的电子发票已开具")
	m.SetBodyString(gomail.TypeTextHTML, "<p>发票</p>")
	m.AddAlternativeString(gomail.TypeTextPlain, "发票下载地址:\nhttps://ca.example/inv")
	m.AttachReadSeeker("发票.pdf", strings.NewReader("%PDF-"))
	number, err := net.LookupPort("tcp", port)
	require.NoError(t, err)
	c, err := gomail.NewClient(host, gomail.WithPort(number), gomail.WithTLSPolicy(gomail.NoTLS))
	require.NoError(t, err)
	require.NoError(t, c.DialAndSendWithContext(t.Context(), m))

	all, err := box.List()
	require.NoError(t, err)
	require.Len(t, all, 2, "one message for each recipient")
	require.Equal(t, "您的电子发票已开具", all[0].Subject)
	require.Equal(t, "发票下载地址:\nhttps://ca.example/inv", all[0].Text)
	require.ElementsMatch(t, []string{"agent@example.test", "second@example.test"}, []string{all[0].To, all[1].To})
}

func send(addr, mail string) error {
	return smtp.SendMail(addr, nil, "a@ca.example", []string{"b@example.test"}, []byte(strings.ReplaceAll(mail, "\n", "\r\n")))
}

func TestCharsetsAndBrokenMail(t *testing.T) {
	t.Parallel()
	addr, box, _ := setup(t)
	// 发票 in GB18030, quoted-printable.
	require.NoError(t, send(addr, "Subject: =?GB18030?B?t6LGsQ==?=\nContent-Type: text/plain; charset=gb18030\nContent-Transfer-Encoding: quoted-printable\n\n=B7=A2=C6=B1\n"))
	all, err := box.List()
	require.NoError(t, err)
	require.Equal(t, []string{"发票", "发票"}, []string{all[0].Subject, all[0].Text})

	require.ErrorContains(t, send(addr, "Subject: x\nContent-Type: application/pdf\n\n%PDF\n"), "554")
	require.ErrorContains(t, send(addr, "Subject: x\nContent-Type: text/plain; charset=klingon\n\nqapla\n"), "554")
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	addr, box, troubles := setup(t)
	require.NoError(t, troubles.Add(trouble.Trouble{Call: "smtp", Kind: trouble.Down}))
	require.ErrorContains(t, send(addr, "Subject: x\n\nhello\n"), "451")
	require.NoError(t, troubles.Add(trouble.Trouble{Call: "smtp", Kind: trouble.Lost}))
	require.Error(t, send(addr, "Subject: x\n\nlost answer\n"))
	require.NoError(t, send(addr, "Subject: x\n\nhello again\n"))
	all, err := box.List()
	require.NoError(t, err)
	require.Len(t, all, 2)
}
