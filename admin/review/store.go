package review

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// Reviews is the store of claims, drafts and verdicts.
type Reviews struct {
	now func() time.Time
}

// NewReviews makes the store.
func NewReviews(now func() time.Time) *Reviews { return &Reviews{now: now} }

type claimRow struct {
	OrderID   uuid.UUID `gorm:"primaryKey"`
	StaffID   uuid.UUID
	ClaimedAt time.Time
	Until     time.Time
}

// TableName tells gorm the table.
func (claimRow) TableName() string { return "review_claim" }

// Claim takes an order for a member of staff, or renews their claim. The caller holds the order's row lock, so two
// people cannot both win: the second gets Conflict "claimed_by_other" while the first one's lease runs.
func (r *Reviews) Claim(ctx context.Context, tx pg.Tx, orderID, staffID uuid.UUID) (Claim, error) {
	now := r.now()
	held, err := r.Holder(ctx, tx, orderID)
	switch {
	case err == nil && held.StaffID == staffID:
		held.Until = now.Add(Lease)
	case err == nil:
		return Claim{}, fault.New(fault.Conflict, "claimed_by_other", fault.Args{"until": held.Until})
	case fault.Is(err, fault.NotFound):
		held = Claim{OrderID: orderID, StaffID: staffID, ClaimedAt: now, Until: now.Add(Lease)}
	default:
		return Claim{}, err
	}
	row := claimRow(held)
	if err := tx.Gorm().Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error; err != nil {
		return Claim{}, pg.Fault(err)
	}
	return held, nil
}

// Holder returns the live claim of an order. NotFound "not_claimed" where nobody holds it (any more).
func (r *Reviews) Holder(_ context.Context, q pg.Q, orderID uuid.UUID) (Claim, error) {
	var row claimRow
	err := q.Gorm().Where("order_id = ? AND until > ?", orderID, r.now()).Take(&row).Error
	if err != nil {
		if fault.Is(pg.Fault(err), fault.NotFound) {
			return Claim{}, fault.New(fault.NotFound, "not_claimed", nil)
		}
		return Claim{}, pg.Fault(err)
	}
	return Claim(row), nil
}

// RequireHolder refuses whoever does not hold the order: Conflict "claim_lost" where the lease ran out or another
// person took over. Drafts stay.
func (r *Reviews) RequireHolder(ctx context.Context, q pg.Q, orderID, staffID uuid.UUID) (Claim, error) {
	held, err := r.Holder(ctx, q, orderID)
	if err != nil && !fault.HasKey(err, "not_claimed") {
		return Claim{}, err
	}
	if err != nil || held.StaffID != staffID {
		return Claim{}, fault.New(fault.Conflict, "claim_lost", nil)
	}
	return held, nil
}

// Release gives an order back. It is no error where nobody held it.
func (r *Reviews) Release(_ context.Context, tx pg.Tx, orderID uuid.UUID) error {
	return pg.Fault(tx.Gorm().Where("order_id = ?", orderID).Delete(&claimRow{}).Error)
}

// Lapsed lists claims whose lease has run out, oldest first, for the sweep that puts their orders back.
func (r *Reviews) Lapsed(_ context.Context, q pg.Q, limit int) ([]Claim, error) {
	var rows []claimRow
	if err := q.Gorm().Where("until <= ?", r.now()).Order("until").Limit(limit).Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Claim, 0, len(rows))
	for _, row := range rows {
		out = append(out, Claim(row))
	}
	return out, nil
}

type draftRow struct {
	OrderID      uuid.UUID `gorm:"primaryKey"`
	StaffID      uuid.UUID
	Checks       []byte `gorm:"type:jsonb"`
	Items        []byte `gorm:"type:jsonb"`
	CustomerText string
	Note         string
	UpdatedAt    time.Time
}

// TableName tells gorm the table.
func (draftRow) TableName() string { return "review_draft" }

// SaveDraft keeps unfinished work; the last writer wins, since only the holder writes.
func (r *Reviews) SaveDraft(_ context.Context, tx pg.Tx, d Draft) error {
	checks, items, err := encode(d.Checks, d.Items)
	if err != nil {
		return err
	}
	row := draftRow{d.OrderID, d.StaffID, checks, items, d.CustomerText, d.Note, r.now()}
	return pg.Fault(tx.Gorm().Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error)
}

