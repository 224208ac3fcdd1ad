package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/job"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// Places of sealed values.
const (
	toField   = "message.to"
	argsField = "message.args"
)

// Messages is the store and the sender of messages.
type Messages struct {
	db      *pg.DB
	ring    *seal.Ring
	jobs    job.Enqueuer
	senders map[Channel]Sender
	now     func() time.Time
}

// Options are the parts of Messages.
type Options struct {
	DB      *pg.DB
	Ring    *seal.Ring
	Jobs    job.Enqueuer
	Senders map[Channel]Sender
	Now     func() time.Time
}

// New makes the store.
func New(o Options) *Messages {
	return &Messages{db: o.DB, ring: o.Ring, jobs: o.Jobs, senders: o.Senders, now: o.Now}
}

type row struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	OrderID    *uuid.UUID
	Template   Template
	Channel    Channel
	ToSealed   []byte
	ToMask     string
	ArgsSealed []byte
	DedupeKey  string
	Version    int
	State      State
	ProviderID string
	Attempts   int
	LastError  string
	NotBefore  time.Time
	CreatedAt  time.Time
	SentAt     *time.Time
	ChangedAt  time.Time
}

// TableName tells gorm the table.
func (row) TableName() string { return "message" }

// Queue stores a message in the transaction of its event and enqueues its sending. A message of the same key and
// channel is dropped: the event has been told.
func (m *Messages) Queue(ctx context.Context, tx pg.Tx, in Message) error {
	s, ok := specs[in.Template]
	if !ok {
		return fault.Wrap("message_incomplete", fmt.Errorf("notify: no template %q", in.Template))
	}
	if _, err := s.values(in.Args); err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fault.Wrap("message_id", err)
	}
	if in.Key == "" {
		in.Key = id.String()
	}
	args, err := json.Marshal(in.Args)
	if err != nil {
		return fault.Wrap("message_incomplete", err)
	}
	return m.insert(ctx, tx, id, in, args, 1)
}

func (m *Messages) insert(ctx context.Context, tx pg.Tx, id uuid.UUID, in Message, args []byte, version int) error {
	to, err := m.ring.Seal(toField, id, in.To.Reveal())
	if err != nil {
		return err
	}
	sealed, err := m.ring.SealBytes(argsField, id, args)
	if err != nil {
		return err
	}
	now := m.now()
	due := now
	if specs[in.Template].waits {
		due = daytime(now)
	}
	r := row{
		ID: id, Template: in.Template, Channel: in.Channel, ToSealed: to, ToMask: mask(in.Channel, in.To.Reveal()),
		ArgsSealed: sealed, DedupeKey: in.Key, Version: version, State: Queued, NotBefore: due, CreatedAt: now, ChangedAt: now,
	}
	if in.OrderID != uuid.Nil {
		r.OrderID = &in.OrderID
	}
	res := tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
	if res.Error != nil || res.RowsAffected == 0 {
		return pg.Fault(res.Error)
	}
	if due.After(now) {
		return m.jobs.Enqueue(ctx, tx, SendArgs{ID: id}, job.At(due))
	}
	return m.jobs.Enqueue(ctx, tx, SendArgs{ID: id})
}

func mask(c Channel, to string) string {
	if c == Mail {
		return seal.MaskEmail(to)
	}
	return seal.MaskPhone(to)
}

// Resend sends a message again as its next version, to the same recipient. NotFound "message_unknown"; Conflict
// "message_under_way" while a version is on its way.
func (m *Messages) Resend(ctx context.Context, tx pg.Tx, id uuid.UUID) error {
	r, err := load(tx, id)
	if err != nil {
		return err
	}
	var last row
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).
		Where("dedupe_key = ? AND channel = ?", r.DedupeKey, r.Channel).Order("version DESC").Take(&last).Error
	if err != nil {
		return pg.Fault(err)
	}
	if last.State == Queued || last.State == Sending {
		return fault.New(fault.Conflict, "message_under_way", nil)
	}
	to, args, err := m.open(r)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(args)
	if err != nil {
		return fault.Wrap("message_incomplete", err)
	}
	next, err := uuid.NewV7()
	if err != nil {
		return fault.Wrap("message_id", err)
	}
	again := Message{OrderID: deref(r.OrderID), Template: r.Template, Channel: r.Channel, To: to, Key: r.DedupeKey}
	return m.insert(ctx, tx, next, again, raw, last.Version+1)
}

func (m *Messages) open(r row) (to seal.Secret, args map[string]string, err error) {
	plain, err := m.ring.Open(toField, r.ID, r.ToSealed)
	if err != nil {
		return "", nil, err
	}
	raw, err := m.ring.OpenBytes(argsField, r.ID, r.ArgsSealed)
	if err != nil {
		return "", nil, err
	}
	return seal.Secret(plain), args, fault.Wrap("message_incomplete", json.Unmarshal(raw, &args))
}

func load(q pg.Q, id uuid.UUID) (row, error) {
	var r row
	if err := q.Gorm().Where("id = ?", id).Take(&r).Error; err != nil {
		if fault.Is(pg.Fault(err), fault.NotFound) {
			return row{}, fault.New(fault.NotFound, "message_unknown", nil)
		}
		return row{}, pg.Fault(err)
	}
	return r, nil
}

func (r row) line() Line {
	return Line{
		ID: r.ID, Key: r.DedupeKey, Template: r.Template, Channel: r.Channel, ToMask: r.ToMask, Version: r.Version, State: r.State, Attempts: r.Attempts,
		LastError: r.LastError, CreatedAt: r.CreatedAt, SentAt: deref(r.SentAt), ChangedAt: r.ChangedAt,
	}
}

// Get returns a message. NotFound "message_unknown".
func (m *Messages) Get(_ context.Context, q pg.Q, id uuid.UUID) (Line, uuid.UUID, error) {
	r, err := load(q, id)
	return r.line(), deref(r.OrderID), err
}

// OfOrder lists the messages of an order, newest first, at most 100.
func (m *Messages) OfOrder(_ context.Context, q pg.Q, order uuid.UUID) ([]Line, error) {
	var rows []row
	if err := q.Gorm().Where("order_id = ?", order).Order("created_at DESC, id DESC").Limit(100).Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Line, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.line())
	}
	return out, nil
}

// Stuck lists messages that were due before a moment and are not sent yet, for the sweep.
func (m *Messages) Stuck(_ context.Context, q pg.Q, before time.Time, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := q.Gorm().Model(&row{}).Where("state IN ('queued', 'sending') AND not_before < ? AND changed_at < ?", before, before).
		Order("not_before, id").Limit(limit).Pluck("id", &ids).Error
	return ids, pg.Fault(err)
}

// ByProvider finds a message by the vendor's reference. NotFound "message_unknown".
func (m *Messages) ByProvider(_ context.Context, q pg.Q, channel Channel, provider string) (uuid.UUID, error) {
	var r row
	err := q.Gorm().Where("provider_id = ? AND channel = ?", provider, channel).Take(&r).Error
	if fault.Is(pg.Fault(err), fault.NotFound) {
		return uuid.Nil, fault.New(fault.NotFound, "message_unknown", nil)
	}
	return r.ID, pg.Fault(err)
}

func deref[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}
