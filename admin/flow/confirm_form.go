package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/document/form"
	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// ConfirmForm freezes what the applicant typed as a version of the application form and returns its number; the same
// content again is the same version. A new one makes a scan of the old one obsolete. Faults: order_unknown,
// order_closed, order_being_issued, not_on_path, unit_missing, form_glyph_missing.
func (f *Flow) ConfirmForm(ctx context.Context, a actor.Actor, key idem.Key, no string) (version int, err error) {
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		version, err = idem.Run(ctx, tx, key, f.Now(), func() (int, error) {
			o, err := f.Orders.Lock(ctx, tx, a, no)
			if err != nil {
				return 0, err
			}
			if o.Gates.Closed != order.Open {
				return 0, fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(o.Gates.Closed)})
			}
			if o.Gates.Path == order.Online {
				return 0, notOnPath()
			}
			if o.LacksUnit() {
				return 0, fault.New(fault.Conflict, "unit_missing", nil)
			}
			return f.freezeForm(ctx, tx, a, o)
		})
		return err
	})
	return version, err
}

func (f *Flow) freezeForm(ctx context.Context, tx pg.Tx, a actor.Actor, o order.Order) (int, error) {
	before, err := f.Documents.CurrentForm(ctx, tx, o.ID)
	if err != nil && !fault.HasKey(err, "form_not_confirmed") {
		return 0, err
	}
	fields, err := f.formFields(ctx, tx, o)
	if err != nil {
		return 0, err
	}
	now, err := f.Documents.ConfirmForm(ctx, tx, o.ID, o.No, fields)
	if err != nil || now.Version == before.Version {
		return now.Version, err
	}
	return now.Version, f.paperArrived(ctx, tx, a, o)
}

// printedKinds are the kinds of 机构证件号码 as the form, which is Chinese, prints them.
var printedKinds = map[string]string{
	applicant.CreditCode: "统一社会信用代码", applicant.OrganisationCode: "组织机构代码", applicant.OtherNumber: "其他证件",
}

func (f *Flow) formFields(ctx context.Context, tx pg.Tx, o order.Order) (form.Fields, error) {
	agent, legal, err := f.Orders.Persons(ctx, tx, o.ID)
	if err != nil {
		return form.Fields{}, err
	}
	old, err := f.Issuance.Get(ctx, tx, actor.Job("form"), o.OldPairID)
	if err != nil {
		return form.Fields{}, err
	}
	p, err := f.Projects.ByID(ctx, tx, o.ProjectID)
	if err != nil {
		return form.Fields{}, err
	}
	buyer, err := f.Invoices.Buyer(ctx, tx, o.ID)
	if err != nil {
		return form.Fields{}, err
	}
	titles, err := f.agreementTitles(ctx, tx)
	return form.Fields{
		Project: p.Name, CertType: "机构证书", Years: o.Years, Holder: o.Holder, OrgIDKind: printedKinds[o.OrgIDKind],
		OrgIDNumber: o.OrgIDNumber, LegalName: legal.Name.Reveal(), LegalIDNumber: legal.IDNumber.Reveal(),
		AgentName: agent.Name.Reveal(), AgentIDNumber: agent.IDNumber.Reveal(), AgentPhone: agent.Phone.Reveal(),
		AgentEmail: agent.Email.Reveal(), MediumNo: o.MediumNo, Serial: o.Serial,
		NotAfter: old.NotAfter().In(order.Beijing).Format(time.DateOnly), InvoiceTitle: buyer.Title, Agreements: titles,
	}, err
}

// ApplicationForm renders the confirmed form; the same bytes each time. Faults: order_unknown, form_not_confirmed.
func (f *Flow) ApplicationForm(ctx context.Context, a actor.Actor, no string) ([]byte, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return nil, err
	}
	return f.Documents.FormPDF(ctx, q, o.ID)
}
