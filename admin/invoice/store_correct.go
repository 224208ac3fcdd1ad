package invoice

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/pg"
)

// CorrectBuyer changes whom an order's next invoice is made out to, and tells whether that is anybody else than before.
// One that is made out already stays as it is: it is taken back, not rewritten. The caller has checked the buyer
// (Buyer.Check) and holds the order's row lock.
func (i *Invoices) CorrectBuyer(ctx context.Context, tx pg.Tx, orderID uuid.UUID, b Buyer) (changed bool, err error) {
	was, err := i.Buyer(ctx, tx, orderID)
	if err != nil || was == b {
		return false, err
	}
	return true, i.SetBuyer(ctx, tx, orderID, b)
}
