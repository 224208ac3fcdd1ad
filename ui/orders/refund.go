package orders

import (
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// RefundPanel is a lead's way to send money back after signing.
type RefundPanel struct {
	Serial string // of the new pair, which has to be revoked first; "" once it is
	Typed  string // a reason that was not taken
}

// refundPanel fills the panel in where something was signed and paid, and the reader may send money back.
func (d Deps) refundPanel(c *page.Ctx, o order.Order, p *CasePage) error {
	if !c.Actor().Can(rbac.OrderRefund) || o.Gates.Issuance != order.Recorded || o.Gates.Payment != order.Settled {
		return nil
	}
	p.Refund = &RefundPanel{Typed: c.Form("refund_reason")}
	err := d.Flow.MaySendBack(c.Context(), c.Actor(), o.No)
	if fault.HasKey(err, "refund_needs_revocation") {
		p.Refund.Serial, _ = fault.Of(err).Args["serial"].(string)
		return nil
	}
	return err
}

// refund sends the money of a signed order back, with the reason.
func (d Deps) refund(c *page.Ctx) error {
	if err := d.Flow.RefundSigned(c.Context(), c.Actor(), c.Param("no"), c.Form("refund_reason")); err != nil {
		p, readErr := d.casePage(c)
		if readErr != nil {
			return err
		}
		return c.Refuse(err, "orders/case", p)
	}
	return c.Redirect("/orders/"+c.Param("no"), "orders.refunding")
}
