package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance/manual"
)

// OpenManual opens an order by hand: the issuer who does is its first. Its evidence is added and signed for afterwards.
// Faults: invalid_field with every field that is wrong (serial: serial_unknown, serial_malformed, medium_not_serial,
// not_sm2, revoked, superseded, renewal_open; csr: those of cert.ParseCSR, keys_equal; years; those of manual.Facts.Check
// and applicant.ReadAgent), signer_unknown.
func (f *Flow) OpenManual(ctx context.Context, a actor.Actor, in ManualEntry) (string, error) {
	var o order.Order
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		entry, err := f.readManual(ctx, tx, a, &in)
		if err != nil {
			return err
		}
		if o, err = f.Orders.Create(ctx, tx, a, entry); err != nil {
			return err
		}
		if err := f.Orders.TakeDuty(ctx, tx, o.ID, a.ID, order.DutyIssue); err != nil {
			return err
		}
		v, err := f.Manual.Write(ctx, tx, o.ID, a.ID, in.Facts)
		if err != nil {
			return err
		}
		if _, err := f.tryManual(ctx, tx, o, v); err != nil {
			return err
		}
		_, err = f.Orders.Change(ctx, tx, a, o.No, "payment.waived", func(g *order.Gates) error {
			g.Payment = order.Waived
			return nil
		})
		return err
	})
	return o.No, err
}

// CorrectManual writes the facts of an order anew. What was signed over the former ones is void, and its first issuer
// signs again. Only the issuer who opened it. Faults: those of OpenManual about the facts, manual_not_yours,
// order_closed, order_being_issued.
func (f *Flow) CorrectManual(ctx context.Context, a actor.Actor, no string, in manual.Facts) error {
	wrong, err := readFacts(&in)
	if err == nil && len(wrong) > 0 {
		err = fault.InvalidFields(wrong...)
	}
	if err != nil {
		return err
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, _, err := f.ownManual(ctx, tx, a, no)
		if err != nil {
			return err
		}
		v, err := f.Manual.Write(ctx, tx, o.ID, a.ID, in)
		if err != nil {
			return err
		}
		if _, err := f.tryManual(ctx, tx, o, v); err != nil {
			return err
		}
		return f.manualChanged(ctx, tx, a, o, v, "manual.corrected")
	})
}

// WithdrawManual ends an order that leads nowhere. Only the issuer who opened it. Faults: manual_not_yours, order_closed,
// order_being_issued.
func (f *Flow) WithdrawManual(ctx context.Context, a actor.Actor, no string) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, _, err := f.ownManual(ctx, tx, a, no)
		if err != nil {
			return err
		}
		return f.closeOrder(ctx, tx, a, o, order.ClosedWithdrawn)
	})
}

// ownManual locks an order that the actor opened by hand and that is still open. Faults: manual_unknown,
// manual_not_yours, order_closed, order_being_issued.
func (f *Flow) ownManual(ctx context.Context, tx pg.Tx, a actor.Actor, no string) (order.Order, manual.Version, error) {
	o, v, err := f.lockManual(ctx, tx, a, no)
	if err == nil && v.WrittenBy != a.ID {
		err = fault.New(fault.Conflict, "manual_not_yours", nil)
	}
	return o, v, err
}

// lockManual locks an open order that somebody opened by hand.
func (f *Flow) lockManual(ctx context.Context, tx pg.Tx, a actor.Actor, no string) (order.Order, manual.Version, error) {
	o, err := f.Orders.Lock(ctx, tx, a, no)
	switch {
	case err != nil:
		return o, manual.Version{}, err
	case o.Kind != order.Manual:
		return o, manual.Version{}, fault.New(fault.NotFound, "manual_unknown", nil)
	case o.Gates.Closed != order.Open:
		return o, manual.Version{}, fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(o.Gates.Closed)})
	case atSigner(o.Gates):
		return o, manual.Version{}, fault.New(fault.Conflict, "order_being_issued", nil)
	}
	v, err := f.Manual.Latest(ctx, tx, o.ID)
	return o, v, err
}

// manualChanged moves the gates of an order whose facts or papers changed and voids what was signed.
func (f *Flow) manualChanged(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, v manual.Version, act string) error {
	complete, err := f.manualComplete(ctx, tx, a, o, v)
	if err != nil {
		return err
	}
	if _, err := f.Orders.Change(ctx, tx, a, o.No, act, func(g *order.Gates) error { return g.Rewritten(complete) }); err != nil {
		return err
	}
	return f.voidApproval(ctx, tx, o)
}
