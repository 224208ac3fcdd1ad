package flow

import (
	"context"
	"strings"
	"unicode/utf8"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// longestReason bounds what a lead writes, in characters.
const longestReason = 500

// UnblockOrder is a lead's override of 一次一张: the order stays open and yet stands in the way of no other renewal of its
// applicant or holder. The reason is on record; again it changes nothing. Faults: order_unknown, order_closed; on
// "reason": required, too_long.
func (f *Flow) UnblockOrder(ctx context.Context, a actor.Actor, no, reason string) error {
	switch reason = strings.TrimSpace(reason); {
	case reason == "":
		return fault.InvalidField("reason", "required")
	case utf8.RuneCountInString(reason) > longestReason:
		return fault.InvalidField("reason", "too_long")
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, no)
		if err != nil {
			return err
		}
		if o.Stage == order.StageClosed || o.Stage == order.StageDone {
			return fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(o.Gates.Closed)})
		}
		fresh, err := f.Orders.Unblock(ctx, tx, o.ID, a.ID, reason)
		if err != nil || !fresh {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), audit.Entry{
			Action: "order.unblocked", Object: "order:" + o.No, Project: o.ProjectID, Outcome: audit.OK, Reason: reason,
		})
	})
}
