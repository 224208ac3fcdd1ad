package flow

import (
	"context"
	"slices"

	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
)

// readEntry checks every field an applicant typed and turns them into a new order; what is wrong is told all at once.
func (f *Flow) readEntry(ctx context.Context, q pg.Q, r renewable, in NewOrder) (order.New, error) {
	old := r.Old
	out := order.New{
		ProjectID: old.ProjectID, Kind: order.Renewal, Path: r.Path, OldPairID: old.ID, Serial: string(old.Sign.Serial),
		OldNotAfter: old.NotAfter(), MediumNo: old.MediumNo, CertType: project.OrganisationCertificate, Years: in.Years,
		Holder: old.Holder, OrgIDKind: old.OrgIDKind, OrgIDNumber: old.OrgIDNumber,
	}
	wrong := readUnit(r, in, &out)
	agent, more := applicant.ReadAgent(in.Agent)
	out.Agent = order.Person(agent)
	wrong = append(wrong, more...)
	wrong = append(wrong, in.Invoice.Check("invoice")...)
	price, more, err := f.priceOf(ctx, q, r, in.Years)
	if err != nil {
		return order.New{}, err
	}
	out.AmountFen = price
	if wrong = append(wrong, more...); len(wrong) > 0 {
		return order.New{}, wrongEntry(wrong)
	}
	return out, nil
}

// readUnit reads organisation and legal person, which only the reviewed path asks for. On the online path the holder is
// the one the certificate names, and what was sent about it is not kept.
func readUnit(r renewable, in NewOrder, out *order.New) []fault.Field {
	if r.Path == order.Online {
		return nil
	}
	org, flag, wrong := applicant.ReadOrganisation(in.Organisation, r.holder())
	legal, more := applicant.ReadLegal(in.Legal, r.Settings.LegalPersonID)
	out.Holder, out.OrgIDKind, out.OrgIDNumber, out.OrgIDFlag = org.Name, org.IDKind, org.IDNumber, flag
	out.Legal = order.Person(legal)
	return append(wrong, more...)
}

// holder is the organisation as the old certificate has it.
func (r renewable) holder() applicant.Organisation {
	return applicant.Organisation{Name: r.Old.Holder, IDKind: r.Old.OrgIDKind, IDNumber: r.Old.OrgIDNumber}
}

// priceOf is what the years cost now; a wrong field where they are not on offer.
func (f *Flow) priceOf(ctx context.Context, q pg.Q, r renewable, years int) (money.Fen, []fault.Field, error) {
	terms, err := f.termsOnOffer(ctx, q, r)
	if err != nil {
		return 0, nil, err
	}
	at := slices.IndexFunc(terms, func(p project.YearPrice) bool { return p.Years == years })
	if at < 0 {
		return 0, []fault.Field{{Name: "years", Key: "years_not_offered"}}, nil
	}
	return terms[at].AmountFen, nil, nil
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
