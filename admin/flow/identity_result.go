package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// IdentityResultArgs asks for the result of a try to be fetched.
type IdentityResultArgs struct {
	AttemptID uuid.UUID `json:"attempt_id"`
}

// Kind names the job for River.
func (IdentityResultArgs) Kind() string { return "identity_result" }

// identityHangs is when a try is asked after without a hint: pages that poll see a lost callback as a short wait.
const identityHangs = 20 * time.Second

// IdentityResult fetches what the vendor knows about a try and moves the identity gate by it: passed only if the result
// names the agent. A try that is not finished stays open until its link runs out; one whose order has closed or lost
// its consent ends without a question, for nobody may have its pictures. It may run again at will.
func (f *Flow) IdentityResult(ctx context.Context, id uuid.UUID) error {
	q := f.DB.Read(ctx)
	attempt, err := f.Identities.Get(ctx, q, id)
	if err != nil || (attempt.State != identity.Begun && attempt.State != identity.Pending) {
		return err
	}
	o, err := f.Orders.ByID(ctx, q, actor.Job("identity_result"), attempt.OrderID)
	if err != nil {
		return err
	}
	over := f.Now().After(attempt.ExpiresAt)
	switch {
	case !wanted(o.Gates), attempt.State == identity.Begun && over:
		return f.expireIdentity(ctx, attempt)
	case attempt.State == identity.Begun:
		return nil
	}
	session, err := f.Identities.Session(ctx, q, id)
	if err != nil {
		return err
	}
	vendor, cancel := context.WithTimeout(ctx, vendorTime)
	defer cancel()
	result, err := f.FaceVendor.Result(vendor, session.Token)
	switch {
	case err != nil && (!over || !fault.Is(err, fault.Invalid)): // a vendor forgets tokens that have run out
		return err
	case err == nil && result.Done:
		kept, err := f.Identities.Keep(ctx, result)
		if err != nil {
			return err
		}
		return f.endIdentity(ctx, attempt, func(ctx context.Context, tx pg.Tx) (identity.Attempt, error) {
			return f.Identities.Finish(ctx, tx, id, kept)
		})
	case over:
		return f.expireIdentity(ctx, attempt)
	}
	return nil
}

// wanted tells whether anything may still be found out about an order's agent: vendors learn nothing of a person whose
// order is over or who has withdrawn their consent.
func wanted(g order.Gates) bool { return g.Closed == order.Open && g.Consent == order.Given }

func (f *Flow) expireIdentity(ctx context.Context, attempt identity.Attempt) error {
	return f.endIdentity(ctx, attempt, func(ctx context.Context, tx pg.Tx) (identity.Attempt, error) {
		return f.Identities.Expire(ctx, tx, attempt.ID)
	})
}

// endIdentity ends a try and moves the gate, under the order's lock. On a closed order only the try ends; so does one
// that did not pass after a later one has begun, for then the later one is what the gate waits for.
func (f *Flow) endIdentity(ctx context.Context, attempt identity.Attempt, end func(context.Context, pg.Tx) (identity.Attempt, error)) error {
	a := actor.Job("identity_result")
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		o, err := f.Orders.ByID(ctx, tx, a, attempt.OrderID)
		if err != nil {
			return err
		}
		if o, err = f.Orders.Lock(ctx, tx, a, o.No); err != nil {
			return err
		}
		ended, err := end(ctx, tx)
		if err != nil || o.Gates.Closed != order.Open || o.Gates.Identity != order.Pending {
			return err
		}
		latest, err := f.Identities.Latest(ctx, tx, o.ID)
		if err != nil || (latest.ID != ended.ID && ended.State != identity.Passed) {
			return err
		}
		if latest.ID != ended.ID { // the person has passed: the later try must not change what a reviewer sees
			if _, err := f.Identities.Expire(ctx, tx, latest.ID); err != nil {
				return err
			}
		}
		_, err = f.Orders.Change(ctx, tx, a, o.No, "identity."+string(ended.State), func(g *order.Gates) error {
			g.Identity = order.State(ended.State)
			return g.TouchContent()
		})
		return err
	})
}

// SweepIdentities fetches results whose callback never came and ends tries whose link has run out.
func (f *Flow) SweepIdentities(ctx context.Context) error {
	open, err := f.Identities.Open(ctx, f.DB.Read(ctx), f.Now().Add(-identityHangs), 50)
	if err != nil {
		return err
	}
	return each(open, func(attempt identity.Attempt) error { return f.IdentityResult(ctx, attempt.ID) })
}
