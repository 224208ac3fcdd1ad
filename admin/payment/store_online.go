package payment

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

// Online is what it takes to open a payment by code.
type Online struct {
	OrderID   uuid.UUID
	OrderNo   string
	Method    Method
	Amount    money.Fen
	ExpiresAt time.Time
}

// The vendor is asked for the first time when a notice should have come, and then less and less often.
const (
	askFirst   = 20 * time.Second
	askSlowest = 10 * time.Minute
	// askGrace is how long after the end of a code its vendor may still report a payment that was under way.
	askGrace = 10 * time.Minute
)

// Begin opens an intent to pay by code: our number is there before its vendor is called. The caller holds the order's
// row lock, has closed any live intent, and moves the gate. Conflict payment_chosen if there is a live one.
func (p *Payments) Begin(_ context.Context, tx pg.Tx, o Online) (Intent, error) {
	ask := p.now().Add(askFirst)
	// A hyphen is no character of an Alipay order number.
	return p.open(tx, o.OrderID, o.OrderNo+"_", intentRow{Method: o.Method, AmountFen: o.Amount, ExpiresAt: &o.ExpiresAt, AskAt: &ask})
}

// Coded stores what the vendor answered; a code that is there already stays, for it may have been shown.
func (p *Payments) Coded(_ context.Context, tx pg.Tx, id uuid.UUID, code string) error {
	return pg.Fault(tx.Gorm().Model(&intentRow{}).Where("id = ? AND code_url = ''", id).Update("code_url", code).Error)
}

// Get returns an intent, live or not. NotFound "not_found".
func (p *Payments) Get(_ context.Context, q pg.Q, id uuid.UUID) (Intent, error) {
	var r intentRow
	err := q.Gorm().Where("id = ?", id).Take(&r).Error
	return r.intent(), pg.Fault(err)
}

// ByOwnNo finds an intent of a method by our number. NotFound "payment_unknown".
func (p *Payments) ByOwnNo(_ context.Context, q pg.Q, method Method, ownNo string) (Intent, error) {
	var r intentRow
	err := pg.Fault(q.Gorm().Where("own_no = ? AND method = ?", ownNo, method).Take(&r).Error)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "payment_unknown", nil)
	}
	return r.intent(), err
}

// ToAsk lists intents whose vendor is to be asked now, the most overdue first.
func (p *Payments) ToAsk(_ context.Context, q pg.Q, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := q.Gorm().Model(&intentRow{}).Where("ask_at <= ?", p.now()).Order("ask_at").Limit(limit).Pluck("id", &ids).Error
	return ids, pg.Fault(err)
}

// AskLater says when the vendor is asked again: the older the intent, the later. It comes before the question, so that
// a vendor that is down is not asked at every turn.
func (p *Payments) AskLater(_ context.Context, tx pg.Tx, i Intent) error {
	now := p.now()
	wait := min(max(now.Sub(i.CreatedAt)/2, askFirst), askSlowest)
	if left := i.ExpiresAt.Sub(now); i.State == Awaiting && left > 0 {
		wait = min(wait, left+time.Second)
	}
	return pg.Fault(tx.Gorm().Model(&intentRow{}).Where("id = ? AND ask_at IS NOT NULL", i.ID).Update("ask_at", now.Add(wait)).Error)
}

// Over tells whether nobody can pay any more by a code, even if the vendor has never heard of it.
func (p *Payments) Over(i Intent) bool { return p.now().After(i.ExpiresAt.Add(askGrace)) }

// Finish records that an intent's vendor has nothing more to tell.
func (p *Payments) Finish(_ context.Context, tx pg.Tx, id uuid.UUID) error {
	return pg.Fault(tx.Gorm().Model(&intentRow{}).Where("id = ?", id).Update("ask_at", nil).Error)
}

// Revive makes a closed intent the live one again, because its money has come after all. The caller holds the order's
// row lock and has closed any other. Conflict payment_not_awaited if it is not closed, payment_chosen if there is a live one.
func (p *Payments) Revive(_ context.Context, tx pg.Tx, id uuid.UUID) error {
	res := tx.Gorm().Model(&intentRow{}).Where("id = ? AND state = 'closed'", id).
		Updates(map[string]any{"state": Awaiting, "closed_at": nil})
	return p.moved(res.RowsAffected, res.Error)
}

// Arrival is money that came by a vendor, as it is kept.
type Arrival struct {
	IntentID uuid.UUID
	OrderID  uuid.UUID
	Method   Method
	Received
	LearnedBy string       // "notice" or "query"
	Suspense  RefundReason // why it pays no order; empty where it does
	CreatedAt time.Time
}

type onlineRow struct {
	IntentID      uuid.UUID `gorm:"primaryKey"`
	OrderID       uuid.UUID
	Method        Method
	TransactionID string
	AmountFen     money.Fen
	Currency      string
	PaidAt        time.Time
	LearnedBy     string
	Suspense      RefundReason
	RefundedFen   money.Fen
	CreatedAt     time.Time
}

// TableName tells gorm the table.
func (onlineRow) TableName() string { return "online_payment" }

func (r onlineRow) arrival() Arrival {
	return Arrival{
		IntentID: r.IntentID, OrderID: r.OrderID, Method: r.Method, LearnedBy: r.LearnedBy, Suspense: r.Suspense, CreatedAt: r.CreatedAt,
		Received: Received{TransactionID: r.TransactionID, Amount: r.AmountFen, Currency: r.Currency, PaidAt: r.PaidAt},
	}
}

// Arrived records money once for each intent, however often its vendor tells of it; fresh says whether this was the
// first time. The caller holds the order's row lock.
func (p *Payments) Arrived(_ context.Context, tx pg.Tx, a Arrival) (fresh bool, err error) {
	r := onlineRow{
		IntentID: a.IntentID, OrderID: a.OrderID, Method: a.Method, TransactionID: a.TransactionID, AmountFen: a.Amount, Currency: a.Currency,
		PaidAt: a.PaidAt, LearnedBy: a.LearnedBy, Suspense: a.Suspense, CreatedAt: p.now(),
	}
	res := tx.Gorm().Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "intent_id"}}, DoNothing: true}).Create(&r)
	return res.RowsAffected == 1, pg.Fault(res.Error)
}

// Arrival returns the money that came for an intent. NotFound "not_found".
func (p *Payments) Arrival(_ context.Context, q pg.Q, intentID uuid.UUID) (Arrival, error) {
	var r onlineRow
	err := q.Gorm().Where("intent_id = ?", intentID).Take(&r).Error
	return r.arrival(), pg.Fault(err)
}

// Arrivals lists the money that came for an order by vendors, oldest first.
func (p *Payments) Arrivals(_ context.Context, q pg.Q, orderID uuid.UUID) ([]Arrival, error) {
	var rows []onlineRow
	if err := q.Gorm().Where("order_id = ?", orderID).Order("created_at, intent_id").Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Arrival, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.arrival())
	}
	return out, nil
}
