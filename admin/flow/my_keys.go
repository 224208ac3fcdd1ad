package flow

import (
	"context"
	"slices"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/staffkey"
	"caconsole/rbac"
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
		shift, err := f.Issuance.LiveDelegation(ctx, tx, a.ID, a.SessionID)
		if err == nil {
			out.Shift = &shift
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
		return f.Keys.Seen(ctx, tx, a.ID)
	})
	return out, err
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
	s, err := f.Issuance.LiveDelegation(ctx, q, a.ID, a.SessionID)
	if fault.Is(err, fault.NotFound) {
		return Delegating{Offered: true}, nil
	}
	return Delegating{Until: s.ExpiresAt}, err
}

// KeyCounts are the numbers beside the menu's lines about keys, by path: requests of the actor's own that ended without
// their having seen it, and for key officers what waits for them. A line with nothing has no number.
func (f *Flow) KeyCounts(ctx context.Context, a actor.Actor) (map[string]int, error) {
	out, q := map[string]int{}, f.DB.Read(ctx)
	if a.Can(rbac.KeyEnrol) {
		n, err := f.Keys.News(ctx, q, a.ID)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			out["/my-keys"] = n
		}
	}
	if a.Can(rbac.RegistryChange) {
		n, err := f.registryWork(ctx, q, a)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			out["/keys"] = n
		}
	}
	return out, nil
}

// registryWork counts what waits for one key officer: the open change, until they have signed it, or else the requests.
func (f *Flow) registryWork(ctx context.Context, q pg.Q, a actor.Actor) (int, error) {
	c, err := f.Keys.OpenChange(ctx, q, false)
	if fault.Is(err, fault.NotFound) {
		asked, err := f.Keys.OpenRequests(ctx, q, manyAsked)
		return len(asked), err
	}
	if err != nil {
		return 0, err
	}
	signed, err := f.Issuance.ApprovalsOf(ctx, q, c.Sum)
	if err != nil || slices.ContainsFunc(signed, func(p cert.Approval) bool { return p.StaffID == a.ID.String() }) {
		return 0, err
	}
	return 1, nil
}
