package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// IdentitySession is where the agent goes with the phone.
type IdentitySession struct {
	URL       string
	ExpiresAt time.Time
}

// StartIdentity begins the agent's try at the identity vendor, or takes up the one that is open: the intent is stored,
// the vendor asked, the answer stored (a vendor that is down gets the same number at the next call). Faults:
// order_unknown, order_closed, not_on_path, consent_missing, telecom_mismatch, identity_passed_already, identity_tries_used,
// vendor_unavailable.
func (f *Flow) StartIdentity(ctx context.Context, a actor.Actor, key idem.Key, no string) (IdentitySession, error) {
	var try uuid.UUID
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) (err error) {
		try, err = idem.Run(ctx, tx, key, f.Now(), func() (uuid.UUID, error) { return f.beginIdentity(ctx, tx, a, no) })
		return err
	})
	if err != nil {
		return IdentitySession{}, err
	}
	attempt, err := f.Identities.Get(ctx, f.DB.Read(ctx), try)
	if err == nil && attempt.State == identity.Begun {
		attempt, err = f.askIdentity(ctx, attempt)
	}
	if err != nil {
		return IdentitySession{}, err
	}
	session, err := f.Identities.Session(ctx, f.DB.Read(ctx), attempt.ID)
	return IdentitySession{URL: session.URL, ExpiresAt: attempt.ExpiresAt}, err
}

func (f *Flow) beginIdentity(ctx context.Context, tx pg.Tx, a actor.Actor, no string) (uuid.UUID, error) {
	o, err := f.Orders.Lock(ctx, tx, a, no)
	if err != nil {
		return uuid.Nil, err
	}
	if err := mayIdentify(o.Gates); err != nil {
		return uuid.Nil, err
	}
	missing, err := f.missingConsents(ctx, tx, o.ApplicantID, true)
	if err == nil && len(missing) > 0 { // an order that came from the online path may rest on fewer
		err = consentMissing(missing)
	}
	if err != nil {
		return uuid.Nil, err
	}
	settings, err := f.Projects.Settings(ctx, tx, o.ProjectID, f.Now())
	if err != nil {
		return uuid.Nil, err
	}
	agent, _, err := f.Orders.Persons(ctx, tx, o.ID)
	if err != nil {
		return uuid.Nil, err
	}
	attempt, err := f.Identities.Begin(ctx, tx, identity.Start{
		OrderID: o.ID, ProjectID: o.ProjectID, Vendor: f.FaceVendor.Name(),
		Person:    identity.Person{Name: agent.Name, IDNumber: agent.IDNumber},
		Threshold: settings.IdentityThreshold * 100, PerDay: settings.IdentityTriesPerDay, TTL: settings.IdentitySessionTTL(),
	})
	if err != nil {
		return uuid.Nil, err
	}
	_, err = f.Orders.Change(ctx, tx, a, no, "identity.started", func(g *order.Gates) error {
		g.Identity = order.Pending
		return nil
	})
	return attempt.ID, err
}

// notOnPath refuses what only the reviewed path asks for.
func notOnPath() error { return fault.New(fault.Conflict, "not_on_path", nil) }

func mayIdentify(g order.Gates) error {
	switch {
	case g.Closed != order.Open:
		return fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(g.Closed)})
	case g.Path == order.Online:
		return notOnPath()
	case g.Consent != order.Given:
		return fault.New(fault.Conflict, "consent_missing", nil)
	case g.Telecom == order.Mismatch:
		return fault.New(fault.Conflict, "telecom_mismatch", nil)
	case g.Identity == order.Passed:
		return fault.New(fault.Conflict, "identity_passed_already", nil)
	}
	return nil
}
