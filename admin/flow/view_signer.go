package flow

import (
	"context"

	"caconsole/admin/fault"
	"caconsole/issuance"
)

// SignerView is how the signer is and what does not agree with it.
type SignerView struct {
	Watch    issuance.Watch
	Check    issuance.Check // the last comparison; zero before the first
	Findings []issuance.Finding
	More     bool
}

// findingsShown is how many disagreements a screen shows.
const findingsShown = 200

// ViewSigner tells how the signer was when it was last asked, and what the comparisons found: what stands, and what was
// cleared within a week.
func (f *Flow) ViewSigner(ctx context.Context) (v SignerView, err error) {
	q := f.DB.Read(ctx)
	if v.Watch, err = f.Issuance.Watched(ctx, q); err != nil {
		return v, err
	}
	v.Check, err = f.Issuance.LastCheck(ctx, q)
	if err != nil && !fault.HasKey(err, "check_unknown") && !fault.HasKey(err, "signer_unknown") {
		return v, err
	}
	v.Findings, v.More, err = f.Issuance.Findings(ctx, q, f.Now().Add(-7*day), findingsShown)
	return v, err
}
