package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/invoice"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// Correction is what an applicant puts right of an order; nil leaves a thing as it is.
type Correction struct {
	// Seen is the order as the applicant saw it; nil where it does not matter.
	Seen         *order.Order
	Years        *int
	Organisation *OrganisationPatch
	Agent        *PersonPatch
	Legal        *PersonPatch // Phone and Email have no meaning here
	Invoice      *invoice.Buyer
}

// OrganisationPatch changes parts of an organisation.
type OrganisationPatch struct{ Name, IDKind, IDNumber *string }

// PersonPatch changes parts of a person.
type PersonPatch struct{ Name, IDNumber, Phone, Email *seal.Secret }

// CorrectOrder puts right what an applicant entered, or adds what an order that has come from the online path lacks, and
// does what follows: a new version of the form, telecom check and identity anew, another price, whose difference is
// awaited or goes back, another invoice, whatever was approved is void. Faults: order_unknown, order_changed (not as
// Seen any more), order_closed, consent_missing, order_being_issued, not_on_path, payment_partly_paid, invoice_made_out,
// holder_mismatch or invalid_field with every field that is wrong.
func (f *Flow) CorrectOrder(ctx context.Context, a actor.Actor, no string, in Correction) (OrderView, error) {
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.Lock(ctx, tx, a, no)
		if err != nil {
			return err
		}
		if err := mayCorrect(o, in); err != nil {
			return err
		}
		now, err := f.readCorrection(ctx, tx, o, in)
		if err != nil {
			return err
		}
		if len(now.fields) > 0 {
			if err := f.correct(ctx, tx, a, o, now); err != nil {
				return err
			}
		}
		if in.Invoice == nil {
			return nil
		}
		if o, err = f.Orders.Lock(ctx, tx, a, no); err != nil { // as it is by now
			return err
		}
		return f.correctBuyer(ctx, tx, o, *in.Invoice)
	})
	if err != nil {
		return OrderView{}, err
	}
	return f.ApplicantOrder(ctx, a, no)
}

func mayCorrect(o order.Order, in Correction) error {
	g := o.Gates
	onlyInvoice := in.Years == nil && in.Organisation == nil && in.Agent == nil && in.Legal == nil
	switch {
	case in.Seen != nil && !o.Same(*in.Seen):
		return fault.New(fault.Conflict, "order_changed", nil)
	case g.Closed != order.Open:
		return fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(g.Closed)})
	case onlyInvoice:
		return nil
	case g.Consent != order.Given:
		return fault.New(fault.Conflict, "consent_missing", nil)
	case atSigner(g):
		return fault.New(fault.Conflict, "order_being_issued", nil)
	case g.Path == order.Online && in.Organisation != nil:
		return refuseField(fault.Conflict, "organisation", "not_on_path", nil)
	case g.Path == order.Online && in.Legal != nil:
		return refuseField(fault.Conflict, "legal_person", "not_on_path", nil)
	}
	return nil
}

// correct writes a correction and moves what rests on what it changes.
func (f *Flow) correct(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order, now corrected) error {
	if now.years {
		if err := f.releasePrice(ctx, tx, o); err != nil {
			return err
		}
	}
	corrected, err := f.Orders.Correct(ctx, tx, a, o.No, now.entry, now.fields)
	if err != nil {
		return err
	}
	if now.years {
		if err := f.reprice(ctx, tx, a, corrected); err != nil {
			return err
		}
	}
	if now.person {
		if err := f.endTries(ctx, tx, o); err != nil {
			return err
		}
	}
	changed, err := f.Orders.Change(ctx, tx, a, o.No, "order.corrected", func(g *order.Gates) error {
		if now.person {
			g.ForgetAgent()
		}
		return g.TouchContent()
	})
	if err != nil {
		return err
	}
	if err := f.voidApproval(ctx, tx, changed); err != nil {
		return err
	}
	if changed.Gates.Review == order.None {
		if err := f.Reviews.Release(ctx, tx, o.ID); err != nil {
			return err
		}
	}
	if now.person {
		if err := f.wantTelecom(ctx, tx, changed); err != nil {
			return err
		}
	}
	return f.reprint(ctx, tx, a, changed)
}
