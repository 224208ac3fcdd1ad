// Package inbox keeps what vendors send us as it came, before a byte of it is believed: what was received can be
// proved, and a callback whose handling failed is handled again from here.
//
// A callback is received, then verified by its vendor's own rules or rejected, and done once its effect is committed.
package inbox

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// The states of a callback.
const (
	Received = "received"
	Verified = "verified"
	Rejected = "rejected"
	Done     = "done"
)

const field = "inbox_callback.body"

// Sealer seals raw bodies: they hold personal data.
type Sealer interface {
	SealBytes(field string, row uuid.UUID, plain []byte) ([]byte, error)
	OpenBytes(field string, row uuid.UUID, sealed []byte) ([]byte, error)
}

// Inbox stores callbacks.
type Inbox struct {
	db     *pg.DB
	sealer Sealer
	now    func() time.Time
}

// New returns an inbox on a database.
func New(db *pg.DB, sealer Sealer, now func() time.Time) *Inbox {
	return &Inbox{db: db, sealer: sealer, now: now}
}

// Callback is one received request.
type Callback struct {
	ID         uuid.UUID
	Source     string // "identity/tencent": what the callback is about, and who sends it
	Headers    map[string]string
	Body       []byte
	State      string
	Reason     string // of a rejection
	ReceivedAt time.Time
	SettledAt  *time.Time // when it was rejected or done
}

// Store keeps a callback in a transaction of its own, so it must not be called inside one. headers are the ones that
// its vendor's verification needs: they are kept in clear. Error: Invalid callback_empty.
func (i *Inbox) Store(ctx context.Context, source string, headers map[string]string, body []byte) (uuid.UUID, error) {
	if len(body) == 0 {
		return uuid.Nil, fault.New(fault.Invalid, "callback_empty", nil)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, fault.Wrap("callback_not_stored", err)
	}
	sealed, err := i.sealer.SealBytes(field, id, body)
	if err != nil {
		return uuid.Nil, err
	}
	return id, i.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		return insert(ctx, tx, callback{ID: id, Source: source, BodySealed: sealed, ReceivedAt: i.now()}, headers)
	})
}

// Get returns a callback with its body. Error: NotFound callback_unknown.
func (i *Inbox) Get(ctx context.Context, q pg.Q, id uuid.UUID) (Callback, error) {
	c, err := get(ctx, q, id)
	if err != nil {
		return Callback{}, err
	}
	return i.open(c)
}

// Unsettled returns the ids of the oldest callbacks received before a time and neither rejected nor done: their
// handling was cut short. They are handled again from the start.
func (i *Inbox) Unsettled(ctx context.Context, q pg.Q, source string, before time.Time, limit int) ([]uuid.UUID, error) {
	return unsettled(ctx, q, source, before, limit)
}

// MarkVerified notes that a callback is its vendor's. Errors of all three: NotFound callback_unknown, Conflict
// callback_settled.
func (i *Inbox) MarkVerified(ctx context.Context, tx pg.Tx, id uuid.UUID) error {
	return move(ctx, tx, id, change{to: Verified, from: []string{Received, Verified}})
}

// MarkRejected notes that a callback is not believed, and why, in words without personal data.
func (i *Inbox) MarkRejected(ctx context.Context, tx pg.Tx, id uuid.UUID, reason string) error {
	at := i.now()
	return move(ctx, tx, id, change{to: Rejected, from: []string{Received, Verified}, reason: reason, at: &at})
}

// MarkDone notes, in the transaction of a verified callback's effect, that it has had it.
func (i *Inbox) MarkDone(ctx context.Context, tx pg.Tx, id uuid.UUID) error {
	at := i.now()
	return move(ctx, tx, id, change{to: Done, from: []string{Verified}, at: &at})
}

// Forget removes callbacks settled before a time, and those received before it that never were; it returns how many.
func (i *Inbox) Forget(ctx context.Context, tx pg.Tx, before time.Time) (int64, error) {
	return remove(ctx, tx, before)
}
