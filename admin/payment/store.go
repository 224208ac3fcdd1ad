package payment

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// Payments is the store of intents and claims.
type Payments struct {
	now func() time.Time
}

// New makes the store.
func New(now func() time.Time) *Payments { return &Payments{now: now} }

type intentRow struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	OrderID     uuid.UUID
	Method      Method
	AmountFen   money.Fen
	OwnNo       string
	State       State
	AccountNo   string
	AccountBank string
	AccountName string
	CodeURL     string
	ExpiresAt   *time.Time
	AskAt       *time.Time
	CreatedAt   time.Time
	SettledAt   *time.Time
	ClosedAt    *time.Time
}

// TableName tells gorm the table.
func (intentRow) TableName() string { return "payment_intent" }

func (r intentRow) intent() Intent {
	i := Intent{
		ID: r.ID, OrderID: r.OrderID, Method: r.Method, Amount: r.AmountFen, OwnNo: r.OwnNo, State: r.State,
		Account: Account{No: r.AccountNo, Bank: r.AccountBank, Name: r.AccountName}, CodeURL: r.CodeURL, Asked: r.AskAt != nil,
		CreatedAt: r.CreatedAt,
	}
	if r.SettledAt != nil {
		i.SettledAt = *r.SettledAt
	}
	if r.ExpiresAt != nil {
		i.ExpiresAt = *r.ExpiresAt
	}
	return i
}

// Choose records that an order is to be paid by transfer and says where to. Chosen already, the answer is the same
// again, also if our account has changed since. The caller holds the order's row lock and moves its gate. Faults:
// Conflict payment_amount_changed if the live intent is for another amount, payment_chosen if it is for another method.
func (p *Payments) Choose(ctx context.Context, tx pg.Tx, c Choice) (Instruction, error) {
	live, err := p.Intent(ctx, tx, c.OrderID)
	if fault.Is(err, fault.NotFound) {
		live, err = p.open(tx, c.OrderID, c.OrderNo+"-", intentRow{
			Method: Transfer, AmountFen: c.Amount,
			AccountNo: c.Account.No, AccountBank: c.Account.Bank, AccountName: c.Account.Name,
		})
	}
	switch {
	case err != nil:
		return Instruction{}, err
	case live.Method != Transfer:
		return Instruction{}, fault.New(fault.Conflict, "payment_chosen", nil)
	case live.Amount != c.Amount:
		return Instruction{}, fault.New(fault.Conflict, "payment_amount_changed", fault.Args{"amount": live.Amount.String()})
	}
	return Instruction{Method: Transfer, Account: live.Account, Amount: live.Amount, Reference: c.OrderNo}, nil
}

// open makes an intent; its number is the prefix and how many of the order there are.
func (p *Payments) open(tx pg.Tx, orderID uuid.UUID, prefix string, r intentRow) (Intent, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Intent{}, fault.Wrap("payment_id", err)
	}
	var before int64
	if err := tx.Gorm().Model(&intentRow{}).Where("order_id = ?", orderID).Count(&before).Error; err != nil {
		return Intent{}, pg.Fault(err)
	}
	r.ID, r.OrderID, r.State, r.CreatedAt = id, orderID, Awaiting, p.now()
	r.OwnNo = prefix + strconv.FormatInt(before+1, 10)
	if err := tx.Gorm().Create(&r).Error; err != nil {
		return Intent{}, pg.Fault(err)
	}
	return r.intent(), nil
}

// Intent returns the intent of an order that is awaited. NotFound "not_found" if none is.
func (p *Payments) Intent(_ context.Context, q pg.Q, orderID uuid.UUID) (Intent, error) {
	var r intentRow
	err := q.Gorm().Where("order_id = ? AND state = 'awaiting'", orderID).Take(&r).Error
	return r.intent(), pg.Fault(err)
}

// Kept is money of one payment that is neither back nor on its way.
type Kept struct {
	Intent Intent
	Amount money.Fen // above zero
}

// Kept lists an order's payments of which something is kept, the newest first, and their sum.
func (p *Payments) Kept(ctx context.Context, q pg.Q, orderID uuid.UUID) (payments []Kept, sum money.Fen, err error) {
	var rows []intentRow
	err = q.Gorm().Where("order_id = ? AND state = 'settled'", orderID).Order("settled_at DESC, id DESC").Find(&rows).Error
	if err != nil {
		return nil, 0, pg.Fault(err)
	}
	for _, r := range rows {
		rest, err := p.Rest(ctx, q, r.intent())
		if err != nil {
			return nil, 0, err
		}
		if rest > 0 {
			payments, sum = append(payments, Kept{r.intent(), rest}), sum+rest
		}
	}
	return payments, sum, nil
}