// Draft returns the draft of an order, an empty one where there is none.
func (r *Reviews) Draft(_ context.Context, q pg.Q, orderID uuid.UUID) (Draft, error) {
	var rows []draftRow
	if err := q.Gorm().Where("order_id = ?", orderID).Find(&rows).Error; err != nil {
		return Draft{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Draft{OrderID: orderID}, nil
	}
	row := rows[0]
	d := Draft{OrderID: orderID, StaffID: row.StaffID, CustomerText: row.CustomerText, Note: row.Note, UpdatedAt: row.UpdatedAt}
	return d, decode(row.Checks, row.Items, &d.Checks, &d.Items)
}

// DropDraft removes the draft once its verdict has fallen.
func (r *Reviews) DropDraft(_ context.Context, tx pg.Tx, orderID uuid.UUID) error {
	return pg.Fault(tx.Gorm().Where("order_id = ?", orderID).Delete(&draftRow{}).Error)
}

type verdictRow struct {
	ID             uuid.UUID `gorm:"primaryKey"`
	OrderID        uuid.UUID
	StaffID        uuid.UUID
	Decision       Decision
	ContentVersion int
	ContentDigest  []byte
	Checks         []byte `gorm:"type:jsonb"`
	Items          []byte `gorm:"type:jsonb"`
	CustomerText   string
	Note           string
	ClaimedAt      time.Time
	At             time.Time
	EffectiveAt    time.Time
}

// TableName tells gorm the table.
func (verdictRow) TableName() string { return "review_verdict" }

// Decide stores a verdict. Its id and times are set here.
func (r *Reviews) Decide(_ context.Context, tx pg.Tx, v Verdict) (Verdict, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Verdict{}, fault.Wrap("verdict_id", err)
	}
	checks, items, err := encode(v.Checks, v.Items)
	if err != nil {
		return Verdict{}, err
	}
	v.ID, v.At = id, r.now()
	v.EffectiveAt = v.At
	row := verdictRow{
		v.ID, v.OrderID, v.StaffID, v.Decision, v.ContentVersion, v.ContentDigest, checks, items, v.CustomerText, v.Note,
		v.ClaimedAt, v.At, v.EffectiveAt,
	}
	if err := tx.Gorm().Create(&row).Error; err != nil {
		return Verdict{}, pg.Fault(err)
	}
	return v, nil
}

// Verdicts lists the verdicts of an order, newest first.
func (r *Reviews) Verdicts(_ context.Context, q pg.Q, orderID uuid.UUID) ([]Verdict, error) {
	var rows []verdictRow
	if err := q.Gorm().Where("order_id = ?", orderID).Order("at DESC, id DESC").Limit(50).Find(&rows).Error; err != nil {
		return nil, pg.Fault(err)
	}
	out := make([]Verdict, 0, len(rows))
	for _, row := range rows {
		v := Verdict{
			ID: row.ID, OrderID: row.OrderID, StaffID: row.StaffID, Decision: row.Decision, ContentVersion: row.ContentVersion,
			ContentDigest: row.ContentDigest, CustomerText: row.CustomerText, Note: row.Note,
			ClaimedAt: row.ClaimedAt, At: row.At, EffectiveAt: row.EffectiveAt,
		}
		if err := decode(row.Checks, row.Items, &v.Checks, &v.Items); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func encode(checks []Check, items []Item) (c, i []byte, err error) {
	if checks == nil {
		checks = []Check{}
	}
	if items == nil {
		items = []Item{}
	}
	if c, err = json.Marshal(checks); err != nil {
		return nil, nil, fault.Wrap("review_encode", err)
	}
	i, err = json.Marshal(items)
	return c, i, fault.Wrap("review_encode", err)
}

func decode(rawChecks, rawItems []byte, checks *[]Check, items *[]Item) error {
	if err := json.Unmarshal(rawChecks, checks); err != nil {
		return fault.Wrap("review_decode", err)
	}
	return fault.Wrap("review_decode", json.Unmarshal(rawItems, items))
}
