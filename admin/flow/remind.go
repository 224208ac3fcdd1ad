package flow

import (
	"context"
	"errors"
	"strconv"
	"time"

	"caconsole/admin/calendar"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
)

const day = 24 * time.Hour

// updateReminders are the reminders of an update that is not fetched, the last first: who gets that needs no earlier one.
var updateReminders = []struct {
	days int
	kind order.Nudge
}{{7, order.NudgeUpdate7}, {3, order.NudgeUpdate3}, {1, order.NudgeUpdate1}}

// remind sends the reminders that are due in a project, each once. Not at night: by the morning the money may have come.
func (f *Flow) remind(ctx context.Context, p project.Project, s project.Settings) error {
	if notify.IsNight(f.Now()) {
		return nil
	}
	failed := errors.Join(
		f.remindOnce(ctx, p, order.AwaitsPayment, time.Duration(s.UnpaidReminderHours)*time.Hour, order.NudgeUnpaid,
			func(ctx context.Context, tx pg.Tx, o order.Order) error {
				return f.tell(ctx, tx, o, notify.UnpaidReminder, map[string]string{
					"no": o.No, "amount": o.AmountFen.String(), "until": o.StageSince.Add(s.UnpaidAfter()).In(calendar.Beijing).Format("1月2日15时"),
				})
			}),
		f.remindOnce(ctx, p, order.AwaitsTransfer, time.Duration(s.TransferReminderDays)*day, order.NudgeTransfer,
			func(ctx context.Context, tx pg.Tx, o order.Order) error {
				return f.tell(ctx, tx, o, notify.PaymentReminder, map[string]string{"no": o.No, "amount": o.AmountFen.String()})
			}),
		f.remindOnce(ctx, p, order.AwaitsDifference, time.Duration(s.UnpaidReminderHours)*time.Hour, order.NudgeDifference,
			func(ctx context.Context, tx pg.Tx, o order.Order) error { // each difference is an event of its own
				version := strconv.Itoa(o.Gates.ContentVersion)
				return f.tell(ctx, tx, o, notify.DifferenceReminder, map[string]string{"no": o.No, "missing": o.Due().String()}, version)
			}))
	for i, r := range updateReminders {
		failed = errors.Join(failed, f.remindOnce(ctx, p, order.AwaitsUpdate, time.Duration(r.days)*day, r.kind,
			func(ctx context.Context, tx pg.Tx, o order.Order) error {
				for _, earlier := range updateReminders[i+1:] {
					if _, err := f.Orders.Nudged(ctx, tx, o.ID, earlier.kind); err != nil {
						return err
					}
				}
				days := strconv.Itoa(r.days)
				return f.tell(ctx, tx, o, notify.UpdateReminder, map[string]string{"no": o.No, "days": days}, days)
			}))
	}
	return failed
}

// remindOnce reminds every order of a project that has stood still for so long, once.
func (f *Flow) remindOnce(ctx context.Context, p project.Project, awaits order.Awaits, after time.Duration, kind order.Nudge,
	tell func(ctx context.Context, tx pg.Tx, o order.Order) error,
) error {
	return f.eachStanding(ctx, p, awaits, after, kind, func(ctx context.Context, tx pg.Tx, o order.Order) error {
		fresh, err := f.Orders.Nudged(ctx, tx, o.ID, kind)
		if err != nil || !fresh {
			return err
		}
		return tell(ctx, tx, o)
	})
}
