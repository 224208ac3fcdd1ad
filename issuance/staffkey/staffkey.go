// Package staffkey keeps what leads to the signer's registry of staff keys: a person shows that a key is theirs and asks
// for it to count (a request), key officers put requests and revocations together into one change of the registry, which
// enough of them sign. What counts is the signer's registry alone; nothing here makes a signature good.
//
//	request: open ─► enrolled (the registry has the key)        change: open ─► done (the signer took it)
//	          │ └──► refused  (by an officer, with the reason)            │ └──► outdated (the registry moved; what is
//	          └────► withdrawn (by its person)                            │                left is composed anew)
//	                                                                      └────► withdrawn ─► open, composed the same again
package staffkey

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

// States of a request.
const (
	Open      = "open"
	Enrolled  = "enrolled"
	Refused   = "refused"
	Withdrawn = "withdrawn"
)

// States of a change, besides Open and Withdrawn.
const (
	Done     = "done"
	Outdated = "outdated"
)

// challengeLife is how long a person has to find their key.
const challengeLife = 5 * time.Minute

func init() {
	pg.Constraint("staff_key_request_once", fault.Conflict, "key_requested")
	pg.Constraint("registry_change_one_open", fault.Conflict, "registry_change_open")
}

// Keys holds no state of its own.
type Keys struct{ now func() time.Time }

// New makes it.
func New(now func() time.Time) *Keys { return &Keys{now: now} }

// Person is who asks for a key to count, in which session.
type Person struct {
	ID      uuid.UUID
	Login   string
	Name    string
	Session uuid.UUID
}

// Challenge is what a person is asked to sign, once.
type Challenge struct {
	ID      uuid.UUID
	Message []byte // of a Ukey
	Options []byte // of a passkey: PublicKeyCredentialCreationOptions, JSON
}

// Shown is a key whose possession was shown.
type Shown struct {
	Kind       string // cert.KindSM2 or cert.KindWebAuthn
	Public     []byte // SubjectPublicKeyInfo, DER
	Credential []byte // of a passkey
	Proof      []byte // JSON
}

// ID names the key as cert.StaffKey.ID does.
func (s Shown) ID() string { return cert.SM3(s.Public).Hex() }

// Request is a key that somebody asked to have counted.
type Request struct {
	ID         uuid.UUID
	StaffID    uuid.UUID
	Kind       string
	Public     []byte
	Credential []byte
	State      string
	Reason     string // why it was refused
	CreatedAt  time.Time
	EndedAt    time.Time
}

// KeyID names the key as cert.StaffKey.ID does.
func (r Request) KeyID() string { return cert.SM3(r.Public).Hex() }

// Storage is where the private half lies, as the registry has it.
func (r Request) Storage() string {
	if r.Kind == cert.KindWebAuthn {
		return cert.DeviceKey
	}
	return cert.UkeyKey
}

// Entry is the registry's entry of the key for its person as they are, counting from a time on and until another, which
// may be zero.
func (r Request) Entry(login, no string, roles []string, from, until time.Time) cert.StaffKey {
	k := cert.StaffKey{StaffID: r.StaffID.String(), Login: login, No: no, Roles: roles, Kind: r.Kind, Storage: r.Storage()}
	if !until.IsZero() {
		k.NotAfter = cert.FormatTime(until)
	}
	return cert.NewStaffKey(k, r.Public, r.Credential, from)
}

// Change is a change of the registry as the officers composed it.
type Change struct {
	cert.RegistryChange
	Sum       cert.Digest // over which the officers sign
	State     string
	CreatedBy uuid.UUID
	CreatedAt time.Time
	Refusal   *fault.Error // why the signer did not take it
}
