package manual

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

func init() { pg.Constraint("manual_order_version", fault.Conflict, "manual_changed") }

const (
	textsField  = "manual_order.texts"
	reasonField = "manual_return.reason"
)

type row struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	OrderID     uuid.UUID
	Version     int
	WrittenBy   uuid.UUID
	Grounds     string
	Identified  string
	Consent     string
	Waiver      string
	TextsSealed []byte
	CSR         []byte `gorm:"column:csr"`
	Digest      []byte
	CreatedAt   time.Time
}

// TableName tells gorm the table.
func (row) TableName() string { return "manual_order" }

type returnRow struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	OrderID      uuid.UUID
	Version      int
	StaffID      uuid.UUID
	ReasonSealed []byte
	At           time.Time
}

// TableName tells gorm the table.
func (returnRow) TableName() string { return "manual_return" }

// sealedTexts is the JSON inside the sealed column; Secret itself never turns into JSON.
type sealedTexts struct {
	Grounds    string `json:"grounds"`
	Identified string `json:"identified"`
	Consent    string `json:"consent"`
	Waiver     string `json:"waiver"`
}

// Orders is the store of manual orders' facts.
type Orders struct {
	ring *seal.Ring
	now  func() time.Time
}

// New makes the store. Texts are sealed by the ring.
func New(ring *seal.Ring, now func() time.Time) *Orders { return &Orders{ring: ring, now: now} }

// Write stores the next version of an order's facts, which have been checked. The caller holds the order's lock. Fails
// with Conflict "manual_changed".
func (o *Orders) Write(ctx context.Context, tx pg.Tx, order, by uuid.UUID, f Facts) (Version, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Version{}, fault.Wrap("random_unavailable", err)
	}
	last, err := o.Latest(ctx, tx, order)
	if err != nil && !fault.HasKey(err, "manual_unknown") {
		return Version{}, err
	}
	digest, err := f.Digest()
	if err != nil {
		return Version{}, err
	}
	raw, err := json.Marshal(sealedTexts{f.Texts.Grounds.Reveal(), f.Texts.Identified.Reveal(), f.Texts.Consent.Reveal(), f.Texts.Waiver.Reveal()})
	if err != nil {
		return Version{}, fault.Wrap("manual_unwritable", err)
	}
	r := row{
		ID: id, OrderID: order, Version: last.Number + 1, WrittenBy: by, Grounds: f.Grounds, Identified: f.Identified, Consent: f.Consent,
		Waiver: f.Waiver, CSR: f.CSR, Digest: digest, CreatedAt: o.now(),
	}
	if r.TextsSealed, err = o.ring.Seal(textsField, id, string(raw)); err != nil {
		return Version{}, err
	}
	if err := tx.Gorm().Create(&r).Error; err != nil {
		return Version{}, pg.Fault(err)
	}
	return o.open(r)
}

// Latest returns the version in force. Fails with NotFound "manual_unknown".
func (o *Orders) Latest(_ context.Context, q pg.Q, order uuid.UUID) (Version, error) {
	var rows []row
	if err := q.Gorm().Where("order_id = ?", order).Order("version DESC").Limit(1).Find(&rows).Error; err != nil {
		return Version{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Version{}, fault.New(fault.NotFound, "manual_unknown", nil)
	}
	return o.open(rows[0])
}

func (o *Orders) open(r row) (Version, error) {
	plain, err := o.ring.Open(textsField, r.ID, r.TextsSealed)
	if err != nil {
		return Version{}, err
	}
	var t sealedTexts
	if err := json.Unmarshal([]byte(plain), &t); err != nil {
		return Version{}, fault.Wrap("manual_unreadable", err)
	}
	return Version{
		ID: r.ID, OrderID: r.OrderID, Number: r.Version, WrittenBy: r.WrittenBy, Digest: r.Digest, CreatedAt: r.CreatedAt.UTC(),
		Facts: Facts{
			Grounds: r.Grounds, Identified: r.Identified, Consent: r.Consent, Waiver: r.Waiver, CSR: r.CSR,
			Texts: Texts{seal.Secret(t.Grounds), seal.Secret(t.Identified), seal.Secret(t.Consent), seal.Secret(t.Waiver)},
		},
	}, nil
}

// SendBack stores why the second issuer did not sign a version.
func (o *Orders) SendBack(_ context.Context, tx pg.Tx, v Version, by uuid.UUID, reason seal.Secret) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fault.Wrap("random_unavailable", err)
	}
	r := returnRow{ID: id, OrderID: v.OrderID, Version: v.Number, StaffID: by, At: o.now()}
	if r.ReasonSealed, err = o.ring.Seal(reasonField, id, reason.Reveal()); err != nil {
		return err
	}
	return pg.Fault(tx.Gorm().Create(&r).Error)
}

// Returns lists what was sent back, newest first, at most 20.
func (o *Orders) Returns(_ context.Context, q pg.Q, order uuid.UUID) ([]Return, error) {
	var rows []returnRow
	if err := q.Gorm().Where("order_id = ?", order).Order("at DESC, id DESC").Limit(20).Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Return, 0, len(rows))
	for _, r := range rows {
		reason, err := o.ring.Open(reasonField, r.ID, r.ReasonSealed)
		if err != nil {
			return nil, err
		}
		out = append(out, Return{Version: r.Version, StaffID: r.StaffID, Reason: seal.Secret(reason), At: r.At.UTC()})
	}
	return out, nil
}
