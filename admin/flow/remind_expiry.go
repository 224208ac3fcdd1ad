package flow

import (
	"context"
	"slices"
	"strconv"
	"time"

	"caconsole/admin/calendar"
	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/pg"
	"caconsole/admin/project"
	"caconsole/issuance"
)

// SweepExpiring reminds the holders of pairs that end soon (到期 60/30/7), each step once and not by night. Who missed
// the earlier steps gets the latest only.
func (f *Flow) SweepExpiring(ctx context.Context) error {
	if notify.IsNight(f.Now()) {
		return nil
	}
	q := f.DB.Read(ctx)
	projects, err := f.Projects.List(ctx, q)
	if err != nil {
		return err
	}
	return each(projects, func(p project.Project) error {
		settings, err := f.Projects.Settings(ctx, q, p.ID, f.Now())
		if err != nil {
			return err
		}
		return each(slices.Sorted(slices.Values(settings.ExpiryReminderDays)), func(days int) error {
			pairs, err := f.Issuance.EndingSoon(ctx, q, p.ID, days, sweptAtOnce)
			if err != nil {
				return err
			}
			return each(pairs, func(e issuance.Ending) error { return f.remindExpiry(ctx, e, days) })
		})
	})
}

// remindExpiry tells the agent of a pair's last order. Who is renewing already needs no reminder, and is not asked about
// again at this step.
func (f *Flow) remindExpiry(ctx context.Context, e issuance.Ending, days int) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		fresh, err := f.Issuance.Reminded(ctx, tx, e.PairID, days)
		if err != nil || !fresh {
			return err
		}
		if _, err := f.Orders.OpenOf(ctx, tx, e.PairID); !fault.Is(err, fault.NotFound) {
			return err
		}
		o, err := f.Orders.ByID(ctx, tx, waiter, e.OrderID)
		if err != nil {
			return err
		}
		left := max(1, int(e.NotAfter.Sub(f.Now())/(24*time.Hour)))
		return f.tell(ctx, tx, o, notify.ExpiryReminder, map[string]string{
			"medium": e.MediumNo, "until": e.NotAfter.In(calendar.Beijing).Format("2006年1月2日"), "days": strconv.Itoa(left),
		}, strconv.Itoa(days))
	})
}
