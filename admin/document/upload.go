package document

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// Claim is what the applicant says a remittance voucher shows. Any part may be missing.
type Claim struct {
	Payer  seal.Secret
	Amount money.Fen
	Date   time.Time // of the transfer; the date counts, in UTC
}

// Stored is a checked file that lies sealed in the object store and belongs to no order yet.
type Stored struct {
	file   File
	object seal.Object
}

// Upload is a paper to be added to an order.
type Upload struct {
	OrderID   uuid.UUID
	ProjectID uuid.UUID
	Kind      Kind
	File      Stored
	Claim     Claim // of a remittance voucher
}

// PagesQueue is where PagesArgs belong: drawing takes a processor, so it has workers of its own.
const PagesQueue = "pages"

// PagesArgs is the job that makes a document's page images: RenderPages until it is done.
type PagesArgs struct {
	DocumentID uuid.UUID `json:"document_id"`
}

// Kind names the job.
func (PagesArgs) Kind() string { return "document_pages" }

// Store seals a checked file durably. It runs before the transaction of Add, so that what a transaction accepted is
// never without its file. Error: Internal "object_store_failed".
func (d *Documents) Store(ctx context.Context, f File) (Stored, error) {
	object, err := d.vault.Put(ctx, f.body)
	return Stored{file: f, object: object}, err
}

// Add gives an order its next paper of a kind; the earlier one becomes superseded. The same file again, a client that
// did not get its answer, is no change: the paper in force, and fresh is false. The caller holds the order's row lock
// and, where it is fresh, enqueues PagesArgs.
// Errors: Conflict "document_accepted" (the one in force was accepted), "form_not_confirmed" (an application form
// before its fields were confirmed), "document_changed" (another upload at the same moment); Invalid field "claim".
func (d *Documents) Add(ctx context.Context, tx pg.Tx, u Upload) (doc Document, fresh bool, err error) {
	if u.Kind != RemittanceVoucher && u.Claim != (Claim{}) {
		return Document{}, false, fault.InvalidField("claim", "document_claim_misplaced")
	}
	formVersion := 0
	if u.Kind == ApplicationForm {
		current, err := d.CurrentForm(ctx, tx, u.OrderID)
		if err != nil {
			return Document{}, false, err
		}
		formVersion = current.Version
	}
	last, found, err := lastOfKind(tx, u.OrderID, u.Kind)
	if err != nil {
		return Document{}, false, pg.Fault(err)
	}
	if found && last.State == Accepted {
		return Document{}, false, fault.New(fault.Conflict, "document_accepted", nil)
	}
	if found && last.State == Uploaded && last.FormVersion == formVersion && bytes.Equal(last.SM3, u.File.object.SM3) && u.Claim == (Claim{}) {
		return last.document(), false, nil
	}
	if found && last.State != Superseded {
		if err := supersede(tx, last.ID, last.State); err != nil {
			return Document{}, false, pg.Fault(err)
		}
	}
	row, err := d.newRow(u, last.Version+1, formVersion)
	if err != nil {
		return Document{}, false, err
	}
	if err := insertDocument(tx, row); err != nil {
		return Document{}, false, pg.Fault(err)
	}
	return row.document(), true, nil
}

func (d *Documents) newRow(u Upload, version, formVersion int) (documentRow, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return documentRow{}, fmt.Errorf("document: make an id: %w", err)
	}
	o := u.File.object
	row := documentRow{
		ID: id, OrderID: u.OrderID, ProjectID: u.ProjectID, Kind: u.Kind, Version: version, State: Uploaded,
		FormVersion: formVersion, Mime: u.File.file.Mime, Pages: u.File.file.Pages, SizeBytes: o.Size, SM3: o.SM3,
		ObjectKey: o.Key, DataKeySealed: o.DataKey, Images: ImagesPending, CreatedAt: d.now(),
	}
	if u.Claim.Payer != "" {
		if row.PayerSealed, err = d.vault.Ring.Seal(payerField, id, u.Claim.Payer.Reveal()); err != nil {
			return documentRow{}, err
		}
	}
	if u.Claim.Amount != 0 {
		row.PaidFen = &u.Claim.Amount
	}
	if !u.Claim.Date.IsZero() {
		row.PaidOn = &u.Claim.Date
	}
	return row, nil
}

