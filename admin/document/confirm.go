package document

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/document/form"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// FormVersion is a frozen version of an order's application form.
type FormVersion struct {
	Version   int
	Digest    []byte // SM3 of the confirmed fields
	CreatedAt time.Time
}

// ConfirmForm freezes the fields as the order's next form version. The same fields again are the version in force. A
// new version makes a form that was uploaded, or even accepted, obsolete. The caller holds the order's row lock.
// Errors: Invalid "form_glyph_missing" (char, code: a character that cannot be printed); Conflict "form_changed".
func (d *Documents) ConfirmForm(_ context.Context, tx pg.Tx, orderID uuid.UUID, orderNo string, f form.Fields) (FormVersion, error) {
	digest, err := f.Digest(orderNo)
	if err != nil {
		return FormVersion{}, fault.Wrap("form_failed", err)
	}
	last, found, err := lastForm(tx, orderID)
	if err != nil {
		return FormVersion{}, pg.Fault(err)
	}
	if found && bytes.Equal(last.Digest, digest) {
		return last.version(), nil
	}
	row, err := d.newForm(orderID, orderNo, last.Version+1, digest, f)
	if err != nil {
		return FormVersion{}, err
	}
	// What cannot be printed must not be frozen; nothing is sent anywhere, so this may happen in the transaction.
	if err := form.Check(f, row.printed()); err != nil {
		return FormVersion{}, fault.Wrap("form_failed", err)
	}
	if err := insertForm(tx, row); err != nil {
		return FormVersion{}, pg.Fault(err)
	}
	return row.version(), pg.Fault(supersedeForms(tx, orderID))
}

func (d *Documents) newForm(orderID uuid.UUID, orderNo string, version int, digest []byte, f form.Fields) (formRow, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return formRow{}, fault.Wrap("form_failed", err)
	}
	plain, err := json.Marshal(f)
	if err != nil {
		return formRow{}, fault.Wrap("form_failed", err)
	}
	sealed, err := d.vault.Ring.SealBytes(fieldsField, id, plain)
	if err != nil {
		return formRow{}, err
	}
	return formRow{
		ID: id, OrderID: orderID, Version: version, OrderNo: orderNo, Digest: digest, FieldsSealed: sealed,
		CreatedAt: d.now().UTC().Truncate(time.Microsecond), // as the database will give it back, for equal bytes
	}, nil
}

// CurrentForm returns the version in force. Error: Conflict "form_not_confirmed".
func (d *Documents) CurrentForm(_ context.Context, q pg.Q, orderID uuid.UUID) (FormVersion, error) {
	row, err := d.currentForm(q, orderID)
	return row.version(), err
}

// FormPDF renders the version in force; the same bytes whenever it is asked for. Error: Conflict
// "form_not_confirmed".
func (d *Documents) FormPDF(_ context.Context, q pg.Q, orderID uuid.UUID) ([]byte, error) {
	row, err := d.currentForm(q, orderID)
	if err != nil {
		return nil, err
	}
	f, err := d.openFields(row)
	if err != nil {
		return nil, err
	}
	body, err := form.Render(f, row.printed())
	return body, fault.Wrap("form_failed", err)
}

func (d *Documents) currentForm(q pg.Q, orderID uuid.UUID) (formRow, error) {
	row, found, err := lastForm(q, orderID)
	switch {
	case err != nil:
		return formRow{}, pg.Fault(err)
	case !found:
		return formRow{}, fault.New(fault.Conflict, "form_not_confirmed", nil)
	}
	return row, nil
}

func (d *Documents) openFields(row formRow) (f form.Fields, err error) {
	plain, err := d.vault.Ring.OpenBytes(fieldsField, row.ID, row.FieldsSealed)
	if err != nil {
		return form.Fields{}, err
	}
	if err := json.Unmarshal(plain, &f); err != nil {
		return form.Fields{}, fault.Wrap("form_failed", fmt.Errorf("document: form fields: %w", err))
	}
	return f, nil
}

func (r formRow) printed() form.Version {
	return form.Version{OrderNo: r.OrderNo, Number: r.Version, At: r.CreatedAt}
}

func (r formRow) version() FormVersion {
	return FormVersion{Version: r.Version, Digest: r.Digest, CreatedAt: r.CreatedAt}
}
