package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/job"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
)

// How many notices one address may send. A vendor's few addresses stay far below that on the worst day, and what is
// turned away comes again, or is found by asking.
const (
	notices    = 1200
	noticesPer = time.Minute
)

// PaymentNotice takes what a payment vendor posts: stored as it came, then believed only if the vendor signed it for
// us. Faults: callback_empty, callback_unknown, payment_unknown, transaction_known, those of payment.Vendor.Notice,
// too_many_attempts.
func (f *Flow) PaymentNotice(ctx context.Context, a actor.Actor, vendor string, headers map[string]string, body []byte) error {
	if err := f.Throttle.Take(ctx, "payment_notice:ip:"+a.IP, notices, noticesPer); err != nil {
		return err
	}
	id, err := f.Inbox.Store(ctx, noticeSource(vendor), headers, body)
	if err != nil {
		return err
	}
	return f.takeNotice(ctx, id, payment.Method(vendor), headers, body, f.Now())
}

func noticeSource(vendor string) string { return "payments/" + vendor }

// takeNotice verifies a stored notice as of the moment it came and lets it have its effect.
func (f *Flow) takeNotice(ctx context.Context, id uuid.UUID, method payment.Method, headers map[string]string, body []byte, at time.Time) error {
	vendor := f.PayVendors[method]
	if vendor == nil {
		return f.rejectCallback(ctx, id, fault.New(fault.NotFound, "callback_unknown", nil))
	}
	n, err := vendor.Notice(headers, body, at)
	if err != nil {
		return f.rejectCallback(ctx, id, err)
	}
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := f.Inbox.MarkVerified(ctx, tx, id); err != nil {
			return err
		}
		if err := f.heed(ctx, tx, method, n); err != nil {
			return err
		}
		return f.Inbox.MarkDone(ctx, tx, id)
	})
	if fault.Is(err, fault.NotFound) || fault.HasKey(err, "transaction_known") {
		return f.rejectCallback(ctx, id, err)
	}
	return err
}

// heed does what a verified notice says. A refund is asked after, so that one rule says when it is done.
func (f *Flow) heed(ctx context.Context, tx pg.Tx, method payment.Method, n payment.Notice) error {
	switch n.Kind {
	case payment.NoticePaid:
		i, err := f.Payments.ByOwnNo(ctx, tx, method, n.OwnNo)
		if err != nil {
			return err
		}
		return f.moneyArrived(ctx, tx, i, n.Received, "notice")
	case payment.NoticeRefund:
		r, err := f.Payments.RefundByOwnNo(ctx, tx, method, n.RefundNo)
		if err != nil {
			return err
		}
		return f.Jobs.Enqueue(ctx, tx, RefundArgs{RefundID: r.ID}, job.Unique())
	case payment.NoticeOther:
	}
	return nil
}

// noticeHangs is when a notice whose handling was cut short is taken up again.
const noticeHangs = time.Minute

// SweepNotices takes up notices whose handling was cut short.
func (f *Flow) SweepNotices(ctx context.Context) error {
	q := f.DB.Read(ctx)
	for method := range f.PayVendors {
		ids, err := f.Inbox.Unsettled(ctx, q, noticeSource(string(method)), f.Now().Add(-noticeHangs), 50)
		if err != nil {
			return err
		}
		err = each(ids, func(id uuid.UUID) error {
			c, err := f.Inbox.Get(ctx, q, id)
			if err != nil {
				return err
			}
			err = f.takeNotice(ctx, id, method, c.Headers, c.Body, c.ReceivedAt)
			if fault.Is(err, fault.Invalid) || fault.Is(err, fault.NotFound) {
				return nil // it is on record as rejected
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
