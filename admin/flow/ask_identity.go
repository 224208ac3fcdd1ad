package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/identity"
	"caconsole/admin/pg"
)

// vendorTime is how long a person waits for a vendor.
const vendorTime = 5 * time.Second

// askIdentity has the vendor start a try that has begun, and stores its answer.
func (f *Flow) askIdentity(ctx context.Context, attempt identity.Attempt) (identity.Attempt, error) {
	q := f.DB.Read(ctx)
	o, err := f.Orders.ByID(ctx, q, actor.Job("identity"), attempt.OrderID)
	if err != nil {
		return identity.Attempt{}, err
	}
	agent, _, err := f.Orders.Persons(ctx, q, o.ID)
	if err != nil {
		return identity.Attempt{}, err
	}
	vendor, cancel := context.WithTimeout(ctx, vendorTime)
	defer cancel()
	session, err := f.FaceVendor.Start(vendor, identity.Subject{
		Ref: attempt.ID, Person: identity.Person{Name: agent.Name, IDNumber: agent.IDNumber},
		CallbackURL: f.PublicURL + "/api/v1/callbacks/identity/" + f.FaceVendor.Name(),
	})
	if err != nil {
		return identity.Attempt{}, err
	}
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		attempt, err = f.Identities.Started(ctx, tx, attempt.ID, session)
		return err
	})
	return attempt, err
}
