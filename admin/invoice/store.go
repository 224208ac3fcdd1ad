package invoice

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

func init() {
	pg.Constraint("invoice_one_open", fault.Conflict, "invoice_exists")
	pg.Constraint("invoice_serial_key", fault.Conflict, "invoice_exists") // the serial follows from how many the order has had
}

// Places of sealed values.
const (
	phoneField = "invoice_buyer.phone"
	codeField  = "invoice.code"
)

// Invoices is the store of invoices and the one that works on them.
type Invoices struct {
	db     *pg.DB
	vault  seal.Vault
	vendor Vendor
	now    func() time.Time
}

// New makes the store; files lie in the vault.
func New(db *pg.DB, vault seal.Vault, vendor Vendor, now func() time.Time) *Invoices {
	return &Invoices{db: db, vault: vault, vendor: vendor, now: now}
}

type buyerRow struct {
	OrderID     uuid.UUID `gorm:"primaryKey"`
	Kind        BuyerKind
	Title       string
	TaxID       string
	Address     string
	PhoneSealed []byte
	Bank        string
	Account     string
	UpdatedAt   time.Time
}

// TableName tells gorm the table.
func (buyerRow) TableName() string { return "invoice_buyer" }

// SetBuyer stores whom an order's invoice is made out to. The caller has checked it (Buyer.Check).
func (i *Invoices) SetBuyer(_ context.Context, tx pg.Tx, orderID uuid.UUID, b Buyer) error {
	r := buyerRow{OrderID: orderID, Kind: b.Kind, Title: b.Title, TaxID: b.TaxID, Address: b.Address, Bank: b.Bank, Account: b.Account, UpdatedAt: i.now()}
	if b.Phone != "" {
		var err error
		if r.PhoneSealed, err = i.vault.Ring.Seal(phoneField, orderID, b.Phone.Reveal()); err != nil {
			return err
		}
	}
	return pg.Fault(tx.Gorm().Clauses(clause.OnConflict{UpdateAll: true}).Create(&r).Error)
}

// Buyer returns whom an order's invoice is made out to.
func (i *Invoices) Buyer(_ context.Context, q pg.Q, orderID uuid.UUID) (Buyer, error) {
	var r buyerRow
	if err := q.Gorm().Where("order_id = ?", orderID).Take(&r).Error; err != nil {
		return Buyer{}, pg.Fault(err)
	}
	b := Buyer{Kind: r.Kind, Title: r.Title, TaxID: r.TaxID, Address: r.Address, Bank: r.Bank, Account: r.Account}
	if r.PhoneSealed != nil {
		phone, err := i.vault.Ring.Open(phoneField, orderID, r.PhoneSealed)
		if err != nil {
			return Buyer{}, err
		}
		b.Phone = seal.Secret(phone)
	}
	return b, nil
}

type row struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	OrderID      uuid.UUID
	ProjectID    uuid.UUID
	Kind         string
	State        State
	Serial       string
	VendorSerial string
	Number       string
	TotalFen     money.Fen
	TaxFen       money.Fen
	NetFen       money.Fen
	TaxPercent   int
	GoodsCode    string
	GoodsName    string
	BuyerKind    BuyerKind
	BuyerTitle   string
	BuyerTaxID   string
	BuyerAddress string
	BuyerBank    string
	BuyerAccount string
	CodeSealed   []byte
	CodeIndex    []byte
	PDFObjectKey *string `gorm:"column:pdf_object_key"`
	PDFSM3       []byte  `gorm:"column:pdf_sm3"`
	PDFBytes     *int64  `gorm:"column:pdf_bytes"`
	PDFDataKey   []byte  `gorm:"column:pdf_data_key"`
	Attempts     int
	LastError    string
	CreatedAt    time.Time
	IssuedAt     *time.Time
	ChangedAt    time.Time
}

// TableName tells gorm the table.
func (row) TableName() string { return "invoice" }

