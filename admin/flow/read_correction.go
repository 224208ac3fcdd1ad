package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// corrected is an order's entry after a correction, and what of it is new.
type corrected struct {
	entry  order.Entry
	fields []string // names of what changed
	years  bool
	person bool // the agent's name, ID number or phone
}

// readCorrection lays a correction over what was entered and checks the whole as at the creation.
func (f *Flow) readCorrection(ctx context.Context, tx pg.Tx, o order.Order, in Correction) (corrected, error) {
	agent, legal, err := f.Orders.Persons(ctx, tx, o.ID)
	if err != nil {
		return corrected{}, err
	}
	r, err := f.underWay(ctx, tx, o)
	if err != nil {
		return corrected{}, err
	}
	before := order.Entry{
		Years: o.Years, AmountFen: o.AmountFen, OrgIDKind: o.OrgIDKind, OrgIDNumber: o.OrgIDNumber, OrgIDFlag: o.OrgIDFlag,
		Agent: agent, Legal: legal,
	}
	now := before
	wrong := in.read(r, o, &now)
	if in.Years != nil && *in.Years != o.Years {
		price, more, err := f.priceOf(ctx, tx, r, *in.Years)
		if err != nil {
			return corrected{}, err
		}
		now.Years, now.AmountFen = *in.Years, price
		wrong = append(wrong, more...)
	}
	if in.Invoice != nil {
		wrong = append(wrong, in.Invoice.Check("invoice")...)
	}
	if len(wrong) > 0 {
		return corrected{}, wrongEntry(wrong)
	}
	return compare(before, now), nil
}

// underWay is the old pair of an order with the rules that hold for it now.
func (f *Flow) underWay(ctx context.Context, tx pg.Tx, o order.Order) (renewable, error) {
	pair, err := f.Issuance.Get(ctx, tx, actor.Job("intake"), o.OldPairID)
	if err != nil {
		return renewable{}, err
	}
	settings, err := f.Projects.Settings(ctx, tx, o.ProjectID, f.Now())
	return renewable{Old: pair, Settings: settings, Path: o.Gates.Path}, err
}

// read reads the persons and the organisation of a correction into an entry.
func (in Correction) read(r renewable, o order.Order, now *order.Entry) []fault.Field {
	var wrong []fault.Field
	if in.Agent != nil {
		agent, more := applicant.ReadAgent(in.Agent.over(applicant.Person(now.Agent)))
		now.Agent, wrong = order.Person(agent), append(wrong, more...)
	}
	if in.Legal != nil || (in.Organisation != nil && o.LacksUnit()) {
		legal, more := applicant.ReadLegal(in.Legal.over(applicant.Person(now.Legal)), r.Settings.LegalPersonID)
		now.Legal, wrong = order.Person(legal), append(wrong, more...)
	}
	if in.Organisation != nil || (in.Legal != nil && o.LacksUnit()) {
		typed := applicant.Organisation{}
		if !o.LacksUnit() {
			typed = applicant.Organisation{Name: o.Holder, IDKind: now.OrgIDKind, IDNumber: now.OrgIDNumber}
		}
		org, flag, more := applicant.ReadOrganisation(in.Organisation.over(typed), r.holder())
		now.OrgIDKind, now.OrgIDNumber, now.OrgIDFlag = org.IDKind, org.IDNumber, flag
		wrong = append(wrong, more...)
	}
	return wrong
}

// over lays the patch over a person.
func (p *PersonPatch) over(was applicant.Person) applicant.Person {
	if p == nil {
		return was
	}
	return applicant.Person{
		Name: or(p.Name, was.Name), IDNumber: or(p.IDNumber, was.IDNumber), Phone: or(p.Phone, was.Phone), Email: or(p.Email, was.Email),
	}
}

// over lays the patch over an organisation.
func (p *OrganisationPatch) over(was applicant.Organisation) applicant.Organisation {
	if p == nil {
		return was
	}
	return applicant.Organisation{Name: or(p.Name, was.Name), IDKind: or(p.IDKind, was.IDKind), IDNumber: or(p.IDNumber, was.IDNumber)}
}

func or[T any](p *T, was T) T {
	if p == nil {
		return was
	}
	return *p
}

// compare names what differs between two entries.
func compare(before, now order.Entry) corrected {
	c := corrected{entry: now, years: before.Years != now.Years}
	for _, f := range []struct {
		name    string
		changed bool
		person  bool
	}{
		{"years", c.years, false},
		{"organisation", before.OrgIDKind != now.OrgIDKind || before.OrgIDNumber != now.OrgIDNumber, false},
		{"agent.name", before.Agent.Name != now.Agent.Name, true},
		{"agent.id_number", before.Agent.IDNumber != now.Agent.IDNumber, true},
		{"agent.phone", before.Agent.Phone != now.Agent.Phone, true},
		{"agent.email", before.Agent.Email != now.Agent.Email, false},
		{"legal_person.name", before.Legal.Name != now.Legal.Name, false},
		{"legal_person.id_number", before.Legal.IDNumber != now.Legal.IDNumber, false},
	} {
		if f.changed {
			c.fields = append(c.fields, f.name)
			c.person = c.person || f.person
		}
	}
	return c
}
