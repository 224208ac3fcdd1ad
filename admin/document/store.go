package document

import (
	"encoding/hex"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

// Places of sealed values.
const (
	payerField  = "document.payer"
	fieldsField = "form_version.fields"
)

type documentRow struct {
	ID             uuid.UUID
	OrderID        uuid.UUID
	ProjectID      uuid.UUID
	Kind           Kind
	Version        int
	State          State
	ReturnedReason string
	FormVersion    int
	Mime           string
	Pages          int
	SizeBytes      int64
	SM3            []byte `gorm:"column:sm3"`
	ObjectKey      string
	DataKeySealed  []byte
	Images         Images
	PayerSealed    []byte
	PaidFen        *money.Fen
	PaidOn         *time.Time
	CreatedAt      time.Time
	DecidedAt      *time.Time
}

func (documentRow) TableName() string { return "document" }

type pageRow struct {
	DocumentID    uuid.UUID
	Page          int
	Size          Size
	Width         int
	Height        int
	SizeBytes     int64
	SM3           []byte `gorm:"column:sm3"`
	ObjectKey     string
	DataKeySealed []byte
	CreatedAt     time.Time
}

func (pageRow) TableName() string { return "document_page" }

func (r documentRow) document() Document {
	d := Document{
		ID: r.ID, OrderID: r.OrderID, ProjectID: r.ProjectID, Kind: r.Kind, Version: r.Version, State: r.State,
		ReturnedReason: r.ReturnedReason, FormVersion: r.FormVersion, Mime: r.Mime, Pages: r.Pages, Size: r.SizeBytes,
		SM3: hex.EncodeToString(r.SM3), Images: r.Images, CreatedAt: r.CreatedAt,
	}
	if r.PaidFen != nil {
		d.PaidFen = *r.PaidFen
	}
	if r.PaidOn != nil {
		d.PaidOn = *r.PaidOn
	}
	if r.DecidedAt != nil {
		d.DecidedAt = *r.DecidedAt
	}
	return d
}

func insertDocument(tx pg.Tx, row documentRow) error { return tx.Gorm().Create(&row).Error }

// lastOfKind is the newest paper of a kind, in whatever state.
func lastOfKind(q pg.Q, orderID uuid.UUID, kind Kind) (row documentRow, found bool, err error) {
	r := q.Gorm().Where("order_id = ? AND kind = ?", orderID, kind).Order("version DESC").Limit(1).Find(&row)
	return row, r.RowsAffected == 1, r.Error
}

// inForce lists the papers of an order that were not replaced, by kind.
func inForce(q pg.Q, orderID uuid.UUID) (rows []documentRow, err error) {
	err = q.Gorm().Where("order_id = ? AND state <> ?", orderID, Superseded).Order("kind").Find(&rows).Error
	return rows, err
}

func ofOrder(q pg.Q, orderID uuid.UUID) (rows []documentRow, err error) {
	err = q.Gorm().Where("order_id = ?", orderID).Order("kind, version DESC").Find(&rows).Error
	return rows, err
}

func byID(q pg.Q, id uuid.UUID) (row documentRow, found bool, err error) {
	r := q.Gorm().Where("id = ?", id).Limit(1).Find(&row)
	return row, r.RowsAffected == 1, r.Error
}

func supersede(tx pg.Tx, id uuid.UUID, from State) error {
	r := tx.Gorm().Model(&documentRow{}).Where("id = ? AND state = ?", id, from).Update("state", Superseded)
	return changed(r.RowsAffected, r.Error)
}

// supersedeForms takes the scan of an earlier form version out of force; there may be none.
func supersedeForms(tx pg.Tx, orderID uuid.UUID) error {
	return tx.Gorm().Model(&documentRow{}).
		Where("order_id = ? AND kind = ? AND state <> ?", orderID, ApplicationForm, Superseded).
		Update("state", Superseded).Error
}

func decide(tx pg.Tx, id uuid.UUID, to State, reason string, at time.Time, from ...State) error {
	r := tx.Gorm().Model(&documentRow{}).Where("id = ? AND state IN ?", id, from).
		Updates(map[string]any{"state": to, "returned_reason": reason, "decided_at": at})
	return pg.Fault(changed(r.RowsAffected, r.Error))
}

func changed(rows int64, err error) error {
	if err == nil && rows == 0 {
		return fault.New(fault.Conflict, "document_changed", nil)
	}
	return err
}

// insertPages adds page images; those that are there already stay.
func insertPages(tx pg.Tx, rows []pageRow) error {
	return tx.Gorm().Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "document_id"}, {Name: "page"}, {Name: "size"}},
		DoNothing: true,
	}).Create(&rows).Error
}

// pagesMade counts the pages whose images are there. Pages are made in order, both sizes in one transaction.
func pagesMade(q pg.Q, id uuid.UUID) (int, error) {
	var n int64
	err := q.Gorm().Model(&pageRow{}).Where("document_id = ? AND size = ?", id, Small).Count(&n).Error
	return int(n), err
}

func findPage(q pg.Q, id uuid.UUID, page int, size Size) (row pageRow, found bool, err error) {
	r := q.Gorm().Where("document_id = ? AND page = ? AND size = ?", id, page, size).Limit(1).Find(&row)
	return row, r.RowsAffected == 1, r.Error
}

// setImages ends the making of images; a second worker that ends it too changes nothing.
func setImages(tx pg.Tx, id uuid.UUID, to Images) error {
	return tx.Gorm().Model(&documentRow{}).Where("id = ? AND images = ?", id, ImagesPending).Update("images", to).Error
}

func withoutImages(q pg.Q, before time.Time, limit int) (ids []uuid.UUID, err error) {
	err = q.Gorm().Model(&documentRow{}).Where("images = ? AND created_at < ?", ImagesPending, before).
		Order("created_at").Limit(limit).Pluck("id", &ids).Error
	return ids, err
}
