package flow

import (
	"context"
	"encoding/hex"
	"slices"
	"strconv"

	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/review"
)

// contentDigest is the digest of all that an approval of the order binds, as the database has it now.
func (f *Flow) contentDigest(ctx context.Context, q pg.Q, o order.Order) ([]byte, error) {
	c := review.Content{
		Order: o.No, Version: o.Gates.ContentVersion, Holder: o.Holder, OrgKind: o.OrgIDKind, OrgNumber: o.OrgIDNumber,
		OldPair: o.OldPairID.String(), Serial: o.Serial, Years: o.Years, Telecom: string(o.Gates.Telecom),
		Papers: []review.Paper{}, Consents: []review.Consent{},
	}
	form, err := f.Documents.CurrentForm(ctx, q, o.ID)
	if err != nil && !fault.HasKey(err, "form_not_confirmed") {
		return nil, err
	}
	c.Form = hex.EncodeToString(form.Digest)
	papers, err := f.Documents.Digests(ctx, q, o.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range papers {
		c.Papers = append(c.Papers, review.Paper{Kind: string(p.Kind), SM3: p.SM3})
	}
	if c.Identity, err = f.identityContent(ctx, q, o); err != nil {
		return nil, err
	}
	consents, err := f.Applicants.ConsentsOf(ctx, q, o.ApplicantID)
	if err != nil {
		return nil, err
	}
	for _, given := range consents {
		c.Consents = append(c.Consents, review.Consent{Code: given.Code, Version: given.Version})
	}
	if o.Kind == order.Manual {
		facts, err := f.Manual.Latest(ctx, q, o.ID)
		if err != nil {
			return nil, err
		}
		c.Manual = hex.EncodeToString(facts.Digest)
	}
	return c.Digest()
}

func (f *Flow) identityContent(ctx context.Context, q pg.Q, o order.Order) (review.Identity, error) {
	attempts, err := f.attempts(ctx, q, o)
	if err != nil || len(attempts) == 0 {
		return review.Identity{State: string(identity.Begun)}, err
	}
	first := attempts[0]
	return review.Identity{Attempt: first.ID.String(), State: string(first.State), Score: strconv.Itoa(first.Score)}, nil
}

// attempts lists an order's tries, newest first, but before all others the one by which its agent has passed: that is
// what a reviewer sees and an approval binds, even where a later try had been begun.
func (f *Flow) attempts(ctx context.Context, q pg.Q, o order.Order) ([]identity.Attempt, error) {
	attempts, err := f.Identities.List(ctx, q, o.ID)
	if o.Gates.Identity != order.Passed {
		return attempts, err // one that passed was about a former agent
	}
	if i := slices.IndexFunc(attempts, func(a identity.Attempt) bool { return a.State == identity.Passed }); i > 0 {
		passed := attempts[i]
		attempts = slices.Insert(slices.Delete(attempts, i, i+1), 0, passed)
	}
	return attempts, err
}
