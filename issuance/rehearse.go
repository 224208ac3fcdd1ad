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
// order whose new keys are not known yet, a driver's or the key centre's, is rehearsed on the old ones. Fails like Reserve, and like cert.Plan where the
// authorisation does not fit the signer's profile any more.
func (s *Service) Rehearse(ctx context.Context, q pg.Q, order uuid.UUID) (Rehearsal, error) {
	a, err := s.ForOrder(ctx, q, order)
	if err != nil {
		return Rehearsal{}, err
	}
	csr, err := csrOf(q, a.ID)
	if err != nil {
		return Rehearsal{}, err
	}
	return s.rehearse(ctx, q, a, csr)
}

// Preview is Rehearse for an authorisation that nobody has asked for yet: nothing of it is stored. Fails likewise, and
// like Authorise.
func (s *Service) Preview(ctx context.Context, q pg.Q, g Grant) (Rehearsal, error) {
	id, object, err := s.object(ctx, q, g)
	if err != nil {
		return Rehearsal{}, err
	}
	return s.rehearse(ctx, q, Authorisation{
		ID: id, OrderID: g.OrderID, OldPair: g.OldPair, Object: object, Canonical: object.Canonical(), Digest: object.Digest(), ExpiresAt: object.ExpiresAt(),
	}, g.CSR)
}

func (s *Service) rehearse(ctx context.Context, q pg.Q, a Authorisation, csr []byte) (Rehearsal, error) {
	r := Rehearsal{Authorisation: a}
	var err error
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
	object, m := a.Object, cert.Material{Old: &old, CSR: csr}
	if r.Profile.EncKey == cert.EncKeyKMC || csr == nil {
		if err := s.fits(a.Object, m, by); err != nil {
			return Rehearsal{}, err
		}
		object.Keys, m.CSR = cert.KeepKeys, nil
	}
	req, err := cert.NewRequestOf(s.random, uuid.NewString(), object, m, by.Profile, by.NotAfter, s.now())
	if err != nil {
		return Rehearsal{}, err
	}
	if r.Spec, err = cert.Plan(object, req, m, by.Profile, by.NotAfter); err != nil {
		return Rehearsal{}, err
	}
	if r.Found, err = cert.Lint(ca, r.Spec); err != nil || !r.Passes() {
		return r, err
	}
	r.Prepared, err = cert.Prepare(ca, r.Spec)
	return r, err
}

// fits looks at a CSR that cannot be rehearsed before the key centre has answered: whether its key may be the sign key at
// all.
func (s *Service) fits(a cert.Authorisation, m cert.Material, by Authority) error {
	if m.CSR == nil {
		return nil
	}
	kept := by.Profile
	kept.EncKey = cert.EncKeyKeep
	_, err := cert.NewRequestOf(s.random, uuid.NewString(), a, m, kept, by.NotAfter, s.now())
	return err
}
