package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
)

// acceptPapers accepts every required paper in force.
func (f *Flow) acceptPapers(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) error {
	return f.papersInForce(ctx, tx, a, o, func(d document.Document) error {
		if d.State == document.Accepted {
			return nil
		}
		return f.Documents.SetAccepted(ctx, tx, d.ID)
	})
}

// returnPapers sends back the papers that a reviewer named. Invalid "return_item_unknown" for one the order has not.
func (f *Flow) returnPapers(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, items []review.Item) error {
	reasons := make(map[string]string, len(items))
	for _, item := range items {
		reasons[item.Kind] = item.Reason
	}
	err := f.papersInForce(ctx, tx, a, o, func(d document.Document) error {
		reason, named := reasons[string(d.Kind)]
		if !named {
			return nil
		}
		delete(reasons, string(d.Kind))
		return f.Documents.SetReturned(ctx, tx, d.ID, reason)
	})
	if err == nil && len(reasons) > 0 {
		return fault.InvalidField("items", "return_item_unknown")
	}
	return err
}

func (f *Flow) papersInForce(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, do func(document.Document) error) error {
	all, err := f.Documents.List(ctx, tx, a, o.ID)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.Kind == document.RemittanceVoucher || d.State == document.Superseded {
			continue
		}
		if err := do(d); err != nil {
			return err
		}
	}
	return nil
}
