package smtp_test

import (
	"bytes"
	"io"
	"mime"
	"net"
	"net/mail"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/notify/smtp"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// mailbox is a real SMTP server that keeps one mail at a time.
type mailbox struct {
	refuse error
	got    *mail.Message
	to     string
}

func (b *mailbox) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return &session{b}, nil }

type session struct{ box *mailbox }

func (s *session) Mail(string, *gosmtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.box.to = to
	return s.box.refuse
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.box.got, err = mail.ReadMessage(bytes.NewReader(raw))
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func newSender(t *testing.T, b *mailbox) *smtp.Sender {
	t.Helper()
	srv := gosmtp.NewServer(b)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	return smtp.New(smtp.Config{
		Address: ln.Addr().String(), From: "ca@example.cn", Name: "样例电子认证", Domain: "example.cn", Plain: true,
	})
}

func letter() notify.Outgoing {
	return notify.Outgoing{
		ID: uuid.MustParse("01930000-0000-7000-8000-000000000002"), First: uuid.MustParse("01930000-0000-7000-8000-000000000001"),
		Template: notify.Invoice, To: "li@example.cn", Subject: "电子发票 · 订单 R1", Text: "您好：\n\n链接 https://x.example/inv?code=ABCD2345", At: noon,
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	box := &mailbox{}
	id, err := newSender(t, box).Send(t.Context(), letter())
	require.NoError(t, err)
	require.Equal(t, "01930000-0000-7000-8000-000000000001@example.cn", id)
	require.Equal(t, "<"+id+">", box.got.Header.Get("Message-ID"), "a repeat bears the first one's id")
	require.Equal(t, "li@example.cn", box.to)
	subject, err := new(mime.WordDecoder).DecodeHeader(box.got.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, "电子发票 · 订单 R1", subject)
	at, err := box.got.Header.Date()
	require.NoError(t, err)
	require.True(t, noon.Equal(at))
}

func TestSendRefused(t *testing.T) {
	t.Parallel()
	for code, key := range map[int]string{550: "message_refused", 450: "vendor_not_reached"} {
		box := &mailbox{refuse: &gosmtp.SMTPError{Code: code, EnhancedCode: gosmtp.EnhancedCode{code / 100, 1, 1}, Message: "no mailbox"}}
		_, err := newSender(t, box).Send(t.Context(), letter())
		require.True(t, fault.HasKey(err, key), "%d: %v", code, err)
		if code == 550 {
			require.Equal(t, "550", fault.Of(err).Args["code"])
		}
	}
	wrong := letter()
	wrong.To = "li@example.cn\r\nBcc: all@example.cn"
	_, err := newSender(t, &mailbox{}).Send(t.Context(), wrong)
	require.True(t, fault.HasKey(err, "message_refused"), "an address cannot carry a header")
}

func TestServerThatIsDown(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	s := smtp.New(smtp.Config{Address: ln.Addr().String(), From: "ca@example.cn", Domain: "example.cn", Plain: true})
	_, err = s.Send(t.Context(), letter())
	require.True(t, fault.HasKey(err, "vendor_not_reached"), "it is tried for a day: %v", err)
}

// Without Plain nothing is sent in clear: a server that offers no TLS gets nothing.
func TestTLSIsDemanded(t *testing.T) {
	t.Parallel()
	box := &mailbox{}
	srv := gosmtp.NewServer(box)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	s := smtp.New(smtp.Config{Address: ln.Addr().String(), From: "ca@example.cn", Domain: "example.cn"})
	_, err = s.Send(t.Context(), letter())
	require.True(t, fault.Is(err, fault.Unavailable))
	require.Nil(t, box.got)
}
