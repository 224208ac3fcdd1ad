package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/order"
)

// IdentityStatus is where the agent's identity stands, for the page that polls.
type IdentityStatus struct {
	State     order.State
	Reason    string    // why the last try failed, a key of admin/identity; else ""
	URL       string    // of a try in progress
	ExpiresAt time.Time // of that try
}

// IdentityStatus reads how far the agent's identity is; fault order_unknown.
func (f *Flow) IdentityStatus(ctx context.Context, a actor.Actor, no string) (IdentityStatus, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.Get(ctx, q, a, no)
	if err != nil {
		return IdentityStatus{}, err
	}
	out := IdentityStatus{State: o.Gates.Identity}
	last, err := f.Identities.Latest(ctx, q, o.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return out, nil
	case err != nil:
		return IdentityStatus{}, err
	case last.State == identity.Failed:
		out.Reason = last.Reason
	case last.State == identity.Pending:
		session, err := f.Identities.Session(ctx, q, last.ID)
		out.URL, out.ExpiresAt = session.URL, last.ExpiresAt
		return out, err
	}
	return out, nil
}