func (r row) invoice() Invoice {
	inv := Invoice{
		ID: r.ID, OrderID: r.OrderID, ProjectID: r.ProjectID, State: r.State, Serial: r.Serial, Number: r.Number,
		Total: r.TotalFen, Tax: r.TaxFen, Net: r.NetFen, TaxPercent: r.TaxPercent, Goods: Goods{r.GoodsCode, r.GoodsName},
		Buyer: Buyer{
			Kind: r.BuyerKind, Title: r.BuyerTitle, TaxID: r.BuyerTaxID, Address: r.BuyerAddress, Bank: r.BuyerBank, Account: r.BuyerAccount,
		},
		Attempts: r.Attempts, LastError: r.LastError, CreatedAt: r.CreatedAt,
	}
	if r.IssuedAt != nil {
		inv.IssuedAt = *r.IssuedAt
	}
	return inv
}

// Request is what an invoice is requested for.
type Request struct {
	OrderID    uuid.UUID
	ProjectID  uuid.UUID
	OrderNo    string
	Total      money.Fen
	TaxPercent int
	Goods      Goods
}

// Request stores the invoice of a paid order with the buyer as of now. Conflict "invoice_exists" while there is a live
// one: one order, one invoice. The caller holds the order's row lock and enqueues IssueArgs in the same transaction.
func (i *Invoices) Request(ctx context.Context, tx pg.Tx, in Request) (Invoice, error) {
	b, err := i.Buyer(ctx, tx, in.OrderID)
	if err != nil {
		return Invoice{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Invoice{}, fault.Wrap("invoice_id", err)
	}
	var before int64
	if err := tx.Gorm().Model(&row{}).Where("order_id = ?", in.OrderID).Count(&before).Error; err != nil {
		return Invoice{}, pg.Fault(err)
	}
	code := newCode()
	sealed, err := i.vault.Ring.Seal(codeField, id, code)
	if err != nil {
		return Invoice{}, err
	}
	net, tax := Split(in.Total, in.TaxPercent)
	now := i.now()
	r := row{
		ID: id, OrderID: in.OrderID, ProjectID: in.ProjectID, Kind: "blue", State: Requested, Serial: in.OrderNo + "B" + strconv.FormatInt(before+1, 10),
		TotalFen: in.Total, TaxFen: tax, NetFen: net, TaxPercent: in.TaxPercent, GoodsCode: in.Goods.Code, GoodsName: in.Goods.Name,
		BuyerKind: b.Kind, BuyerTitle: b.Title, BuyerTaxID: b.TaxID, BuyerAddress: b.Address, BuyerBank: b.Bank, BuyerAccount: b.Account,
		CodeSealed: sealed, CodeIndex: i.vault.Ring.Index(codeField, code), CreatedAt: now, ChangedAt: now,
	}
	return r.invoice(), pg.Fault(tx.Gorm().Create(&r).Error)
}

// codeAlphabet has no letter or digit that is misread for another.
const codeAlphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

// codeLength gives 31^8, about 8.5·10^11 codes: with the page's rate limit none is guessed.
const codeLength = 8

func newCode() string {
	var b strings.Builder
	raw := make([]byte, 1)
	for b.Len() < codeLength {
		_, _ = rand.Read(raw) // never fails (crypto/rand)
		if n := int(raw[0]); n < 248 {
			b.WriteByte(codeAlphabet[n%len(codeAlphabet)]) // 248 = 8·31: no letter is likelier
		}
	}
	return b.String()
}

// Get returns an invoice in the actor's scope. NotFound "invoice_unknown".
func (i *Invoices) Get(_ context.Context, q pg.Q, a actor.Actor, id uuid.UUID) (Invoice, error) {
	r, err := find(q, "id = ?", id)
	if err != nil {
		return Invoice{}, err
	}
	if !a.InScope(r.ProjectID) {
		return Invoice{}, fault.New(fault.NotFound, "invoice_unknown", nil)
	}
	return r.invoice(), nil
}

// live is the condition of an invoice that counts: its order has no other.
const live = "kind = 'blue' AND state NOT IN ('cancelled', 'red_lettered')"

// Live returns an order's live invoice and whether it is being taken back. NotFound "invoice_unknown".
func (i *Invoices) Live(_ context.Context, q pg.Q, orderID uuid.UUID) (inv Invoice, leaving bool, err error) {
	r, err := find(q, "order_id = ? AND "+live, orderID)
	if err != nil {
		return Invoice{}, false, err
	}
	_, err = findRed(q, "invoice_id = ?", r.ID)
	if fault.Is(err, fault.NotFound) {
		return r.invoice(), false, nil
	}
	return r.invoice(), true, err
}

// Code opens the pick-up code of an invoice, for the message that tells it.
func (i *Invoices) Code(_ context.Context, q pg.Q, id uuid.UUID) (seal.Secret, error) {
	r, err := find(q, "id = ?", id)
	if err != nil {
		return "", err
	}
	code, err := i.vault.Ring.Open(codeField, id, r.CodeSealed)
	return seal.Secret(code), err
}

// PickUp returns the issued invoice that a code opens, with its file. NotFound "invoice_code_wrong"; Conflict
// "invoice_taken_back" for one that is red-lettered.
func (i *Invoices) PickUp(ctx context.Context, q pg.Q, code string) (Invoice, []byte, error) {
	code = strings.ToUpper(strings.Join(strings.Fields(code), ""))
	r, err := find(q, "code_index = ? AND state IN ('issued', 'red_lettered')", i.vault.Ring.Index(codeField, code))
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "invoice_code_wrong", nil)
	}
	if err != nil {
		return Invoice{}, nil, err
	}
	if r.State == RedLettered {
		return Invoice{}, nil, fault.New(fault.Conflict, "invoice_taken_back", nil)
	}
	pdf, err := i.file(ctx, r)
	return r.invoice(), pdf, err
}

