package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/staffkey"
)

// MyKeys is what a person sees of their own keys.
type MyKeys struct {
	Rules    cert.TrustRules
	Keys     []cert.StaffKey    // in the registry
	Revoked  []staffkey.Request // once enrolled, and in the registry no more
	Requests []staffkey.Request // open, refused or withdrawn, newest first
	Shift    *issuance.Shift    // nil without a delegation of this session
	Officers int                // whose signatures a request needs
	Unknown  bool               // the signer was never heard: nothing can be enrolled
}

// manyOwn bounds a person's requests on their page.
const manyOwn = 50

// MyKeys reads the actor's keys and notes that they saw how their requests ended.
func (f *Flow) MyKeys(ctx context.Context, a actor.Actor) (MyKeys, error) {
	var out MyKeys
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		out = MyKeys{}
		trust, err := f.Issuance.Trust(ctx, tx)
		switch {
		case fault.HasKey(err, "signer_unknown"):
			out.Unknown = true
			return nil
		case err != nil:
			return err
		}
		r := trust.Registry()
		out.Rules, out.Officers = trust.Rules(), r.Officers
		counted := map[string]bool{}
		for _, k := range r.Keys {
			counted[k.ID()] = true
			if k.StaffID == a.ID.String() {
				out.Keys = append(out.Keys, k)
			}
		}
		asked, err := f.Keys.RequestsOf(ctx, tx, a.ID, manyOwn)
		if err != nil {
			return err
		}
		for _, q := range asked {
			switch {
			case q.State != staffkey.Enrolled:
				out.Requests = append(out.Requests, q)
			case !counted[q.KeyID()]:
				out.Revoked = append(out.Revoked, q)
			}
		}
		out.Shift, err = f.shift(ctx, tx, a)
		if err != nil {
			return err
		}
		return f.Keys.Seen(ctx, tx, a.ID)
	})
	return out, err
}

// shift is the delegation of the actor's session, nil without one.
func (f *Flow) shift(ctx context.Context, q pg.Q, a actor.Actor) (*issuance.Shift, error) {
	s, err := f.Issuance.LiveDelegation(ctx, q, a.ID, a.SessionID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil //nolint:nilnil // documented: nil without one
	}
	return &s, err
}

// Delegating tells a page whether the actor can let their browser sign for a shift, and until when it does.
type Delegating struct {
	Offered bool      // the signer counts passkeys and the actor has one, and nothing is delegated
	Until   time.Time // zero without a delegation
}

// Delegating reads it. Nothing is offered while the signer is not known.
func (f *Flow) Delegating(ctx context.Context, a actor.Actor) (Delegating, error) {
	q := f.DB.Read(ctx)
	keys, err := f.Issuance.SigningKeys(ctx, q, a, cert.DutyReview)
	if fault.HasKey(err, "signer_unknown") || err == nil && len(keys.Passkeys) == 0 {
		return Delegating{}, nil
	}
	if err != nil {
		return Delegating{}, err
	}
	s, err := f.shift(ctx, q, a)
	if err != nil || s == nil {
		return Delegating{Offered: err == nil}, err
	}
	return Delegating{Until: s.ExpiresAt}, nil
}

// KeyNews counts what the menu shows beside a person's keys: their requests that ended without their having seen it.
func (f *Flow) KeyNews(ctx context.Context, a actor.Actor) (int, error) {
	return f.Keys.News(ctx, f.DB.Read(ctx), a.ID)
}
