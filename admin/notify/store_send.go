package notify

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// maxAttempts is how often a message is tried before staff are asked to look at it.
const maxAttempts = 8

// Send carries a message to its vendor. It may be called at any time and any number of times: one that was sent stays
// sent; one that was interrupted is asked for at the vendor first. The error says that it should be called again.
func (m *Messages) Send(ctx context.Context, id uuid.UUID) error {
	r, err := load(m.db.Read(ctx), id)
	if err != nil {
		return err
	}
	switch r.State {
	case Queued:
		return m.try(ctx, r)
	case Sending:
		return m.findOut(ctx, r)
	case Sent, Delivered, Failed, Unknown:
	}
	return nil
}

// try stores the intent, sends, and stores the outcome.
func (m *Messages) try(ctx context.Context, r row) error {
	if err := m.move(ctx, r, Queued, map[string]any{"state": Sending, "attempts": r.Attempts + 1}); err != nil {
		return err
	}
	r.State, r.Attempts = Sending, r.Attempts+1
	out, err := m.outgoing(ctx, r)
	if err != nil {
		return err
	}
	provider, err := m.senders[r.Channel].Send(ctx, out)
	if err == nil {
		return m.sent(ctx, r, Report{ProviderID: provider, State: Sent})
	}
	if fault.Is(err, fault.Invalid) {
		return m.move(ctx, r, Sending, map[string]any{"state": Failed, "last_error": reason(err)})
	}
	if noted := m.move(ctx, r, Sending, map[string]any{"last_error": reason(err)}); noted != nil {
		return noted
	}
	return err // it stays "sending": whether it went out is asked at the next try
}

// findOut asks the vendor what became of a message whose sending was interrupted.
func (m *Messages) findOut(ctx context.Context, r row) error {
	out, err := m.outgoing(ctx, r)
	if err != nil {
		return err
	}
	report, err := m.senders[r.Channel].Find(ctx, out)
	switch {
	case err != nil && r.Attempts >= maxAttempts:
		return m.move(ctx, r, Sending, map[string]any{"state": Unknown, "last_error": reason(err)})
	case err != nil:
		return errOr(m.move(ctx, r, Sending, map[string]any{"attempts": r.Attempts + 1, "last_error": reason(err)}), err)
	case report.Found:
		return m.sent(ctx, r, report)
	case r.Attempts >= maxAttempts:
		return m.move(ctx, r, Sending, map[string]any{"state": Failed, "last_error": "not_accepted"})
	}
	if err := m.move(ctx, r, Sending, map[string]any{"state": Queued}); err != nil {
		return err
	}
	r.State = Queued
	return m.try(ctx, r)
}

// CheckDelivery asks the vendor whether a sent message has arrived. It is no error where that is not known yet.
func (m *Messages) CheckDelivery(ctx context.Context, id uuid.UUID) error {
	r, err := load(m.db.Read(ctx), id)
	if err != nil || r.State != Sent {
		return err
	}
	out, err := m.outgoing(ctx, r)
	if err != nil {
		return err
	}
	report, err := m.senders[r.Channel].Find(ctx, out)
	if err != nil || !report.Found || report.State == Sent {
		return err
	}
	return m.move(ctx, r, Sent, map[string]any{"state": report.State, "last_error": report.Detail})
}

func (m *Messages) sent(ctx context.Context, r row, report Report) error {
	to := map[string]any{"state": report.State, "provider_id": report.ProviderID, "sent_at": m.now(), "last_error": ""}
	if report.State == Failed {
		to["last_error"] = report.Detail
	}
	return m.move(ctx, r, Sending, to)
}

// move changes a message from a state, once.
func (m *Messages) move(ctx context.Context, r row, from State, to map[string]any) error {
	to["changed_at"] = m.now()
	return m.db.InTx(ctx, func(_ context.Context, tx pg.Tx) error {
		res := tx.Gorm().Model(&row{}).Where("id = ? AND state = ? AND attempts = ?", r.ID, from, r.Attempts).Updates(to)
		if res.Error == nil && res.RowsAffected == 0 {
			return fault.New(fault.Conflict, "message_under_way", nil)
		}
		return pg.Fault(res.Error)
	})
}

func (m *Messages) outgoing(ctx context.Context, r row) (Outgoing, error) {
	to, args, err := m.open(r)
	if err != nil {
		return Outgoing{}, err
	}
	s := specs[r.Template]
	params, err := s.values(args)
	if err != nil {
		return Outgoing{}, err
	}
	first := r.ID
	if r.Version > 1 {
		var one row
		err := m.db.Read(ctx).Gorm().Where("dedupe_key = ? AND channel = ? AND version = 1", r.DedupeKey, r.Channel).Take(&one).Error
		if err != nil {
			return Outgoing{}, pg.Fault(err)
		}
		first = one.ID
	}
	return Outgoing{
		ID: r.ID, First: first, Template: r.Template, To: to, Subject: fill(s.subject, args), Text: fill(s.text, args),
		Params: params, At: r.CreatedAt,
	}, nil
}

// reason is what staff see of an error: its key, or the vendor's code.
func reason(err error) string {
	f := fault.Of(err)
	if code, ok := f.Args["code"].(string); ok && code != "" {
		return code
	}
	return f.Key
}

func errOr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}
