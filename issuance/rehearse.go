package issuance

import (
	"context"

	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

// Rehearsal is the pair that would be signed for an order now: nothing of it is stored, and its serials are thrown away.
type Rehearsal struct {
	Authorisation Authorisation
	Old           Pair
	Profile       cert.Profile
	Spec          cert.Spec
	Prepared      cert.Prepared
	Found         []cert.Finding // of every rule, for both certificates
}

// Subject is the subject of the pair, in the certificate's own order.
func (r Rehearsal) Subject() string { return nameText(r.Spec.Subject) }

// Passes reports whether every rule passed or only noticed something.
func (r Rehearsal) Passes() bool {
	for _, f := range r.Found {
		if f.Level == cert.LevelError {
			return false
		}
	}
	return true
}

// Rehearse builds an order's pair with a key that is thrown away and has every rule look at it, as the signer will. An
// order that waits for a driver's CSR is rehearsed on the old keys. Fails like Reserve, and like cert.Plan where the
// authorisation does not fit the signer's profile any more.
func (s *Service) Rehearse(ctx context.Context, q pg.Q, order uuid.UUID) (Rehearsal, error) {
	a, err := s.ForOrder(ctx, q, order)
	if err != nil {
		return Rehearsal{}, err
	}
	r := Rehearsal{Authorisation: a}
	if r.Old, err = load(q, a.OldPair); err != nil {
		return Rehearsal{}, err
	}
	by, err := s.Authority(ctx, q)
	if err != nil {
		return Rehearsal{}, err
	}
	r.Profile = by.Profile
	old, err := cert.ParseOld(r.Old.DER())
	if err != nil {
		return Rehearsal{}, err
	}
	ca, err := smx509.ParseCertificate(by.CA)
	if err != nil {
		return Rehearsal{}, fault.Wrap("certificate_unreadable", err)
	}
	object := a.Object
	object.Keys = cert.KeepKeys
	req, err := cert.NewRequest(s.random, uuid.NewString(), object, old, by.NotAfter, s.now())
	if err != nil {
		return Rehearsal{}, err
	}
	if r.Spec, err = cert.Plan(object, req, cert.Material{Old: &old}, by.Profile, by.NotAfter); err != nil {
		return Rehearsal{}, err
	}
	if r.Found, err = cert.Lint(ca, r.Spec); err != nil || !r.Passes() {
		return r, err
	}
	r.Prepared, err = cert.Prepare(ca, r.Spec)
	return r, err
}
