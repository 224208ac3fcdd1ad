package flow

import (
	"context"
	"slices"

	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
)

// readEntry checks every field an applicant typed and turns them into a new order; what is wrong is told all at once.
func (f *Flow) readEntry(ctx context.Context, q pg.Q, r renewable, in NewOrder) (order.New, error) {
	old := r.Old
	holder := applicant.Organisation{Name: old.Holder, IDKind: old.OrgIDKind, IDNumber: old.OrgIDNumber}
	org, flag, wrong := applicant.ReadOrganisation(in.Organisation, holder)
	agent, more := applicant.ReadAgent(in.Agent)
	wrong = append(wrong, more...)
	legal, more := applicant.ReadLegal(in.Legal, r.Settings.LegalPersonID)
	wrong = append(wrong, more...)
	wrong = append(wrong, in.Invoice.Check("invoice")...)

	terms, err := f.termsOnOffer(ctx, q, r)
	if err != nil {
		return order.New{}, err
	}
	at := slices.IndexFunc(terms, func(p project.YearPrice) bool { return p.Years == in.Years })
	if at < 0 {
		wrong = append(wrong, fault.Field{Name: "years", Key: "years_not_offered"})
	}
	if len(wrong) > 0 {
		return order.New{}, wrongEntry(wrong)
	}
	return order.New{
		ProjectID: old.ProjectID, Kind: order.Renewal, Path: r.Path, OldPairID: old.ID, Serial: string(old.Sign.Serial),
		MediumNo: old.MediumNo, CertType: project.OrganisationCertificate, Years: in.Years, AmountFen: terms[at].AmountFen,
		Holder: org.Name, OrgIDKind: org.IDKind, OrgIDNumber: org.IDNumber, OrgIDFlag: flag,
		Agent: order.Person(agent), Legal: order.Person(legal),
	}, nil
}

// wrongEntry names the whole refusal by holder_mismatch where the organisation is another one: no correction of the
// other fields helps then.
func wrongEntry(wrong []fault.Field) error {
	err := fault.InvalidFields(wrong...)
	if slices.ContainsFunc(wrong, func(w fault.Field) bool { return w.Key == "holder_mismatch" }) {
		err.Key = "holder_mismatch"
	}
	return err
}
