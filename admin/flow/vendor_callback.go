package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/pg"
)

// InvoiceCallback takes what the invoice vendor posts: stored as it came, then read as a hint to ask what became of an
// invoice. Faults: callback_unknown, callback_empty, callback_unreadable, too_many_attempts.
func (f *Flow) InvoiceCallback(ctx context.Context, a actor.Actor, vendor string, headers map[string]string, body []byte) error {
	return f.hint(ctx, a, "invoices/"+vendor, headers, body, func(ctx context.Context, tx pg.Tx) error {
		ask, err := f.Invoices.Hinted(ctx, tx, vendor, body)
		if err != nil {
			return err
		}
		return f.Jobs.Enqueue(ctx, tx, ask, job.Unique())
	})
}

// DeliveryArgs asks the vendor of a message whether it has arrived.
type DeliveryArgs struct {
	MessageID uuid.UUID `json:"message_id"`
}

// Kind names the job for River.
func (DeliveryArgs) Kind() string { return "notify_delivery" }

// SMSCallback takes the SMS vendor's delivery reports: stored as they came, then read as a hint to ask. Faults like
// InvoiceCallback.
func (f *Flow) SMSCallback(ctx context.Context, a actor.Actor, vendor string, headers map[string]string, body []byte) error {
	return f.hint(ctx, a, "sms/"+vendor, headers, body, func(ctx context.Context, tx pg.Tx) error {
		ids, err := f.Messages.Reported(ctx, tx, notify.SMS, vendor, body)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := f.Jobs.Enqueue(ctx, tx, DeliveryArgs{MessageID: id}, job.Unique()); err != nil {
				return err
			}
		}
		return nil
	})
}

// hint stores a callback as it came and has take find out what it is about, in a transaction. One that is about
// nothing of ours is kept as rejected and refused. An address that sends too many is turned away; a vendor sends again,
// and what it would have told is asked for in any case.
func (f *Flow) hint(ctx context.Context, a actor.Actor, source string, headers map[string]string, body []byte, take func(context.Context, pg.Tx) error) error {
	if err := f.Throttle.Take(ctx, "callback:ip:"+a.IP, notices, noticesPer); err != nil {
		return err
	}
	id, err := f.Inbox.Store(ctx, source, headers, body)
	if err != nil {
		return err
	}
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := f.Inbox.MarkVerified(ctx, tx, id); err != nil {
			return err
		}
		if err := take(ctx, tx); err != nil {
			return err
		}
		return f.Inbox.MarkDone(ctx, tx, id)
	})
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return f.rejectCallback(ctx, id, err)
	}
	return err
}
