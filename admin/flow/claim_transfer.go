package flow

import (
	"context"
	"encoding/hex"

	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/reconcile"
)

// claimTransfer gives what a remittance voucher (汇款凭证) says to payment and to the matching, as evidence: it settles
// nothing. A voucher that came with another order too goes on all the same: the matching must know it to trust
// neither. The caller holds the order's lock.
func (f *Flow) claimTransfer(ctx context.Context, tx pg.Tx, o order.Order, voucher document.Document, says document.Claim) error {
	digest, err := hex.DecodeString(voucher.SM3)
	if err != nil {
		return fault.Wrap("document_unreadable", err)
	}
	claim, err := f.Payments.AddClaim(ctx, tx, payment.Claim{
		OrderID: o.ID, DocumentID: voucher.ID, ImageSM3: digest, PayerName: says.Payer.Reveal(), Amount: says.Amount, PaidOn: says.Date,
	})
	if err != nil {
		return err
	}
	err = f.Ledger.AddClaimEvidence(ctx, tx, reconcile.Evidence{
		OrderID: o.ID, DocumentID: voucher.ID, ImageSM3: digest, PayerName: claim.PayerName, Amount: claim.Amount, PaidOn: claim.PaidOn,
	})
	if err != nil {
		return err
	}
	return f.wantMatchRun(ctx, tx)
}
