package flow

import (
	"context"
	"encoding/hex"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/delivery"
	"caconsole/issuance/lint"
	"caconsole/issuance/manual"
)

// ManualView is an order opened by hand as its two issuers see it.
type ManualView struct {
	IssueView

	Facts    manual.Version
	Digest   string // of the content, hex: a signature comes back with it
	CSR      *issuance.CSRFacts
	Papers   []document.Document // in force
	Complete bool                // the evidence is there
	Returns  []manual.Return     // newest first
	Own      bool                // the reader opened it
	Made     string              // sign serial of the pair it led to; "" before
}

// ViewManual shows an order opened by hand: what would be signed, what every rule says of it, on what it rests, who has
// signed. Its texts may name persons, so the view is on record first. Faults: order_unknown, manual_unknown.
func (f *Flow) ViewManual(ctx context.Context, a actor.Actor, no string) (ManualView, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return ManualView{}, err
	}
	if o.Kind != order.Manual {
		return ManualView{}, fault.New(fault.NotFound, "manual_unknown", nil)
	}
	if err := f.Audit.Write(ctx, a, audit.Entry{Action: "manual.viewed", Object: "order:" + o.No, Project: o.ProjectID}); err != nil {
		return ManualView{}, err
	}
	v := ManualView{IssueView: IssueView{Order: o}}
	if v.Facts, err = f.Manual.Latest(ctx, q, o.ID); err != nil {
		return v, err
	}
	v.Own = v.Facts.WrittenBy == a.ID
	if v.Returns, err = f.Manual.Returns(ctx, q, o.ID); err != nil {
		return v, err
	}
	if err := f.manualTried(ctx, q, &v); err != nil {
		return v, err
	}
	if err := f.manualEvidence(ctx, q, a, &v); err != nil {
		return v, err
	}
	return v, f.manualPeople(ctx, q, a, &v)
}

// manualTried adds what would be signed now, and who has signed it.
func (f *Flow) manualTried(ctx context.Context, q pg.Q, v *ManualView) error {
	g, err := f.manualGrant(ctx, q, v.Order, v.Facts)
	if err != nil {
		return err
	}
	v.Digest = g.Content.Hex()
	if len(v.Facts.CSR) > 0 {
		facts, err := issuance.ReadCSR(v.Facts.CSR)
		if err != nil {
			return err
		}
		v.CSR = &facts
	}
	auth, err := f.Issuance.ForOrder(ctx, q, v.Order.ID)
	switch {
	case err == nil:
		v.Approvals = auth.Approvals
	case !fault.HasKey(err, "authorisation_missing"):
		return err
	}
	if v.Order.Gates.Issuance == order.Recorded {
		made, err := f.Issuance.Made(ctx, q, v.Order.ID)
		v.Made = string(made.Sign.Serial)
		return err
	}
	v.Rehearsal, v.Refused = f.Issuance.Preview(ctx, q, g)
	if kind := fault.Of(v.Refused).Kind; v.Refused != nil && (kind == fault.Internal || kind == fault.Unavailable) {
		return v.Refused
	}
	if v.Refused == nil && v.Rehearsal.Passes() {
		v.Second, err = lint.Prepared(v.Rehearsal.Prepared)
		return err
	}
	return nil
}

// manualEvidence adds the papers and the old certificate.
func (f *Flow) manualEvidence(ctx context.Context, q pg.Q, a actor.Actor, v *ManualView) error {
	papers, err := f.Documents.List(ctx, q, a, v.Order.ID)
	if err != nil {
		return err
	}
	for _, d := range papers {
		if d.State != document.Superseded {
			v.Papers = append(v.Papers, d)
		}
	}
	if v.Complete, err = f.manualComplete(ctx, q, a, v.Order, v.Facts); err != nil {
		return err
	}
	old, err := f.Issuance.Get(ctx, q, a, v.Order.OldPairID)
	if err != nil {
		return err
	}
	v.OldFacts, err = issuance.Read(old.Sign.DER)
	return err
}

// manualPeople names everybody, and says whether the reader may be the second.
func (f *Flow) manualPeople(ctx context.Context, q pg.Q, a actor.Actor, v *ManualView) error {
	ids := []uuid.UUID{v.Facts.WrittenBy}
	for _, p := range v.Approvals {
		if id, err := uuid.Parse(p.StaffID); err == nil {
			ids = append(ids, id)
		}
	}
	for _, r := range v.Returns {
		ids = append(ids, r.StaffID)
	}
	var err error
	if v.People, err = f.Board.People(ctx, ids); err != nil {
		return err
	}
	if _, v.Reason, err = f.Board.IssueNotes(ctx, a, v.Order.ID); err != nil {
		return err
	}
	err = f.Orders.MayTake(ctx, q, v.Order.ID, a.ID, order.DutyIssueCheck)
	v.Barred = fault.HasKey(err, "four_eyes")
	if v.Barred {
		return nil
	}
	return err
}

// ManualChain hands out the sign certificate of the pair that an order opened by hand led to, with its issuers, as
// PKCS#7 (.p7b): for a holder whose driver does not fetch it. On record first. Faults: order_unknown, manual_unknown,
// not_issued.
func (f *Flow) ManualChain(ctx context.Context, a actor.Actor, no string) ([]byte, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	switch {
	case err != nil:
		return nil, err
	case o.Kind != order.Manual:
		return nil, fault.New(fault.NotFound, "manual_unknown", nil)
	case o.Gates.Issuance != order.Recorded:
		return nil, fault.New(fault.Conflict, "not_issued", nil)
	}
	made, err := f.Issuance.Made(ctx, q, o.ID)
	if err != nil {
		return nil, err
	}
	by, err := f.Issuance.Authority(ctx, q)
	if err != nil {
		return nil, err
	}
	err = f.Audit.Write(ctx, a, audit.Entry{
		Action: "certificate.downloaded", Object: "order:" + o.No, Project: o.ProjectID,
		Details: map[string]any{"serial": string(made.Sign.Serial), "digest": hex.EncodeToString(made.Sign.SM3[:])},
	})
	if err != nil {
		return nil, err
	}
	return delivery.Chain(made.Sign.DER, made.Enc.DER, by.CA, by.Root)
}

// Person names somebody whom the view speaks of; empty for nobody.
func (v ManualView) Person(id uuid.UUID) board.Person { return v.People[id.String()] }

// SignedBy is the approval of a duty, nil before it was given.
func (v ManualView) SignedBy(duty string) *cert.Approval {
	for i := range v.Approvals {
		if v.Approvals[i].Duty == duty {
			return &v.Approvals[i]
		}
	}
	return nil
}