// PDF returns the file of an issued invoice. The caller has audited the view. Conflict "invoice_not_issued".
func (i *Invoices) PDF(ctx context.Context, q pg.Q, a actor.Actor, id uuid.UUID) (Invoice, []byte, error) {
	inv, err := i.Get(ctx, q, a, id)
	if err != nil {
		return Invoice{}, nil, err
	}
	r, err := find(q, "id = ?", id)
	if err != nil {
		return Invoice{}, nil, err
	}
	pdf, err := i.file(ctx, r)
	return inv, pdf, err
}

func (i *Invoices) file(ctx context.Context, r row) ([]byte, error) {
	if r.PDFObjectKey == nil || r.PDFBytes == nil {
		return nil, fault.New(fault.Conflict, "invoice_not_issued", nil)
	}
	return i.vault.Open(ctx, seal.Object{Key: *r.PDFObjectKey, SM3: r.PDFSM3, Size: *r.PDFBytes, DataKey: r.PDFDataKey})
}

// rest is how much longer an invoice is left alone after each step that nothing came of: not at all after the first
// four, then 10 seconds, doubling up to 10 minutes.
const rest = `CASE WHEN attempts < 5 THEN interval '0' ELSE make_interval(secs => least(600, 5 * power(2, least(attempts, 20) - 4))) END`

// Hanging lists invoices requested or under way that nothing has happened to since before a moment, for the sweep; those
// asked for in vain again and again come later.
func (i *Invoices) Hanging(_ context.Context, q pg.Q, before time.Time, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := q.Gorm().Model(&row{}).Where("state IN ('requested', 'issuing') AND changed_at + "+rest+" < ?", before).
		Order("changed_at, id").Limit(limit).Pluck("id", &ids).Error
	return ids, pg.Fault(err)
}

func find(q pg.Q, where string, args ...any) (row, error) {
	var r row
	if err := q.Gorm().Where(where, args...).Take(&r).Error; err != nil {
		if fault.Is(pg.Fault(err), fault.NotFound) {
			return row{}, fault.New(fault.NotFound, "invoice_unknown", nil)
		}
		return row{}, pg.Fault(err)
	}
	return r, nil
}