// Settle marks the awaited intent of an order as paid. Conflict "payment_not_awaited" if none is awaited.
func (p *Payments) Settle(_ context.Context, tx pg.Tx, orderID uuid.UUID) error {
	res := tx.Gorm().Model(&intentRow{}).Where("order_id = ? AND state = 'awaiting'", orderID).
		Updates(map[string]any{"state": Settled, "settled_at": p.now()})
	return p.moved(res.RowsAffected, res.Error)
}

// Close ends the awaited intent of an order that will not be paid this way. Conflict "payment_not_awaited".
func (p *Payments) Close(_ context.Context, tx pg.Tx, orderID uuid.UUID) error {
	res := tx.Gorm().Model(&intentRow{}).Where("order_id = ? AND state = 'awaiting'", orderID).
		Updates(map[string]any{"state": Closed, "closed_at": p.now()})
	return p.moved(res.RowsAffected, res.Error)
}

func (p *Payments) moved(rows int64, err error) error {
	if err == nil && rows == 0 {
		return fault.New(fault.Conflict, "payment_not_awaited", nil)
	}
	return pg.Fault(err)
}

type claimRow struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	OrderID    uuid.UUID
	DocumentID uuid.UUID
	ImageSM3   []byte `gorm:"column:image_sm3"`
	PayerName  string
	AmountFen  money.Fen
	PaidOn     time.Time // a date: Beijing's going in, midnight UTC coming out
	State      string
	CreatedAt  time.Time
}

// TableName tells gorm the table.
func (claimRow) TableName() string { return "voucher_claim" }

// AddClaim records what an uploaded voucher claims; an earlier claim of the order is superseded. The caller holds the
// order's row lock. It returns the claim as stored. Faults: Invalid with the fields payer, amount_fen, paid_on; Conflict voucher_known
// for a document that was claimed for already.
func (p *Payments) AddClaim(_ context.Context, tx pg.Tx, c Claim) (Claim, error) {
	c.PayerName = strings.TrimSpace(c.PayerName)
	if err := c.check(p.now()); err != nil {
		return Claim{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Claim{}, fault.Wrap("claim_id", err)
	}
	c.ID, c.PaidOn, c.CreatedAt = id, day(c.PaidOn), p.now()
	if seal.PersonName(c.PayerName) { // what was typed stands sealed with the paper itself
		c.PayerName = seal.MaskName(c.PayerName)
	}
	g := tx.Gorm()
	if err := g.Exec("UPDATE voucher_claim SET state = 'superseded' WHERE order_id = ? AND state = 'open'", c.OrderID).Error; err != nil {
		return Claim{}, pg.Fault(err)
	}
	r := claimRow{
		ID: c.ID, OrderID: c.OrderID, DocumentID: c.DocumentID, ImageSM3: c.ImageSM3, PayerName: c.PayerName,
		AmountFen: c.Amount, PaidOn: c.PaidOn, State: "open", CreatedAt: c.CreatedAt,
	}
	if err := g.Create(&r).Error; err != nil {
		return Claim{}, pg.Fault(err)
	}
	c.Shared, err = p.shared(tx, r)
	return c, err
}

// shared tells whether another order has a live claim with the same image.
func (p *Payments) shared(q pg.Q, r claimRow) (bool, error) {
	var others int64
	err := q.Gorm().Model(&claimRow{}).
		Where("image_sm3 = ? AND order_id <> ? AND state = 'open'", r.ImageSM3, r.OrderID).Limit(1).Count(&others).Error
	return others > 0, pg.Fault(err)
}

// Claim returns the claim of an order that counts. NotFound "not_found" if no voucher was given.
func (p *Payments) Claim(_ context.Context, q pg.Q, orderID uuid.UUID) (Claim, error) {
	var r claimRow
	err := q.Gorm().Where("order_id = ? AND state = 'open'", orderID).Take(&r).Error
	if err != nil {
		return Claim{}, pg.Fault(err)
	}
	shared, err := p.shared(q, r)
	return Claim{
		ID: r.ID, OrderID: r.OrderID, DocumentID: r.DocumentID, ImageSM3: r.ImageSM3, PayerName: r.PayerName,
		Amount: r.AmountFen, PaidOn: date(r.PaidOn), Shared: shared, CreatedAt: r.CreatedAt,
	}, err
}
