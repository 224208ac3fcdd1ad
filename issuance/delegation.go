package issuance

import (
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"slices"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

// Why a delegation ended before its time.
const (
	DelegationByPerson    = "person"    // 立即结束
	DelegationReplaced    = "replaced"  // by a new one of the same session
	DelegationSessionOver = "session"   // log-out, another log-in in its place, too long without a request
	DelegationSuspended   = "suspended" // the account, or its session was ended by the security officer
	DelegationOffDuty     = "off_duty"
	DelegationExpired     = "expired" // its time came; the signer knows that by itself
)

// Shift is a delegation as its person sees it.
type Shift struct {
	ID        uuid.UUID
	StaffID   uuid.UUID
	SessionID uuid.UUID
	ExpiresAt time.Time
}

// DelegationOffer is a delegation that waits for the passkey's signature.
type DelegationOffer struct {
	ID       uuid.UUID
	Message  []byte   // over which the passkey is asked for an assertion
	Passkeys [][]byte // credential ids that count
	RPID     string   // host for which they sign
	Expires  time.Time
}

// OfferDelegation composes a delegation of the reviewer's duty to a key that the person's browser made and cannot give
// away (P-256, DER), until a time, at most cert.MaxDelegation from now. Nothing counts before KeepDelegation. Fails with
// Conflict "passkeys_forbidden" where the signer takes no passkeys or "passkey_missing" where the person has none that
// counts, Invalid "delegation_malformed" on another kind of key, and like Registry.
func (s *Service) OfferDelegation(ctx context.Context, tx pg.Tx, a actor.Actor, key []byte, until time.Time) (DelegationOffer, error) {
	keys, err := s.SigningKeys(ctx, tx, a, cert.DutyReview)
	if err != nil {
		return DelegationOffer{}, err
	}
	if !keys.PasskeysAllowed {
		return DelegationOffer{}, fault.New(fault.Conflict, "passkeys_forbidden", nil)
	}
	if len(keys.Passkeys) == 0 {
		return DelegationOffer{}, fault.New(fault.Conflict, "passkey_missing", nil)
	}
	pub, err := cert.ParsePasskey(key)
	if err != nil {
		return DelegationOffer{}, &fault.Error{Kind: fault.Invalid, Key: "delegation_malformed", Cause: err}
	}
	if err := s.freshKey(ctx, tx, pub); err != nil {
		return DelegationOffer{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return DelegationOffer{}, fault.Wrap("random_unavailable", err)
	}
	from := s.now().UTC().Truncate(time.Second)
	if last := from.Add(cert.MaxDelegation); until.After(last) {
		until = last
	}
	d := cert.Delegation{
		V: cert.Version, ID: id.String(), StaffID: a.ID.String(), Duty: cert.DutyReview, Session: SessionDigest(a.SessionID),
		Key: base64.StdEncoding.EncodeToString(key), NotBefore: cert.FormatTime(from), Expires: cert.FormatTime(until),
	}
	if _, err := cert.ParseDelegation(d.Canonical()); err != nil {
		return DelegationOffer{}, err
	}
	if err := insertDelegation(tx, d, a, id, s.now()); err != nil {
		return DelegationOffer{}, err
	}
	_, expires := d.Life()
	return DelegationOffer{ID: id, Message: cert.ToSignDelegation(d.Canonical()), Passkeys: keys.Passkeys, RPID: keys.RPID, Expires: expires}, nil
}

// freshKey refuses to delegate to a key of the registry, which could be somebody else's.
func (s *Service) freshKey(ctx context.Context, q pg.Q, pub *ecdsa.PublicKey) error {
	r, err := s.Registry(ctx, q)
	if err != nil {
		return err
	}
	taken := slices.ContainsFunc(r.Keys, func(k cert.StaffKey) bool {
		other, err := k.Public()
		return err == nil && other.Equal(pub)
	})
	if taken {
		return fault.New(fault.Invalid, "delegation_malformed", nil)
	}
	return nil
}

// SessionDigest is how a delegation names the session it is bound to.
func SessionDigest(session uuid.UUID) string { return cert.SM3([]byte(session.String())).Hex() }

// KeepDelegation takes the passkey's signature over an offer of this session. From now on the browser's key signs; an
// earlier delegation of the session ends. Fails with Forbidden "delegation_forbidden" on an offer that is not of this
// person and session, Conflict "delegation_kept" on one that was signed already, and like an approval by passkey.
func (s *Service) KeepDelegation(ctx context.Context, tx pg.Tx, a actor.Actor, id uuid.UUID, w cert.Assertion, signature []byte) (Shift, error) {
	row, err := loadDelegation(tx, id)
	if err != nil {
		return Shift{}, err
	}
	if row.StaffID != a.ID || row.SessionID != a.SessionID || !s.now().Before(row.ExpiresAt) {
		return Shift{}, fault.New(fault.Forbidden, "delegation_forbidden", nil)
	}
	if row.Signature != nil || row.EndedAt != nil {
		return Shift{}, fault.New(fault.Conflict, "delegation_kept", nil)
	}
	trust, err := s.Trust(ctx, tx)
	if err != nil {
		return Shift{}, err
	}
	if _, err := trust.Delegates(cert.SignedDelegation{Delegation: row.Canonical, WebAuthn: w, Signature: signature}); err != nil {
		return Shift{}, err
	}
	if _, err := s.EndDelegations(ctx, tx, a.ID, a.SessionID, DelegationReplaced); err != nil {
		return Shift{}, err
	}
	return row.shift(), signDelegation(tx, id, w, signature)
}

// Delegation returns a delegation that its person may sign by now, in the session it was made in. Fails with Forbidden
// "delegation_forbidden" where there is none such, "delegation_revoked" where it was ended, "delegation_expired".
func (s *Service) Delegation(_ context.Context, q pg.Q, a actor.Actor, id string) (cert.SignedDelegation, error) {
	refused := func(key string) (cert.SignedDelegation, error) {
		return cert.SignedDelegation{}, fault.New(fault.Forbidden, key, nil)
	}
	parsed, err := uuid.Parse(id)
	if err != nil {
		return refused("delegation_forbidden")
	}
	row, err := loadDelegation(q, parsed)
	if err != nil {
		return cert.SignedDelegation{}, err
	}
	switch {
	case row.StaffID != a.ID || row.SessionID != a.SessionID || row.Signature == nil:
		return refused("delegation_forbidden")
	case !s.now().Before(row.ExpiresAt):
		return refused("delegation_expired")
	case row.EndedAt != nil:
		return refused("delegation_revoked")
	}
	return row.signed()
}

// LiveDelegation returns the delegation by which a person's session signs. Fails with NotFound "delegation_none".
func (s *Service) LiveDelegation(_ context.Context, q pg.Q, staffID, session uuid.UUID) (Shift, error) {
	row, ok, err := liveDelegation(q, staffID, session, s.now())
	if err != nil {
		return Shift{}, err
	}
	if !ok {
		return Shift{}, fault.New(fault.NotFound, "delegation_none", nil)
	}
	return row.shift(), nil
}
