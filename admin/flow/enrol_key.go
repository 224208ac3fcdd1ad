package flow

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/staff"
	"caconsole/issuance/cert"
	"caconsole/issuance/staffkey"
)

// AskKey begins to show that a key belongs to the actor: what their Ukey signs (cert.KindSM2), or what their browser
// creates a passkey by (cert.KindWebAuthn). Fails with Conflict "passkeys_forbidden" where the signer counts no
// passkeys, "signer_unknown" before it was first heard, Invalid "field_wrong" on another kind.
func (f *Flow) AskKey(ctx context.Context, a actor.Actor, kind string) (staffkey.Challenge, error) {
	var out staffkey.Challenge
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		p, _, err := f.keyOwner(ctx, tx, a)
		if err != nil {
			return err
		}
		if kind == cert.KindSM2 {
			out, err = f.Keys.AskUkey(ctx, tx, p)
			return err
		}
		if kind != cert.KindWebAuthn {
			return fault.InvalidField("kind", "field_wrong")
		}
		party, known, err := f.passkeysOf(ctx, tx, a)
		if err == nil {
			out, err = f.Keys.AskPasskey(ctx, tx, p, party, known)
		}
		return err
	})
	return out, err
}

// EnrolUkey asks for the actor's Ukey to count: public (SubjectPublicKeyInfo, DER) and the signature over what AskKey
// gave. login is the name under which the agent shows the key. Fails with Invalid "key_of_other", "key_malformed" or
// "key_proof_wrong", Conflict "key_challenge_used", "key_requested", "key_enrolled" or "key_was_revoked".
func (f *Flow) EnrolUkey(ctx context.Context, a actor.Actor, challenge uuid.UUID, login string, public, signature []byte) error {
	if login != a.Name {
		return fault.New(fault.Invalid, "key_of_other", fault.Args{"login": login})
	}
	p, message, err := f.answered(ctx, a, challenge, cert.KindSM2)
	if err != nil {
		return err
	}
	shown, err := staffkey.ShowUkey(message, public, signature)
	if err != nil {
		return err
	}
	return f.requestKey(ctx, a, p, shown)
}

// EnrolPasskey asks for the actor's new passkey to count: answer is the browser's JSON. Fails like EnrolUkey, with the
// faults of staffkey.ShowPasskey in place of those of a Ukey.
func (f *Flow) EnrolPasskey(ctx context.Context, a actor.Actor, challenge uuid.UUID, answer []byte) error {
	party, _, err := f.passkeysOf(ctx, f.DB.Read(ctx), a)
	if err != nil {
		return err
	}
	p, session, err := f.answered(ctx, a, challenge, cert.KindWebAuthn)
	if err != nil {
		return err
	}
	shown, err := staffkey.ShowPasskey(p, party, session, answer)
	if err != nil {
		return err
	}
	return f.requestKey(ctx, a, p, shown)
}

// answered uses a challenge up, whatever the answer turns out to be worth.
func (f *Flow) answered(ctx context.Context, a actor.Actor, challenge uuid.UUID, kind string) (p staffkey.Person, data []byte, err error) {
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if p, _, err = f.keyOwner(ctx, tx, a); err != nil {
			return err
		}
		data, err = f.Keys.Take(ctx, tx, p, challenge, kind)
		return err
	})
	return p, data, err
}

// requestKey stores a request for a key that is new to the signer.
func (f *Flow) requestKey(ctx context.Context, a actor.Actor, p staffkey.Person, shown staffkey.Shown) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Issuance.Registry(ctx, tx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(r.Keys, func(k cert.StaffKey) bool { return k.ID() == shown.ID() }) {
			return fault.New(fault.Conflict, "key_enrolled", nil)
		}
		if slices.Contains(r.Revoked, shown.ID()) {
			return fault.New(fault.Conflict, "key_was_revoked", nil)
		}
		if _, err := f.Keys.Add(ctx, tx, p, shown); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), audit.Entry{
			Action: "key.request", Object: "staff:" + p.Login, Details: map[string]any{"kind": shown.Kind, "key": shown.ID()},
		})
	})
}

// WithdrawKey takes a request of the actor's own back. Fails with NotFound "key_request_unknown", Conflict
// "key_request_ended".
func (f *Flow) WithdrawKey(ctx context.Context, a actor.Actor, id uuid.UUID) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Keys.Requested(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.StaffID != a.ID {
			return fault.New(fault.NotFound, "key_request_unknown", nil)
		}
		if err := f.Keys.End(ctx, tx, id, a.ID, staffkey.Withdrawn, ""); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), audit.Entry{Action: "key.withdraw", Object: "staff:" + a.Name, Details: map[string]any{"key": r.KeyID()}})
	})
}

// keyOwner is the actor's own account, which must be in use: between a log-in and an act it may have been suspended.
func (f *Flow) keyOwner(ctx context.Context, q pg.Q, a actor.Actor) (staffkey.Person, staff.Member, error) {
	m, err := f.Staff.Get(ctx, q, a.ID)
	if err != nil {
		return staffkey.Person{}, m, err
	}
	if m.State != staff.Active {
		return staffkey.Person{}, m, fault.New(fault.Forbidden, "key_owner_suspended", nil)
	}
	return staffkey.Person{ID: m.ID, Login: m.Login, Name: m.Name, Session: a.SessionID}, m, nil
}

// passkeysOf tells for whom passkeys sign and which the actor has already.
func (f *Flow) passkeysOf(ctx context.Context, q pg.Q, a actor.Actor) (cert.RelyingParty, [][]byte, error) {
	trust, err := f.Issuance.Trust(ctx, q)
	if fault.HasKey(err, "signer_unknown") {
		return cert.RelyingParty{}, nil, fault.New(fault.Conflict, "signer_unknown", nil)
	}
	if err != nil {
		return cert.RelyingParty{}, nil, err
	}
	rules := trust.Rules()
	if rules.SM2Only || rules.Party.ID == "" {
		return rules.Party, nil, fault.New(fault.Conflict, "passkeys_forbidden", nil)
	}
	var known [][]byte
	for _, k := range trust.Registry().Keys {
		if k.StaffID == a.ID.String() && k.Kind == cert.KindWebAuthn {
			known = append(known, k.Credential())
		}
	}
	return rules.Party, known, nil
}
