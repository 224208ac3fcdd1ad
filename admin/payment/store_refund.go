package payment

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

type refundRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	OrderID   uuid.UUID
	IntentID  uuid.UUID
	Method    Method
	OwnNo     string
	AmountFen money.Fen
	Reason    RefundReason
	State     RefundState
	VendorNo  string
	Failure   string
	AskAt     time.Time
	CreatedAt time.Time
	DoneAt    *time.Time
}

// TableName tells gorm the table.
func (refundRow) TableName() string { return "payment_refund" }

func (r refundRow) refund() Refund {
	out := Refund{
		ID: r.ID, OrderID: r.OrderID, IntentID: r.IntentID, Method: r.Method, OwnNo: r.OwnNo, Amount: r.AmountFen, Reason: r.Reason,
		State: r.State, VendorNo: r.VendorNo, Failure: r.Failure, CreatedAt: r.CreatedAt,
	}
	if r.DoneAt != nil {
		out.DoneAt = *r.DoneAt
	}
	return out
}

// Rest is what of an intent's money is neither back nor on its way.
func (p *Payments) Rest(ctx context.Context, q pg.Q, i Intent) (money.Fen, error) {
	var r struct{ Paid, Gone money.Fen }
	paid := q.Gorm().Table("payment_intent").Select("amount_fen AS paid, refunded_fen AS gone").Where("id = ? AND state = 'settled'", i.ID)
	if i.Method.Online() {
		paid = q.Gorm().Table("online_payment").Select("amount_fen AS paid, refunded_fen AS gone").Where("intent_id = ?", i.ID)
	}
	err := paid.WithContext(ctx).Take(&r).Error
	return r.Paid - r.Gone, pg.Fault(err)
}

// OpenRefund puts money of an intent on its way back: it has our number before anybody is called, and more than was
// paid never goes. waiting says that its invoice has to be red-lettered (红冲) first. The caller holds the order's row
// lock. Faults: Conflict refund_exists, refund_too_much.
func (p *Payments) OpenRefund(_ context.Context, tx pg.Tx, i Intent, amount money.Fen, why RefundReason, waiting bool) (Refund, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Refund{}, fault.Wrap("refund_id", err)
	}
	var before int64
	if err := tx.Gorm().Model(&refundRow{}).Where("intent_id = ?", i.ID).Count(&before).Error; err != nil {
		return Refund{}, pg.Fault(err)
	}
	now := p.now()
	r := refundRow{
		ID: id, OrderID: i.OrderID, IntentID: i.ID, Method: i.Method, OwnNo: i.OwnNo + "_r" + strconv.FormatInt(before+1, 10),
		AmountFen: amount, Reason: why, State: ready(i.Method), AskAt: now, CreatedAt: now,
	}
	if waiting {
		r.State = WaitingInvoice
	}
	if err := tx.Gorm().Create(&r).Error; err != nil {
		return Refund{}, pg.Fault(err)
	}
	return r.refund(), p.reserve(tx, i, amount)
}

// reserve counts a refund against what was paid; the database refuses more than that.
func (p *Payments) reserve(tx pg.Tx, i Intent, amount money.Fen) error {
	more := map[string]any{"refunded_fen": gorm.Expr("refunded_fen + ?", amount)}
	paid := tx.Gorm().Model(&intentRow{}).Where("id = ? AND state = 'settled'", i.ID)
	if i.Method.Online() {
		paid = tx.Gorm().Model(&onlineRow{}).Where("intent_id = ?", i.ID)
	}
	res := paid.Updates(more)
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "refund_too_much", nil)
	}
	return pg.Fault(res.Error)
}

// ready is the state of a refund nothing is in the way of: a person pays transfers back.
func ready(m Method) RefundState {
	if m.Online() {
		return Due
	}
	return Requested
}

// Release lets an order's refunds go on that waited for its invoice, and returns them.
func (p *Payments) Release(_ context.Context, tx pg.Tx, orderID uuid.UUID) ([]Refund, error) {
	var rows []refundRow
	if err := tx.Gorm().Where("order_id = ? AND state = 'waiting_invoice'", orderID).Order("id").Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Refund, 0, len(rows))
	for _, r := range rows {
		r.State = ready(r.Method)
		if err := p.moveRefund(tx, r.ID, []RefundState{WaitingInvoice}, map[string]any{"state": r.State, "ask_at": p.now()}); err != nil {
			return nil, err
		}
		out = append(out, r.refund())
	}
	return out, nil
}

