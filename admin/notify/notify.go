// Package notify tells applicants what happened, by SMS and by mail. A message is stored in the transaction of the event
// it is about and sent by a job; before each call to a vendor the intent is on record, so that after a crash it is asked
// for at the vendor rather than sent twice.
//
//	queued ─► sending ─► sent ─► delivered
//	   ▲         │  └──► failed      (refused for good)
//	   │         └─────► unknown     (cannot be found out; staff see it and may send again)
//	   └─────────┘ (certainly not taken)
package notify

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/seal"
)

// Channel is the way a message goes.
type Channel string

// The channels.
const (
	SMS  Channel = "sms"
	Mail Channel = "mail"
)

// State is how far a message is.
type State string

// The states.
const (
	Queued    State = "queued"
	Sending   State = "sending"
	Sent      State = "sent" // taken by the vendor, which is not yet delivered
	Delivered State = "delivered"
	Failed    State = "failed"
	Unknown   State = "unknown"
)

// Message is one message to one recipient.
type Message struct {
	OrderID  uuid.UUID // zero for log-in codes
	Template Template
	Channel  Channel
	To       seal.Secret // phone of eleven digits, or mailbox
	Args     map[string]string
	// Key names the event: the same key and channel is sent once. Empty means that every message is an event of its own.
	Key string
}

// LoginCode is the message that carries a log-in code.
func LoginCode(phone, code string, ttl time.Duration) Message {
	return Message{
		Template: Login, Channel: SMS, To: seal.Secret(phone),
		Args: map[string]string{"code": code, "minutes": minutes(ttl)},
	}
}

// Outgoing is a message in clear on its way to a vendor.
type Outgoing struct {
	ID       uuid.UUID // the vendor gets it as our reference
	First    uuid.UUID // id of the first version: what a mail's Message-ID is made of, so that a repeat is recognised
	Template Template
	To       seal.Secret
	Subject  string
	Text     string
	Params   []string // values of the template's variables in its order
	At       time.Time
}

// Report is what a vendor knows about a message.
type Report struct {
	Found      bool
	ProviderID string
	State      State // Sent, Delivered or Failed
	Detail     string
}

// Sender is a vendor of one channel. Calls end within five seconds.
type Sender interface {
	// Send hands a message over and returns the vendor's reference. Errors: Invalid "message_refused" where the vendor
	// refuses it for good (args: code); Unavailable "vendor_not_reached" where it certainly did not go out; anything
	// else leaves that open.
	Send(ctx context.Context, m Outgoing) (providerID string, err error)
	// Find asks what became of a message. Not found means that it may be sent again, because it never went out or
	// because a repeat does no harm. Where the vendor's silence proves nothing the error is Unavailable
	// "message_unreported".
	Find(ctx context.Context, m Outgoing) (Report, error)
}

// Line is a message as staff see it.
type Line struct {
	ID        uuid.UUID
	Key       string // that it was queued under
	Template  Template
	Channel   Channel
	ToMask    string
	Version   int
	State     State
	Attempts  int
	LastError string
	CreatedAt time.Time
	SentAt    time.Time
	ChangedAt time.Time
}

// SendArgs asks for a message to be sent; the job carries nothing but its id.
type SendArgs struct {
	ID uuid.UUID `json:"id"`
}

// Kind names the job for River.
func (SendArgs) Kind() string { return "notify_send" }
