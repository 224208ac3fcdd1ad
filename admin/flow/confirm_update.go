package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

// ConfirmUpdate notes a step of the driver and moves the delivery gate with it; the same step again changes nothing.
// Faults: update_unknown, update_token_wrong, update_not_ready, step_unknown, step_out_of_order.
func (f *Flow) ConfirmUpdate(ctx context.Context, a actor.Actor, id, token, step string) (issuance.Update, error) {
	session, err := updateID(id)
	if err != nil {
		return issuance.Update{}, err
	}
	var u issuance.Update
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if u, err = f.Issuance.Session(ctx, tx, session, token); err != nil {
			return err
		}
		if _, err := f.Orders.Lock(ctx, tx, a, u.OrderNo); err != nil { // the order before anything of issuance
			return err
		}
		if u, err = f.Issuance.Confirm(ctx, tx, session, token, step); err != nil {
			return err
		}
		return f.deliver(ctx, tx, a, u)
	})
	return u, err
}

// deliveries are the moves that lead a delivery gate to where a session is.
var deliveries = map[string][]order.State{
	issuance.StateReady:     {order.Offered},
	issuance.StateImporting: {order.Offered, order.Importing},
	issuance.StateConfirmed: {order.Offered, order.Importing, order.Confirmed},
}

// deliver brings the delivery gate to where the session is, step by step, and never back.
func (f *Flow) deliver(ctx context.Context, tx pg.Tx, a actor.Actor, u issuance.Update) error {
	from := order.None
	for _, state := range deliveries[u.State] {
		_, err := f.Orders.Change(ctx, tx, a, u.OrderNo, "delivery."+string(state), func(g *order.Gates) error {
			if g.Delivery == from {
				g.Delivery = state
			}
			return nil
		})
		if err != nil {
			return err
		}
		from = state
	}
	return nil
}
