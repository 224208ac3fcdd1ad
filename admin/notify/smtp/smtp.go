// Package smtp sends mail through the house's mail server.
package smtp

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"caconsole/admin/fault"
	"caconsole/admin/notify"
)

// Config is the mail server and who writes.
type Config struct {
	Address  string // host:port
	From     string // mailbox
	Name     string // name beside it
	User     string // "" for a server that asks for none
	Password string
	Domain   string // right half of Message-IDs
	// Plain allows a connection without TLS; for a server on loopback only.
	Plain bool
}

// Sender implements notify.Sender.
type Sender struct{ c Config }

// New makes a sender.
func New(c Config) *Sender { return &Sender{c} }

const timeout = 5 * time.Second

// Send delivers a mail to the server. A repeat bears the same Message-ID, so mailboxes show it once.
func (s *Sender) Send(ctx context.Context, m notify.Outgoing) (string, error) {
	msg, id, err := s.compose(m)
	if err != nil {
		return "", &fault.Error{Kind: fault.Invalid, Key: "message_refused", Args: fault.Args{"code": "address"}, Cause: err}
	}
	client, err := s.dial()
	if err != nil {
		return "", fault.Wrap("mail_config", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, msg)
	var refused *mail.SendError
	if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
		code := strconv.Itoa(refused.ErrorCode())
		return "", &fault.Error{Kind: fault.Invalid, Key: "message_refused", Args: fault.Args{"code": code}, Cause: err}
	}
	var dial *net.OpError
	switch {
	case refused != nil && refused.IsTemp(), errors.As(err, &dial) && dial.Op == "dial": // come back later
		return "", fault.Down("vendor_not_reached", time.Minute, err)
	case err != nil:
		return "", fault.Down("vendor_unavailable", time.Minute, err)
	}
	return id, nil
}

// Find says that nothing is known: a mail server cannot be asked, and a repeat does no harm.
func (s *Sender) Find(context.Context, notify.Outgoing) (notify.Report, error) {
	return notify.Report{}, nil
}

func (s *Sender) compose(m notify.Outgoing) (*mail.Msg, string, error) {
	msg := mail.NewMsg()
	if err := msg.FromFormat(s.c.Name, s.c.From); err != nil {
		return nil, "", err
	}
	if err := msg.To(m.To.Reveal()); err != nil {
		return nil, "", err
	}
	id := m.First.String() + "@" + s.c.Domain
	msg.SetMessageIDWithValue(id)
	msg.SetDateWithValue(m.At)
	msg.Subject(m.Subject)
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	return msg, id, nil
}

func (s *Sender) dial() (*mail.Client, error) {
	host, port, err := net.SplitHostPort(s.c.Address)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	policy := mail.TLSMandatory
	if s.c.Plain {
		policy = mail.TLSOpportunistic
	}
	opts := []mail.Option{mail.WithPort(n), mail.WithTimeout(timeout), mail.WithTLSPolicy(policy)}
	if s.c.User != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.c.User), mail.WithPassword(s.c.Password))
	}
	return mail.NewClient(host, opts...)
}
