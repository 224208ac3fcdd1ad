package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
)

// How often an applicant may look certificates up, so that the list of holders cannot be read out.
const (
	lookups    = 60
	lookupsPer = 10 * time.Minute
)

// Found is what an applicant may know about a certificate. Before consent only Eligible and ConsentMissing are set.
type Found struct {
	Eligible       bool
	ConsentMissing []applicant.Agreed
	Serial         string
	MediumNo       string
	Holder         string
	NotAfter       time.Time
	Path           order.Path
	Prices         []project.YearPrice // only terms the issuing authority outlives
}

// LookUpCertificate says whether a certificate may be renewed. After consent a refusal is a fault with its own key, see
// renewable; before, it is no more than Eligible false.
func (f *Flow) LookUpCertificate(ctx context.Context, a actor.Actor, serial string) (Found, error) {
	if err := f.Throttle.Take(ctx, "certificate_lookup:"+a.ID.String(), lookups, lookupsPer); err != nil {
		return Found{}, err
	}
	q := f.DB.Read(ctx)
	missing, err := f.missingConsents(ctx, q, a.ID, false)
	if err != nil {
		return Found{}, err
	}
	r, err := f.renewable(ctx, q, serial)
	var prices []project.YearPrice
	if err == nil {
		prices, err = f.termsOnOffer(ctx, q, r)
	}
	switch {
	case fault.Is(err, fault.Internal), fault.Is(err, fault.Unavailable):
		return Found{}, err
	case len(missing) > 0:
		return Found{Eligible: err == nil, ConsentMissing: missing}, nil
	case err != nil:
		return Found{}, err
	}
	return Found{
		Eligible: true, Serial: string(r.Old.Sign.Serial), MediumNo: r.Old.MediumNo, Holder: r.Old.Holder,
		NotAfter: r.Old.NotAfter(), Path: r.Path, Prices: prices,
	}, nil
}

// termsOnOffer is the price list without the terms that would end after the issuing authority; fault no_term_left.
func (f *Flow) termsOnOffer(ctx context.Context, q pg.Q, r renewable) ([]project.YearPrice, error) {
	list, err := f.Projects.Prices(ctx, q, r.Old.ProjectID, project.OrganisationCertificate, f.Now())
	if err != nil {
		return nil, err
	}
	offer := make([]project.YearPrice, 0, len(list))
	for _, p := range list {
		switch _, err := f.Issuance.ValidUntil(ctx, q, r.Old, p.Years); {
		case err == nil:
			offer = append(offer, p)
		case !fault.HasKey(err, "validity_beyond_ca"):
			return nil, err
		}
	}
	if len(offer) == 0 {
		return nil, fault.New(fault.Conflict, "no_term_left", nil)
	}
	return offer, nil
}
