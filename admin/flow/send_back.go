package flow

import (
	"context"
	"strings"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/review"
)

// SendBack is 退回补件: the named papers go back with their reasons, the applicant is told by SMS, and only those may be
// sent again. Refusals: "return_needs_item", "text_needed", and those of Approve.
func (f *Flow) SendBack(ctx context.Context, a actor.Actor, no string, op Opinion) error {
	if err := f.SaveDraft(ctx, a, no, op.draft()); err != nil {
		return err
	}
	if err := review.ValidItems(op.Items); err != nil {
		return err
	}
	if err := told(op.CustomerText); err != nil {
		return err
	}
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, held, err := f.seen(ctx, tx, a, no, op)
		if err != nil {
			return err
		}
		if err := f.returnPapers(ctx, tx, a, o, op.Items); err != nil {
			return err
		}
		_, err = f.Orders.Change(ctx, tx, a, no, "review.returned", func(g *order.Gates) error {
			g.Review, g.Documents = order.Returned, order.Returned
			return nil
		})
		if err != nil {
			return err
		}
		if err := f.tell(ctx, tx, o, notify.Returned, map[string]string{"no": o.No, "reason": op.CustomerText}); err != nil {
			return err
		}
		return f.decided(ctx, tx, a, o, held, op.verdict(review.Returned))
	})
	return f.fourEyes(ctx, a, "review.returned", no, err)
}

// Reject is 驳回: final. The order closes, money that came goes back, the applicant is told why.
func (f *Flow) Reject(ctx context.Context, a actor.Actor, no string, op Opinion) error {
	if err := f.SaveDraft(ctx, a, no, op.draft()); err != nil {
		return err
	}
	if err := told(op.CustomerText); err != nil {
		return err
	}
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		_, held, err := f.seen(ctx, tx, a, no, op)
		if err != nil {
			return err
		}
		o, err := f.Orders.Change(ctx, tx, a, no, "review.rejected", func(g *order.Gates) error {
			g.Review = order.Rejected
			return nil
		})
		if err != nil {
			return err
		}
		if err := f.endOrder(ctx, tx, a, o, order.ClosedRejected, payment.Rejected); err != nil {
			return err
		}
		if err := f.tell(ctx, tx, o, notify.Rejected, map[string]string{"no": o.No, "reason": op.CustomerText}); err != nil {
			return err
		}
		return f.decided(ctx, tx, a, o, held, op.verdict(review.Rejected))
	})
	return f.fourEyes(ctx, a, "review.rejected", no, err)
}

// told refuses a verdict without words for the applicant, or with words no SMS can carry.
func told(text string) error {
	if strings.TrimSpace(text) == "" {
		return fault.InvalidField("customer_text", "text_needed")
	}
	return notify.CheckText("customer_text", text)
}
