package flow

import (
	"context"

	"caconsole/issuance"
)

// UpdateState says how far a proved session is. Faults: update_unknown, update_token_wrong.
func (f *Flow) UpdateState(ctx context.Context, id, token string) (issuance.Update, error) {
	session, err := updateID(id)
	if err != nil {
		return issuance.Update{}, err
	}
	return f.Issuance.Session(ctx, f.DB.Read(ctx), session, token)
}

// UpdateWaits says what a waiting session waits for: see issuance.Service.WaitsFor.
func (f *Flow) UpdateWaits(ctx context.Context, u issuance.Update) (string, error) {
	return f.Issuance.WaitsFor(ctx, f.DB.Read(ctx), u)
}

// UpdatePackage is what the driver imports, the same bytes each time; empty while u.State is waiting. Faults like
// UpdateState.
func (f *Flow) UpdatePackage(ctx context.Context, id, token string) (u issuance.Update, p issuance.Package, err error) {
	if u, err = f.UpdateState(ctx, id, token); err != nil || u.State == issuance.StateWaiting {
		return u, issuance.Package{}, err
	}
	p, err = f.Issuance.Package(ctx, f.DB.Read(ctx), u.ID, token)
	return u, p, err
}
