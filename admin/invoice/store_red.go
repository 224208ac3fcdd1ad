package invoice

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

func init() { pg.Constraint("red_letter_once", fault.Conflict, "red_letter_exists") }

type redRow struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	InvoiceID    uuid.UUID
	OrderID      uuid.UUID
	ProjectID    uuid.UUID
	State        RedState
	Serial       string
	Try          int
	FormState    string
	FormNo       string
	Number       string
	ByHand       bool
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
func (redRow) TableName() string { return "red_letter" }

func (r redRow) red() Red {
	out := Red{
		ID: r.ID, InvoiceID: r.InvoiceID, OrderID: r.OrderID, ProjectID: r.ProjectID, State: r.State, Serial: r.Serial,
		FormState: r.FormState, Number: r.Number, ByHand: r.ByHand, LastError: r.LastError, CreatedAt: r.CreatedAt,
	}
	if r.IssuedAt != nil {
		out.IssuedAt = *r.IssuedAt
	}
	return out
}

// TakeBack begins to take an order's live invoice back, whatever has become of it: one the vendor does not know is cancelled
// on the spot, one that is issued or may be has to be red-lettered first. Asked again, the answer is as things stand.
// The caller holds the order's row lock, and enqueues RedArgs where something is pending.
func (i *Invoices) TakeBack(_ context.Context, tx pg.Tx, orderID uuid.UUID) (Taken, error) {
	res := tx.Gorm().Model(&row{}).Where("order_id = ? AND "+live+" AND (state = ? OR state = ? AND number = '')", orderID, Requested, Failed).
		Updates(map[string]any{"state": Cancelled, "changed_at": i.now()})
	if res.Error != nil {
		return Taken{}, pg.Fault(res.Error)
	}
	if res.RowsAffected == 1 {
		return Taken{Cancelled: true}, nil
	}
	r, err := find(tx, "order_id = ? AND "+live, orderID)
	if fault.Is(err, fault.NotFound) {
		return Taken{}, nil // nothing is invoiced
	}
	if err != nil {
		return Taken{}, err
	}
	known, err := findRed(tx, "invoice_id = ?", r.ID)
	if fault.Is(err, fault.NotFound) {
		known, err = i.openRed(tx, r)
	}
	return Taken{Pending: !known.State.Over(), Red: known.ID}, err
}

func (i *Invoices) openRed(tx pg.Tx, of row) (redRow, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return redRow{}, fault.Wrap("invoice_id", err)
	}
	now := i.now()
	r := redRow{
		ID: id, InvoiceID: of.ID, OrderID: of.OrderID, ProjectID: of.ProjectID, State: RedRequested, Try: 1,
		Serial: redSerial(of.Serial, 1), CreatedAt: now, ChangedAt: now,
	}
	if of.Number == "" { // whether it ever gets one is yet to be seen
		r.State = RedWaitingInvoice
	}
	return r, pg.Fault(tx.Gorm().Create(&r).Error)
}

// redSerial is our number of an invoice's red letter: the vendor takes a form's number once, so each try has its own.
func redSerial(blue string, try int) string {
	return strings.TrimSuffix(blue, "B1") + "R" + strconv.Itoa(try) // of a later invoice …B2R1
}

// RedOf returns the red letter of an invoice. NotFound "red_letter_unknown".
func (i *Invoices) RedOf(_ context.Context, q pg.Q, invoiceID uuid.UUID) (Red, error) {
	r, err := findRed(q, "invoice_id = ?", invoiceID)
	return r.red(), err
}

// Red returns a red letter in the actor's scope. NotFound "red_letter_unknown".
func (i *Invoices) Red(_ context.Context, q pg.Q, a actor.Actor, id uuid.UUID) (Red, error) {
	r, err := findRed(q, "id = ?", id)
	if err == nil && !a.InScope(r.ProjectID) {
		return Red{}, redUnknown()
	}
	return r.red(), err
}

// RedHanging lists red letters under way that nothing has happened to since before a moment, for the sweep; those asked
// for in vain again and again come later.
func (i *Invoices) RedHanging(_ context.Context, q pg.Q, before time.Time, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := q.Gorm().Model(&redRow{}).Where("state NOT IN ('issued', 'not_needed', 'blocked') AND changed_at + "+rest+" < ?", before).
		Order("changed_at, id").Limit(limit).Pluck("id", &ids).Error
	return ids, pg.Fault(err)
}

// RetryRed has a blocked red letter tried again with a new form. Conflict "red_letter_not_blocked".
func (i *Invoices) RetryRed(_ context.Context, tx pg.Tx, id uuid.UUID) error {
	r, err := findRed(tx, "id = ?", id)
	if err != nil {
		return err
	}
	blue, err := find(tx, "id = ?", r.InvoiceID)
	if err != nil {
		return err
	}
	return i.moveRed(tx, r, RedBlocked, map[string]any{
		"state": RedRequested, "try": r.Try + 1, "serial": redSerial(blue.Serial, r.Try+1), "form_state": "", "form_no": "",
		"attempts": 0, "last_error": "",
	})
}

var redNumber = regexp.MustCompile(`^\d{20}$`)

// RecordRed records a red invoice that a person made at the tax bureau, for one that is blocked. The caller has locked the
// order and does what follows. Invalid "number" "red_number_wrong"; Conflict "red_letter_not_blocked".
func (i *Invoices) RecordRed(_ context.Context, tx pg.Tx, id uuid.UUID, number string) error {
	number = strings.Join(strings.Fields(number), "")
	if !redNumber.MatchString(number) {
		return fault.InvalidField("number", "red_number_wrong")
	}
	r, err := findRed(tx, "id = ?", id)
	if err != nil {
		return err
	}
	return i.endRed(tx, r, RedBlocked, map[string]any{
		"state": RedIssued, "number": number, "by_hand": true, "issued_at": i.now(), "last_error": "",
	})
}

// endRed records that a red invoice is issued: the invoice it takes back counts no more.
func (i *Invoices) endRed(tx pg.Tx, r redRow, from RedState, to map[string]any) error {
	if err := i.moveRed(tx, r, from, to); err != nil {
		return err
	}
	res := tx.Gorm().Model(&row{}).Where("id = ? AND number <> '' AND state IN ?", r.InvoiceID, []State{Issued, Failed}).
		Updates(map[string]any{"state": RedLettered, "changed_at": i.now()})
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "invoice_under_way", nil)
	}
	return pg.Fault(res.Error)
}

// moveRed changes a red letter from a state, once.
func (i *Invoices) moveRed(tx pg.Tx, r redRow, from RedState, to map[string]any) error {
	to["changed_at"] = i.now()
	res := tx.Gorm().Model(&redRow{}).Where("id = ? AND state = ? AND serial = ?", r.ID, from, r.Serial).Updates(to)
	if res.Error == nil && res.RowsAffected == 0 {
		if from == RedBlocked {
			return fault.New(fault.Conflict, "red_letter_not_blocked", nil)
		}
		return fault.New(fault.Conflict, "invoice_under_way", nil)
	}
	return pg.Fault(res.Error)
}

func findRed(q pg.Q, where string, arg any) (redRow, error) {
	var r redRow
	err := pg.Fault(q.Gorm().Where(where, arg).Take(&r).Error)
	if fault.Is(err, fault.NotFound) {
		err = redUnknown()
	}
	return r, err
}

func redUnknown() error { return fault.New(fault.NotFound, "red_letter_unknown", nil) }
