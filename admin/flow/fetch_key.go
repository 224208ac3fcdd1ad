package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// fetchKey asks the key centre for what was applied for under a request's id and then makes the request. It may be
// repeated at will: the centre gives the same key for the same id. there reports whether the request exists now; it does
// not where the centre refused, and then the order waits for another CSR. Fails with NotFound "kmc_key_unknown",
// Unavailable "kmc_unavailable".
func (f *Flow) fetchKey(ctx context.Context, id uuid.UUID) (there bool, err error) {
	h, err := f.Issuance.Applied(ctx, f.DB.Read(ctx), id)
	if fault.HasKey(err, "request_closed") {
		return false, nil // settled already, by whoever else was told
	}
	if err != nil {
		return false, err
	}
	key, err := f.Issuance.AskKey(ctx, f.DB.Read(ctx), id)
	switch {
	case fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Internal):
		return false, err // the queue tries again, and the sweep after it
	case err != nil:
		return false, f.keyRefused(ctx, id, h.OrderNo, fault.Of(err).Key)
	}
	a := actor.Job("issue")
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if _, err := f.Orders.Lock(ctx, tx, a, h.OrderNo); err != nil {
			return err
		}
		if err := f.Issuance.KeepKey(ctx, tx, id, key); err != nil {
			return err
		}
		return f.Issuance.ReserveWithKey(ctx, tx, id)
	})
	if err != nil && !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Internal) {
		return false, f.keyRefused(ctx, id, h.OrderNo, fault.Of(err).Key)
	}
	return err == nil, err
}

// keyRefused settles an application that nothing comes of: the order waits for another CSR, and its issuer sees why.
func (f *Flow) keyRefused(ctx context.Context, id uuid.UUID, no, reason string) error {
	a := actor.Job("issue")
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, no)
		if err != nil {
			return err
		}
		err = f.Issuance.KeyRefused(ctx, tx, id, reason)
		if fault.HasKey(err, "request_closed") {
			return nil
		}
		if err != nil {
			return err
		}
		failed := func(g *order.Gates) error { g.Issuance = order.Failed; return nil }
		if o.Gates.Path == order.Online { // another CSR is another signature of the holder
			failed = func(g *order.Gates) error { g.Issuance, g.Authorisation = order.Failed, order.Void; return nil }
		}
		if _, err := f.Orders.Change(ctx, tx, a, o.No, "issuance.failed", failed); err != nil || o.Gates.Path != order.Online {
			return err
		}
		return f.voidApproval(ctx, tx, o)
	})
}