// moveRefund is a conditional change; Conflict "refund_moved" if somebody was faster.
func (p *Payments) moveRefund(tx pg.Tx, id uuid.UUID, from []RefundState, to map[string]any) error {
	res := tx.Gorm().Model(&refundRow{}).Where("id = ? AND state IN ?", id, from).Updates(to)
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "refund_moved", nil)
	}
	return pg.Fault(res.Error)
}

// Refund returns a refund. NotFound "not_found".
func (p *Payments) Refund(_ context.Context, q pg.Q, id uuid.UUID) (Refund, error) {
	var r refundRow
	err := q.Gorm().Where("id = ?", id).Take(&r).Error
	return r.refund(), pg.Fault(err)
}

// RefundByOwnNo finds a refund of a method by our number. NotFound "payment_unknown".
func (p *Payments) RefundByOwnNo(_ context.Context, q pg.Q, method Method, ownNo string) (Refund, error) {
	var r refundRow
	err := pg.Fault(q.Gorm().Where("own_no = ? AND method = ?", ownNo, method).Take(&r).Error)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "payment_unknown", nil)
	}
	return r.refund(), err
}

// Outstanding tells whether money that once paid an order has yet to arrive back where it came from.
func (p *Payments) Outstanding(_ context.Context, q pg.Q, orderID uuid.UUID) (bool, error) {
	var n int64
	err := q.Gorm().Model(&refundRow{}).Joins("JOIN payment_intent i ON i.id = payment_refund.intent_id AND i.state = 'settled'").
		Where("payment_refund.order_id = ? AND payment_refund.state <> 'done'", orderID).Limit(1).Count(&n).Error
	return n > 0, pg.Fault(err)
}

// Refunds lists an order's refunds, oldest first.
func (p *Payments) Refunds(_ context.Context, q pg.Q, orderID uuid.UUID) ([]Refund, error) {
	var rows []refundRow
	if err := q.Gorm().Where("order_id = ?", orderID).Order("id").Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Refund, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.refund())
	}
	return out, nil
}

// OpenRefunds lists refunds that are to be taken up now, the most overdue first.
func (p *Payments) OpenRefunds(_ context.Context, q pg.Q, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := q.Gorm().Model(&refundRow{}).Where("state IN ('due', 'sent') AND ask_at <= ?", p.now()).Order("ask_at").Limit(limit).Pluck("id", &ids).Error
	return ids, pg.Fault(err)
}

// TakeUp says, before a refund's vendor is called, that it is being called and when to look again: the older the
// refund, the later. Conflict refund_moved if there is nothing to do.
func (p *Payments) TakeUp(_ context.Context, tx pg.Tx, r Refund) error {
	now := p.now()
	wait := min(max(now.Sub(r.CreatedAt)/2, askFirst), askSlowest)
	return p.moveRefund(tx, r.ID, []RefundState{Due, Sent}, map[string]any{"state": Sent, "ask_at": now.Add(wait)})
}

// EndRefund records what became of a refund: done, or failed with its vendor's code. Conflict refund_moved if that is
// known already.
func (p *Payments) EndRefund(_ context.Context, tx pg.Tx, id uuid.UUID, what Returned) error {
	to := map[string]any{"state": Failed, "failure": what.Code}
	if what.State == ReturnDone {
		to = map[string]any{"state": Done, "failure": "", "done_at": p.now()}
	}
	if what.VendorNo != "" {
		to["vendor_no"] = what.VendorNo
	}
	return p.moveRefund(tx, id, []RefundState{Sent}, to)
}

// RetryRefund sets a failed refund to work again, under the same number. Conflict refund_moved if it has not failed.
func (p *Payments) RetryRefund(_ context.Context, tx pg.Tx, id uuid.UUID) error {
	return p.moveRefund(tx, id, []RefundState{Failed}, map[string]any{"state": Due, "ask_at": p.now()})
}