// SetAccepted accepts an uploaded paper; it cannot be replaced any more. Error: Conflict "document_changed".
func (d *Documents) SetAccepted(_ context.Context, tx pg.Tx, id uuid.UUID) error {
	return decide(tx, id, Accepted, "", d.now(), Uploaded)
}

// SetReturned sends an uploaded paper back with a reason the applicant reads, also one accepted in an earlier round.
// Error: Conflict "document_changed".
func (d *Documents) SetReturned(_ context.Context, tx pg.Tx, id uuid.UUID, reason string) error {
	return decide(tx, id, Returned, reason, d.now(), Uploaded, Accepted)
}

// Complete reports whether both required papers are in force, not returned, and the form scanned is the current one.
func (d *Documents) Complete(ctx context.Context, tx pg.Tx, orderID uuid.UUID) (bool, error) {
	rows, err := inForce(tx, orderID)
	if err != nil {
		return false, pg.Fault(err)
	}
	have := map[Kind]bool{}
	for _, r := range rows {
		ok := r.State == Uploaded || r.State == Accepted
		if ok && r.Kind == ApplicationForm {
			form, err := d.CurrentForm(ctx, tx, orderID)
			if err != nil {
				return false, err
			}
			ok = r.FormVersion == form.Version
		}
		have[r.Kind] = ok
	}
	for _, k := range Required {
		if !have[k] {
			return false, nil
		}
	}
	return true, nil
}

// Digest is a paper in force by the SM3 of its original, hex.
type Digest struct {
	Kind Kind
	SM3  string
}

// Digests lists what an approval binds: the required papers in force. A voucher is no part of it, nor is payment.
func (d *Documents) Digests(_ context.Context, q pg.Q, orderID uuid.UUID) ([]Digest, error) {
	rows, err := inForce(q, orderID)
	if err != nil {
		return nil, pg.Fault(err)
	}
	var out []Digest
	for _, r := range rows {
		if r.Kind != RemittanceVoucher {
			out = append(out, Digest{Kind: r.Kind, SM3: hex.EncodeToString(r.SM3)})
		}
	}
	return out, nil
}

// List returns all papers of an order, those superseded too: by kind, the newest first.
func (d *Documents) List(_ context.Context, q pg.Q, a actor.Actor, orderID uuid.UUID) ([]Document, error) {
	rows, err := ofOrder(q, orderID)
	if err != nil {
		return nil, pg.Fault(err)
	}
	var out []Document
	for _, r := range rows {
		if visible(a, r) {
			out = append(out, r.document())
		}
	}
	return out, nil
}

// Get returns one paper. Error: NotFound "document_unknown", also outside the actor's projects.
func (d *Documents) Get(_ context.Context, q pg.Q, a actor.Actor, id uuid.UUID) (Document, error) {
	row, err := d.find(q, a, id)
	return row.document(), err
}

// Claimed returns what the applicant said about a voucher. Errors as Get.
func (d *Documents) Claimed(_ context.Context, q pg.Q, a actor.Actor, id uuid.UUID) (Claim, error) {
	row, err := d.find(q, a, id)
	if err != nil {
		return Claim{}, err
	}
	doc := row.document()
	claim := Claim{Amount: doc.PaidFen, Date: doc.PaidOn}
	if row.PayerSealed != nil {
		payer, err := d.vault.Ring.Open(payerField, row.ID, row.PayerSealed)
		if err != nil {
			return Claim{}, err
		}
		claim.Payer = seal.Secret(payer)
	}
	return claim, nil
}

func (d *Documents) find(q pg.Q, a actor.Actor, id uuid.UUID) (documentRow, error) {
	row, found, err := byID(q, id)
	if err != nil {
		return documentRow{}, pg.Fault(err)
	}
	if !found || !visible(a, row) {
		return documentRow{}, fault.New(fault.NotFound, "document_unknown", nil)
	}
	return row, nil
}

// visible lets an applicant pass: which orders are the applicant's own is known to the caller, who looked the order up.
func visible(a actor.Actor, r documentRow) bool {
	return a.Kind == actor.Applicant || a.InScope(r.ProjectID)
}
