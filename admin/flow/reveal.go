package flow

import (
	"context"
	"slices"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/seal"
)

// RevealReasons lists why a masked field may be opened; the words stand in the catalogue under "reveal.<name>".
var RevealReasons = []string{"check", "call", "complaint", "audit"}

// Reveal opens one masked field of an order. The view is audited before the value leaves.
func (f *Flow) Reveal(ctx context.Context, a actor.Actor, no string, field order.Field, reason string) (seal.Secret, error) {
	if !slices.Contains(RevealReasons, reason) {
		return "", fault.InvalidField("reason", "reason_needed")
	}
	o, err := f.Orders.Get(ctx, f.DB.Read(ctx), a, no)
	if err != nil {
		return "", err
	}
	err = f.Audit.Write(ctx, a, audit.Entry{
		Action: "order.revealed", Object: "order:" + o.No, Project: o.ProjectID, Reason: reason,
		Details: map[string]any{"field": string(field)},
	})
	if err != nil {
		return "", err
	}
	return f.Orders.Reveal(ctx, f.DB.Read(ctx), o.ID, field)
}
