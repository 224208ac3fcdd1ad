package notify

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

const (
	// maxAttempts is how often a message is sent or asked for while nothing comes of it before staff look at it.
	maxAttempts = 8
	// giveUpAfter is how long a vendor that cannot be reached is tried.
	giveUpAfter = 24 * time.Hour
	// callTime is how long a call to a vendor may be under way: until then nobody else touches the message.
	callTime = 10 * time.Second
)

// pause is how long a message rests after so many attempts: 15 seconds, doubling up to 15 minutes.
func pause(attempts int) time.Duration {
	return min(15*time.Second<<min(max(attempts-1, 0), 10), 15*time.Minute)
}

// Send carries a message to its vendor. It may be called at any time and any number of times: one that was sent stays
// sent; one that was interrupted is asked for at the vendor first; one whose time has not come is left for Stuck to
// name. The error says that nothing came of it yet.
func (m *Messages) Send(ctx context.Context, id uuid.UUID) error {
	r, err := load(m.db.Read(ctx), id)
	if err != nil || m.now().Before(r.NotBefore) {
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
	if life := specs[r.Template].life; life > 0 && m.now().Sub(r.CreatedAt) > life {
		return m.move(ctx, r, Queued, map[string]any{"state": Failed, "last_error": "too_late"})
	}
	intent := map[string]any{"state": Sending, "attempts": r.Attempts + 1, "not_before": m.now().Add(callTime)}
	if err := m.move(ctx, r, Queued, intent); err != nil {
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
	later := map[string]any{"last_error": reason(err), "not_before": m.now().Add(pause(r.Attempts))}
	switch notReached := fault.HasKey(err, "vendor_not_reached"); {
	case fault.Is(err, fault.Invalid), notReached && m.now().Sub(r.CreatedAt) > giveUpAfter:
		return m.move(ctx, r, Sending, map[string]any{"state": Failed, "last_error": reason(err)})
	case notReached:
		later["state"] = Queued
	}
	// Else it stays "sending": whether it went out is asked at the next try.
	return errOr(m.move(ctx, r, Sending, later), err)
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
		again := map[string]any{"attempts": r.Attempts + 1, "last_error": reason(err), "not_before": m.now().Add(pause(r.Attempts + 1))}
		return errOr(m.move(ctx, r, Sending, again), err)
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

// CheckDelivery asks the vendor whether a message that was sent, or may have been, has arrived. It is no error where
// that is not known yet.
func (m *Messages) CheckDelivery(ctx context.Context, id uuid.UUID) error {
	r, err := load(m.db.Read(ctx), id)
	if err != nil || (r.State != Sent && r.State != Unknown) {
		return err
	}
	out, err := m.outgoing(ctx, r)
	if err != nil {
		return err
	}
	report, err := m.senders[r.Channel].Find(ctx, out)
	if fault.HasKey(err, "message_unreported") {
		return nil
	}
	if err != nil || !report.Found || report.State == r.State {
		return err
	}
	return m.move(ctx, r, r.State, map[string]any{"state": report.State, "last_error": report.Detail, "provider_id": report.ProviderID})
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
