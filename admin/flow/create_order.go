package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/idem"
	"caconsole/admin/invoice"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// NewOrder is what an applicant hands in, as typed. Organisation and Legal are of the reviewed path only.
type NewOrder struct {
	Serial       string
	Years        int
	Organisation applicant.Organisation
	Agent, Legal applicant.Person
	Invoice      invoice.Buyer
}

// CreateOrder opens a renewal: consent, eligibility, one at a time, every field, the price frozen; then the telecom
// check as a job and the message 已受理. Faults: those of renewable and termsOnOffer, consent_missing,
// one_at_a_time (Args no), holder_mismatch or invalid_field with every field that is wrong; too_many_attempts.
func (f *Flow) CreateOrder(ctx context.Context, a actor.Actor, key idem.Key, in NewOrder) (OrderView, error) {
	if err := f.Throttle.Take(ctx, "certificate_lookup:"+a.ID.String(), lookups, lookupsPer); err != nil {
		return OrderView{}, err // a serial is looked up here too
	}
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
	if r.Settings.TelecomOn(r.Path == order.Online) {
		if err := f.Jobs.Enqueue(ctx, tx, TelecomCheckArgs{OrderNo: o.No}); err != nil {
			return "", err
		}
	}
	return o.No, f.tell(ctx, tx, o, notify.Accepted, map[string]string{"no": o.No})
}
