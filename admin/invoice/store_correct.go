package invoice

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// CorrectBuyer changes whom an order's invoice is made out to. The caller has checked it (Buyer.Check). Conflict
// "invoice_made_out" once the vendor may have been asked: an issued invoice is red-lettered, not rewritten.
func (i *Invoices) CorrectBuyer(ctx context.Context, tx pg.Tx, orderID uuid.UUID, b Buyer) error {
	var states []State
	if err := tx.Gorm().Model(&row{}).Where("order_id = ?", orderID).Pluck("state", &states).Error; err != nil {
		return pg.Fault(err)
	}
	if len(states) > 0 {
		res := tx.Gorm().Model(&row{}).Where("order_id = ? AND kind = 'blue' AND state = ?", orderID, Requested).Updates(map[string]any{
			"buyer_kind": b.Kind, "buyer_title": b.Title, "buyer_tax_id": b.TaxID, "buyer_address": b.Address,
			"buyer_bank": b.Bank, "buyer_account": b.Account, "changed_at": i.now(),
		})
		if res.Error != nil {
			return pg.Fault(res.Error)
		}
		if res.RowsAffected == 0 {
			return fault.New(fault.Conflict, "invoice_made_out", nil)
		}
	}
	return i.SetBuyer(ctx, tx, orderID, b)
}
