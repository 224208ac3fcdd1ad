package order

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// Create opens an order. Conflict "renewal_open" where the certificate has an open one already: the database decides,
// so two applicants at once get one order between them.
func (o *Orders) Create(ctx context.Context, tx pg.Tx, a actor.Actor, in New) (Order, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Order{}, fault.Wrap("order_id", err)
	}
	var n int64
	if err := tx.Gorm().Raw("SELECT nextval('order_no_seq')").Scan(&n).Error; err != nil {
		return Order{}, pg.Fault(err)
	}
	now := o.now()
	g := NewGates(in.Path)
	r := row{
		ID: id, No: FormatNo(now, n), ProjectID: in.ProjectID, Kind: in.Kind, OldPairID: in.OldPairID, CertSerial: in.Serial,
		MediumNo: in.MediumNo, CertType: in.CertType, Years: in.Years, AmountFen: in.AmountFen, Holder: in.Holder,
		OrgIDKind: in.OrgIDKind, OrgIDNumber: in.OrgIDNumber, OrgIDFlag: in.OrgIDFlag,
		Stage: g.Stage(), StageSince: now, CreatedAt: now, UpdatedAt: now,
	}
	r.setGates(g)
	if !in.OldNotAfter.IsZero() {
		r.OldNotAfter = &in.OldNotAfter
	}
	if in.ApplicantID != uuid.Nil {
		r.ApplicantID = &in.ApplicantID
	}
	if err := o.sealPersons(&r, in.Agent, in.Legal); err != nil {
		return Order{}, err
	}
	if err := tx.Gorm().Create(&r).Error; err != nil {
		return Order{}, pg.Fault(err)
	}
	err = audit.Append(ctx, tx, a, now, audit.Entry{
		Action: "order.created", Object: "order:" + r.No, Project: r.ProjectID, Outcome: audit.OK,
		Details: map[string]any{"path": string(in.Path), "years": in.Years, "amount_fen": int64(in.AmountFen), "serial": in.Serial},
	})
	return r.order(), err
}

// sealPersons seals the persons of an order under the order's id and fills masks and blind indexes.
func (o *Orders) sealPersons(r *row, agent, legal Person) error {
	s := sealer{ring: o.ring, row: r.ID}
	r.AgentNameSealed, r.AgentNameMask = s.seal(FieldAgentName, agent.Name), seal.MaskName(agent.Name.Reveal())
	r.AgentIDSealed, r.AgentIDMask = s.seal(FieldAgentID, agent.IDNumber), seal.MaskIDNumber(agent.IDNumber.Reveal())
	r.AgentPhoneSealed, r.AgentPhoneMask = s.seal(FieldAgentPhone, agent.Phone), seal.MaskPhone(agent.Phone.Reveal())
	r.AgentEmailSealed, r.AgentEmailMask = s.seal(FieldAgentEmail, agent.Email), seal.MaskEmail(agent.Email.Reveal())
	r.AgentNameIndex = o.ring.Index(indexField(FieldAgentName), seal.NormName(agent.Name.Reveal()))
	r.AgentIDIndex = o.ring.Index(indexField(FieldAgentID), seal.NormIDNumber(agent.IDNumber.Reveal()))
	r.AgentPhoneIndex = o.PhoneIndex(agent.Phone.Reveal())
	if legal.Name != "" {
		r.LegalNameSealed, r.LegalNameMask = s.seal(FieldLegalName, legal.Name), seal.MaskName(legal.Name.Reveal())
	}
	if legal.IDNumber != "" {
		r.LegalIDSealed, r.LegalIDMask = s.seal(FieldLegalID, legal.IDNumber), seal.MaskIDNumber(legal.IDNumber.Reveal())
	}
	return s.err
}

// PhoneIndex is the blind index by which orders are found by the agent's phone.
func (o *Orders) PhoneIndex(phone string) []byte {
	return o.ring.Index(indexField(FieldAgentPhone), seal.NormPhone(phone))
}

// IDNumberIndex is the blind index by which orders are found by the agent's ID number.
func (o *Orders) IDNumberIndex(number string) []byte {
	return o.ring.Index(indexField(FieldAgentID), seal.NormIDNumber(number))
}

func indexField(f Field) string { return "orders." + string(f) }

// sealer seals the fields of one row and keeps the first error.
type sealer struct {
	ring *seal.Ring
	row  uuid.UUID
	err  error
}

func (s *sealer) seal(f Field, v seal.Secret) []byte {
	if s.err != nil {
		return nil
	}
	var out []byte
	out, s.err = s.ring.Seal(indexField(f), s.row, v.Reveal())
	return out
}

// Persons opens the persons of an order, for those who must be told: a vendor asked about the agent, the form that
// prints them, a message's recipient. Nothing of it may reach a screen or a log.
func (o *Orders) Persons(_ context.Context, q pg.Q, id uuid.UUID) (agent, legal Person, err error) {
	var r row
	if err := q.Gorm().Where("id = ?", id).Take(&r).Error; err != nil {
		return Person{}, Person{}, unknown(err)
	}
	open := func(f Field, sealed []byte) seal.Secret {
		if err != nil || len(sealed) == 0 {
			return ""
		}
		var plain string
		plain, err = o.ring.Open(indexField(f), id, sealed)
		return seal.Secret(plain)
	}
	agent = Person{
		Name: open(FieldAgentName, r.AgentNameSealed), IDNumber: open(FieldAgentID, r.AgentIDSealed),
		Phone: open(FieldAgentPhone, r.AgentPhoneSealed), Email: open(FieldAgentEmail, r.AgentEmailSealed),
	}
	legal = Person{Name: open(FieldLegalName, r.LegalNameSealed), IDNumber: open(FieldLegalID, r.LegalIDSealed)}
	return agent, legal, err
}

// Reveal opens one field. The caller has audited the view in a committed transaction before it shows the answer.
// NotFound "field_empty" where the order has no such value.
func (o *Orders) Reveal(ctx context.Context, q pg.Q, id uuid.UUID, f Field) (seal.Secret, error) {
	agent, legal, err := o.Persons(ctx, q, id)
	if err != nil {
		return "", err
	}
	value := map[Field]seal.Secret{
		FieldAgentName: agent.Name, FieldAgentID: agent.IDNumber, FieldAgentPhone: agent.Phone, FieldAgentEmail: agent.Email,
		FieldLegalName: legal.Name, FieldLegalID: legal.IDNumber,
	}[f]
	if value == "" {
		return "", fault.New(fault.NotFound, "field_empty", nil)
	}
	return value, nil
}

func fourEyes(had Duty) error {
	return fault.New(fault.Conflict, "four_eyes", fault.Args{"duty": string(had)})
}
