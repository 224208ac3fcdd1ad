// Package mailbox is a mail server that delivers every mail into the outbox: SMTP on loopback, no login, no relaying.
package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/vendors/trouble"
)

// call is the name by which trouble is ordered for mail.
const call = "smtp"

const maxSize = 25 << 20

// Options are the parts the server works with.
type Options struct {
	Box      *outbox.Box
	Troubles *trouble.List // kinds refuse and down answer 451, slow delays, lost stores and cuts the connection; faults likewise
	Now      func() time.Time
	Log      *slog.Logger
}

// Server is the running mail server.
type Server struct {
	smtp *smtp.Server
	opt  Options
}

// New makes a server; Serve runs it.
func New(o Options) *Server {
	s := &Server{opt: o}
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	s.smtp.Domain = "mail.example.test"
	s.smtp.ReadTimeout = time.Minute
	s.smtp.WriteTimeout = time.Minute
	s.smtp.MaxMessageBytes = maxSize
	s.smtp.MaxRecipients = 50
	s.smtp.EnableSMTPUTF8 = true
	s.smtp.ErrorLog = quiet{o.Log}
	return s
}

// Serve accepts mail until Close.
func (s *Server) Serve(l net.Listener) error {
	if err := s.smtp.Serve(l); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("serve mail: %w", err)
	}
	return nil
}

// Close stops the server, waiting for mails under way until ctx ends.
func (s *Server) Close(ctx context.Context) error {
	if err := s.smtp.Shutdown(ctx); err != nil {
		return fmt.Errorf("stop mail: %w", err)
	}
	return nil
}

// session is one SMTP conversation.
type session struct {
	server *Server
	conn   *smtp.Conn
	to     []string
}

func (s *session) Reset()                                    { s.to = nil }
func (s *session) Logout() error                             { return nil }
func (s *session) Mail(_ string, _ *smtp.MailOptions) error  { return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = append(s.to, to); return nil }

// Data takes the mail: one message in the outbox for each recipient, all durable before the 250.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	t, ordered := s.server.opt.Troubles.Next(trouble.Mail, call)
	switch {
	case ordered && (t.Kind == trouble.Refuse || t.Kind == trouble.Down):
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "simulated trouble"}
	case ordered && t.Kind == trouble.Slow:
		time.Sleep(time.Duration(t.DelayMS) * time.Millisecond)
	}
	subject, text, err := parse(bytes.NewReader(raw))
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "message cannot be read: " + err.Error()}
	}
	for _, to := range s.to {
		m := outbox.Message{Channel: outbox.Mail, To: to, Subject: subject, Text: text, At: s.server.opt.Now()}
		if err := s.server.opt.Box.Put(m); err != nil {
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: err.Error()}
		}
	}
	if ordered && t.Kind == trouble.Lost {
		return s.conn.Close()
	}
	return nil
}
