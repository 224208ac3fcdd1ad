package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// Resubmit says that the papers sent back are complete again. The upload of the last one has brought the order back to
// review already, so this only tells what is missing. Faults: order_unknown, resubmission_incomplete.
func (f *Flow) Resubmit(ctx context.Context, a actor.Actor, key idem.Key, no string) (OrderView, error) {
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		_, err := idem.Run(ctx, tx, key, f.Now(), func() (string, error) {
			o, err := f.Orders.Lock(ctx, tx, a, no)
			if err == nil && o.Gates.Documents == order.Returned {
				err = fault.New(fault.Conflict, "resubmission_incomplete", nil)
			}
			return no, err
		})
		return err
	})
	if err != nil {
		return OrderView{}, err
	}
	return f.ApplicantOrder(ctx, a, no)
}
