package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
)

// NewOrder is what an applicant hands in, as typed.
type NewOrder struct {
	Serial       string
	Years        int
	Organisation applicant.Organisation
	Agent, Legal applicant.Person
	Invoice      invoice.Buyer
}

// CreateOrder opens a renewal: consent, eligibility, one at a time, every field, the price frozen; then the telecom
// check as a job and the message 已受理. Faults: those of renewable and termsOnOffer, consent_missing, path_not_open,
// one_at_a_time (Args no), holder_mismatch or invalid_field with every field that is wrong.
func (f *Flow) CreateOrder(ctx context.Context, a actor.Actor, key idem.Key, in NewOrder) (OrderView, error) {
	var no string
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) (err error) {
		if err := f.Applicants.Lock(ctx, tx, a.ID); err != nil { // 一次一张 and consents are counted under it
			return err
		}
		no, err = idem.Run(ctx, tx, key, f.Now(), func() (string, error) { return f.openOrder(ctx, tx, a, in) })
		return err
	})
	if err != nil {
		return OrderView{}, err
	}
	return f.ApplicantOrder(ctx, a, no)
}

func (f *Flow) openOrder(ctx context.Context, tx pg.Tx, a actor.Actor, in NewOrder) (string, error) {
	r, err := f.eligible(ctx, tx, a, in.Serial)
	if err != nil {
		return "", err
	}
	if err := f.oneAtATime(ctx, tx, a, r); err != nil {
		return "", err
	}
	entry, err := f.readEntry(ctx, tx, r, in)
	if err != nil {
		return "", err
	}
	entry.ApplicantID = a.ID
	o, err := f.Orders.Create(ctx, tx, a, entry)
	if err != nil {
		return "", err
	}
	if err := f.Invoices.SetBuyer(ctx, tx, o.ID, in.Invoice); err != nil {
		return "", err
	}
	if r.Settings.TelecomOnReviewed {
		if err := f.Jobs.Enqueue(ctx, tx, TelecomCheckArgs{OrderNo: o.No}); err != nil {
			return "", err
		}
	}
	return o.No, f.tell(ctx, tx, o, notify.Accepted, map[string]string{"no": o.No})
}

// eligible is renewable for an applicant who has consented to what the certificate's path needs.
func (f *Flow) eligible(ctx context.Context, tx pg.Tx, a actor.Actor, serial string) (renewable, error) {
	missing, err := f.missingConsents(ctx, tx, a.ID, false)
	if err == nil && len(missing) > 0 {
		err = consentMissing(missing)
	}
	if err != nil {
		return renewable{}, err
	}
	r, err := f.renewable(ctx, tx, serial)
	if err == nil && r.Path != order.Reviewed {
		err = refuseField(fault.Conflict, "serial", "path_not_open", nil)
	}
	if err != nil {
		return renewable{}, err
	}
	missing, err = f.missingConsents(ctx, tx, a.ID, true)
	if err == nil && len(missing) > 0 {
		err = consentMissing(missing)
	}
	return r, err
}

// oneAtATime refuses a second renewal before the first is updated, within the project's scope of that rule.
func (f *Flow) oneAtATime(ctx context.Context, tx pg.Tx, a actor.Actor, r renewable) error {
	var open order.Order
	var err error
	switch r.Settings.OneAtATime {
	case project.ScopeOff:
		return nil
	case project.ScopeHolder:
		if err := f.Orders.LockHolder(ctx, tx, r.Old.OrgIDNumber); err != nil {
			return err
		}
		open, err = f.Orders.OpenOfHolder(ctx, tx, r.Old.OrgIDNumber)
	case project.ScopeAccount:
		open, err = f.Orders.OpenOfApplicant(ctx, tx, a.ID)
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	}
	return refuseField(fault.Conflict, "serial", "one_at_a_time", fault.Args{"no": open.No})
}
