package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
	"caconsole/admin/review"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/manual"
)

// ManualEntry is what an issuer enters to open an order by hand, as typed.
type ManualEntry struct {
	Serial string // of the certificate to renew
	Years  int
	Agent  applicant.Person
	Facts  manual.Facts // its CSR as uploaded, PEM or DER; none keeps the Ukey's keys
}

// readManual checks every field and turns them into a new order; what is wrong is told all at once.
func (f *Flow) readManual(ctx context.Context, q pg.Q, a actor.Actor, in *ManualEntry) (order.New, error) {
	wrong, err := readFacts(&in.Facts)
	if err != nil {
		return order.New{}, err
	}
	agent, more := applicant.ReadAgent(in.Agent)
	wrong = append(wrong, more...)
	if in.Years < 1 || in.Years > cert.MaxYears {
		wrong = append(wrong, fault.Field{Name: "years", Key: "years_not_offered"})
	}
	old, more, err := f.manualPair(ctx, q, a, in.Serial)
	if err != nil {
		return order.New{}, err
	}
	if wrong = append(wrong, more...); len(wrong) > 0 {
		return order.New{}, fault.InvalidFields(wrong...)
	}
	return order.New{
		ProjectID: old.ProjectID, Kind: order.Manual, Path: order.ByHand, OldPairID: old.ID, Serial: string(old.Sign.Serial),
		OldNotAfter: old.NotAfter(), MediumNo: old.MediumNo, CertType: project.OrganisationCertificate, Years: in.Years,
		Holder: old.Holder, OrgIDKind: old.OrgIDKind, OrgIDNumber: old.OrgIDNumber, Agent: order.Person(agent),
	}, nil
}

// readFacts checks what was written and chosen, and turns the CSR into its DER.
func readFacts(in *manual.Facts) ([]fault.Field, error) {
	wrong := in.Check()
	if len(in.CSR) == 0 {
		in.CSR = nil
		return wrong, nil
	}
	csr, err := cert.ParseCSR(in.CSR)
	switch {
	case err == nil:
		in.CSR = csr.DER
	case fault.Is(err, fault.Invalid):
		wrong = append(wrong, fault.Of(err).Fields...)
	default:
		return nil, err
	}
	return wrong, nil
}

// manualPair finds the pair that an issuer means. Neither window nor 一次一张 binds an issuer; what the signer or the
// store would refuse is refused here.
func (f *Flow) manualPair(ctx context.Context, q pg.Q, a actor.Actor, serial string) (issuance.Pair, []fault.Field, error) {
	p, err := f.Issuance.Find(ctx, q, a, serial)
	refused := func(key string, args fault.Args) (issuance.Pair, []fault.Field, error) {
		return p, []fault.Field{{Name: "serial", Key: key, Args: args}}, nil
	}
	e := fault.Of(err)
	switch {
	case err == nil:
	case e.Key == "serial_unknown":
		return refused("serial_unknown", nil)
	case e.Kind == fault.Invalid && len(e.Fields) > 0:
		return p, e.Fields, nil
	default:
		return p, nil, err
	}
	switch {
	case p.Algorithm != issuance.SM2:
		return refused("not_sm2", nil)
	case p.State == issuance.Revoked || p.State == issuance.Held:
		return refused("revoked", nil)
	case p.SuccessorSerial != "":
		return refused("superseded", fault.Args{"serial": string(p.SuccessorSerial)})
	}
	open, err := f.Orders.OpenOf(ctx, q, p.ID)
	switch {
	case err == nil:
		return refused("renewal_open", fault.Args{"no": open.No})
	case !fault.Is(err, fault.NotFound):
		return p, nil, err
	}
	return p, nil, nil
}

// manualGrant is what the two issuers of an order sign.
func (f *Flow) manualGrant(ctx context.Context, q pg.Q, o order.Order, v manual.Version) (issuance.Grant, error) {
	content, err := f.contentDigest(ctx, q, o)
	if err != nil {
		return issuance.Grant{}, err
	}
	g := issuance.Grant{
		OrderID: o.ID, OrderNo: o.No, OldPair: o.OldPairID, Origin: cert.OriginManual, Content: cert.Digest(content), Years: o.Years,
		Keys: cert.KeepKeys, CSR: v.CSR, Expires: f.Now().Add(review.ApprovalLife),
	}
	if len(v.CSR) > 0 {
		g.Keys = cert.CSRKeys
	}
	return g, nil
}

// tryManual rehearses what would be signed. What is wrong with the CSR or the years is said beside them.
func (f *Flow) tryManual(ctx context.Context, q pg.Q, o order.Order, v manual.Version) (issuance.Rehearsal, error) {
	g, err := f.manualGrant(ctx, q, o, v)
	if err != nil {
		return issuance.Rehearsal{}, err
	}
	r, err := f.Issuance.Preview(ctx, q, g)
	field := map[string]string{"keys_equal": "csr", "validity_beyond_ca": "years", "years_not_in_profile": "years"}[fault.Of(err).Key]
	if err != nil && field != "" {
		err = refuseField(fault.Conflict, field, fault.Of(err).Key, fault.Of(err).Args)
	}
	return r, err
}
