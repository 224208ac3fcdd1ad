package signertest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
)

// Passkey is a member of staff with a passkey, and the browser around it.
type Passkey struct {
	Person cert.StaffKey // the registry's entry
	Key    *ecdsa.PrivateKey
	// What an attacker may turn: for whom and where the passkey is asked, and whether it asked its owner who is there.
	RPID, Origin string
	Unverified   bool
}

// NewPasskey makes a passkey for a person, who may have other keys. It counts from an hour before now.
func NewPasskey(t testing.TB, p Person, now time.Time) Passkey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	entry := cert.NewStaffKey(cert.StaffKey{
		StaffID: p.StaffID, Login: p.Login, No: p.No, Roles: p.Roles, Kind: cert.KindWebAuthn, Storage: cert.DeviceKey,
	}, der, []byte(uuid.NewString()), now.Add(-time.Hour))
	return Passkey{Person: entry, Key: key, RPID: Party.ID, Origin: Party.Origins[0]}
}

// Touch asks the passkey for an assertion over a message.
func (p Passkey) Touch(t testing.TB, message []byte) (cert.Assertion, []byte) {
	t.Helper()
	client, err := json.Marshal(map[string]any{
		"type": "webauthn.get", "challenge": cert.Challenge(message), "origin": p.Origin, "crossOrigin": false,
	})
	require.NoError(t, err)
	data := cert.AuthenticatorData(p.RPID, !p.Unverified, 0)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, p.Key, sum[:])
	require.NoError(t, err)
	return cert.Assertion{CredentialID: p.Person.Credential(), AuthenticatorData: data, ClientData: client}, signature
}

// Approve signs a list of digests by a touch.
func (p Passkey) Approve(t testing.TB, duty string, at time.Time, digests ...cert.Digest) cert.Approval {
	t.Helper()
	a := cert.Approval{Duty: duty, StaffID: p.Person.StaffID, At: at, Kind: cert.KindWebAuthn}
	for _, d := range digests {
		a.Digests = append(a.Digests, d.Hex())
	}
	var w cert.Assertion
	w, a.Signature = p.Touch(t, a.Message())
	a.WebAuthn = &w
	return a
}

// Shift is a browser's key that a passkey delegated to.
type Shift struct {
	ID      string
	StaffID string
	Signed  cert.SignedDelegation
	Key     *ecdsa.PrivateKey
}

// Delegate makes a browser's key for a shift; change, which may be nil, alters the delegation before it is signed.
func (p Passkey) Delegate(t testing.TB, from time.Time, change func(*cert.Delegation)) Shift {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	d := cert.Delegation{
		V: cert.Version, ID: uuid.NewString(), StaffID: p.Person.StaffID, Duty: cert.DutyReview, Session: cert.SM3([]byte("session")).Hex(),
		Key: base64.StdEncoding.EncodeToString(der), NotBefore: cert.FormatTime(from), Expires: cert.FormatTime(from.Add(cert.MaxDelegation)),
	}
	if change != nil {
		change(&d)
	}
	s := Shift{ID: d.ID, StaffID: d.StaffID, Key: key, Signed: cert.SignedDelegation{Delegation: d.Canonical()}}
	s.Signed.WebAuthn, s.Signed.Signature = p.Touch(t, cert.ToSignDelegation(s.Signed.Delegation))
	return s
}

// Approve signs a list of digests by the browser's key.
func (s Shift) Approve(t testing.TB, duty string, at time.Time, digests ...cert.Digest) cert.Approval {
	t.Helper()
	a := cert.Approval{Duty: duty, StaffID: s.StaffID, At: at, Kind: cert.KindDelegated, Delegation: &s.Signed}
	for _, d := range digests {
		a.Digests = append(a.Digests, d.Hex())
	}
	sum := sha256.Sum256(a.Message())
	r, v, err := ecdsa.Sign(rand.Reader, s.Key, sum[:])
	require.NoError(t, err)
	a.Signature = append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...)
	return a
}

// Entry is a person's own key as the registry holds it, counting from an hour before now.
func (p Person) Entry(now time.Time) cert.StaffKey {
	return cert.NewStaffKey(cert.StaffKey{
		StaffID: p.StaffID, Login: p.Login, No: p.No, Roles: p.Roles, Kind: cert.KindSM2, Storage: cert.SoftwareKey,
	}, p.PublicKey, nil, now.Add(-time.Hour))
}

// Change makes a change of the registry with the signatures of officers.
func Change(t testing.TB, before []byte, officers []Person, at time.Time, add []cert.StaffKey, revoke ...string) cert.RegistryOrder {
	t.Helper()
	var r cert.Registry
	require.NoError(t, json.Unmarshal(before, &r))
	c := r.Change(r.Officers, add, revoke)
	order := cert.RegistryOrder{Change: c.Canonical()}
	for _, o := range officers {
		order.Approvals = append(order.Approvals, o.Approve(t, cert.DutyRegistry, at, c.Digest()))
	}
	return order
}
