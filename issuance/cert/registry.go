package cert

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"caconsole/admin/fault"
)

// Where the private half of a staff key lies.
const (
	SoftwareKey = "software" // in a file or a database: for demonstrations only, must be allowed at init
	UkeyKey     = "ukey"     // in the person's own Ukey
	DeviceKey   = "device"   // in the authenticator of a passkey
)

// RoleKeyOfficer is the role of those who change the registry, k of them together.
const RoleKeyOfficer = "key_officer"

// StaffKey is a key of a member of staff whose signature counts, with the person it belongs to.
type StaffKey struct {
	StaffID      string   `json:"staff_id"` // UUID in the console
	Login        string   `json:"login"`
	No           string   `json:"no"` // staff number: one person has one, however many accounts
	Roles        []string `json:"roles"`
	Kind         string   `json:"kind"`          // KindSM2 or KindWebAuthn
	PublicKey    string   `json:"public_key"`    // SubjectPublicKeyInfo, DER, base64
	CredentialID string   `json:"credential_id"` // of a passkey, base64; "" for a Ukey
	Storage      string   `json:"storage"`       // SoftwareKey, UkeyKey or DeviceKey
	NotBefore    string   `json:"not_before"`    // RFC 3339, UTC, whole seconds
	NotAfter     string   `json:"not_after"`     // likewise; "" for no end
}

// ID names the key: the SM3 (hex) of its public half.
func (k StaffKey) ID() string { return SM3(k.PublicDER()).Hex() }

// PublicDER is the public half; nil if it is malformed.
func (k StaffKey) PublicDER() []byte { return parseBase64(k.PublicKey) }

// Credential is the id of the passkey; nil for a Ukey.
func (k StaffKey) Credential() []byte { return parseBase64(k.CredentialID) }

// Public reads the public half: SM2 or P-256, as the kind says.
func (k StaffKey) Public() (*ecdsa.PublicKey, error) {
	if k.Kind == KindWebAuthn {
		return ParsePasskey(k.PublicDER())
	}
	return ParseKey(k.PublicDER())
}

// Holds reports whether a time lies in the key's life.
func (k StaffKey) Holds(at time.Time) bool {
	if at.Before(parseTime(k.NotBefore)) {
		return false
	}
	return k.NotAfter == "" || !at.After(parseTime(k.NotAfter))
}

// Check finds what is wrong with a key in itself.
func (k StaffKey) Check() error {
	if k.StaffID == "" || k.Login == "" || k.No == "" || len(k.Roles) == 0 {
		return fmt.Errorf("%q lacks an id, a login, a number or roles", k.Login)
	}
	if k.Kind != KindSM2 && k.Kind != KindWebAuthn {
		return fmt.Errorf("%q has a key of kind %q", k.Login, k.Kind)
	}
	pub, err := k.Public()
	if err != nil {
		return err
	}
	if k.Kind == KindSM2 {
		// One key, one way to write it: its id is a digest of the bytes.
		if der, err := EncodeKey(pub); err != nil || !bytes.Equal(der, k.PublicDER()) {
			return fmt.Errorf("the key of %q is not written as id-ecPublicKey with the SM2 curve", k.Login)
		}
	}
	if (k.Kind == KindWebAuthn) != (len(k.Credential()) > 0) {
		return fmt.Errorf("the key of %q and its credential do not fit", k.Login)
	}
	if !slices.Contains([]string{SoftwareKey, UkeyKey, DeviceKey}, k.Storage) || k.Storage == UkeyKey && k.Kind != KindSM2 || k.Storage == DeviceKey && k.Kind != KindWebAuthn {
		return fmt.Errorf("%q has a key of kind %q stored in %q", k.Login, k.Kind, k.Storage)
	}
	from, to := parseTime(k.NotBefore), parseTime(k.NotAfter)
	if from.IsZero() || k.NotAfter != "" && !from.Before(to) {
		return fmt.Errorf("the key of %q has no life", k.Login)
	}
	return nil
}

// NewStaffKey makes the entry of a public key (DER) that holds from a time on.
func NewStaffKey(k StaffKey, public, credential []byte, from time.Time) StaffKey {
	k.PublicKey = base64.StdEncoding.EncodeToString(public)
	k.CredentialID = base64.StdEncoding.EncodeToString(credential)
	k.NotBefore = FormatTime(from)
	return k
}

// Registry is the signer's list of staff keys at one time.
type Registry struct {
	V        int        `json:"v"`
	Seq      uint64     `json:"seq"`      // number of the change that led here; 1 is what init fixed
	Officers int        `json:"officers"` // key officers who must sign a change together
	Keys     []StaffKey `json:"keys"`     // that count, in the order they were added
	Revoked  []string   `json:"revoked"`  // ids of those that no longer do
}

// Canonical returns the registry by RFC 8785.
func (r Registry) Canonical() []byte { return canonical(r) }

// Digest is the SM3 of Canonical.
func (r Registry) Digest() Digest { return SM3(r.Canonical()) }

// ParseRegistry accepts canonical bytes only. Fails with Invalid "registry_malformed".
func ParseRegistry(raw []byte) (Registry, error) {
	return parseCanonical(raw, Registry.Check, "registry_malformed")
}

// RegistryChange is what key officers sign to change the registry.
type RegistryChange struct {
	V        int        `json:"v"`
	Seq      uint64     `json:"seq"`      // one more than the registry's
	Prev     string     `json:"prev"`     // digest (hex) of the registry before
	Officers int        `json:"officers"` // how many officers must sign from now on
	Add      []StaffKey `json:"add"`
	Revoke   []string   `json:"revoke"` // ids of keys
}

// Canonical returns the bytes whose digest is approved.
func (c RegistryChange) Canonical() []byte { return canonical(c) }

// Digest is the SM3 of Canonical.
func (c RegistryChange) Digest() Digest { return SM3(c.Canonical()) }

// ParseRegistryChange accepts canonical bytes only. Fails with Invalid "registry_change_malformed".
func ParseRegistryChange(raw []byte) (RegistryChange, error) {
	return parseCanonical(raw, RegistryChange.check, "registry_change_malformed")
}

func (c RegistryChange) check() error {
	if c.V != Version || c.Seq < 2 || c.Officers < 1 {
		return fmt.Errorf("version %d, number %d, %d officers", c.V, c.Seq, c.Officers)
	}
	if c.Add == nil || c.Revoke == nil {
		return errors.New("a list is missing")
	}
	for _, d := range append(slices.Clone(c.Revoke), c.Prev) {
		if _, err := ParseDigest(d); err != nil {
			return err
		}
	}
	for _, k := range c.Add {
		if err := k.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Change prepares a change of the registry, to be signed by its officers.
func (r Registry) Change(officers int, add []StaffKey, revoke []string) RegistryChange {
	return RegistryChange{
		V: Version, Seq: r.Seq + 1, Prev: r.Digest().Hex(), Officers: officers,
		Add: append([]StaffKey{}, add...), Revoke: append([]string{}, revoke...),
	}
}

// Apply makes the registry after a change. Whether its officers signed it is not asked here. Fails with Conflict
// "registry_moved" where the change is for another registry, with Invalid "registry_change_malformed" where the result
// would not be sound.
func (r Registry) Apply(c RegistryChange) (Registry, error) {
	if c.Seq != r.Seq+1 || c.Prev != r.Digest().Hex() {
		return Registry{}, fault.New(fault.Conflict, "registry_moved", fault.Args{"seq": r.Seq})
	}
	out := Registry{V: r.V, Seq: c.Seq, Officers: c.Officers, Keys: slices.Clone(r.Keys), Revoked: slices.Clone(r.Revoked)}
	for _, id := range c.Revoke {
		i := slices.IndexFunc(out.Keys, func(k StaffKey) bool { return k.ID() == id })
		if i < 0 {
			return Registry{}, registryFault(fmt.Errorf("key %s is not there to be revoked", id))
		}
		out.Keys, out.Revoked = slices.Delete(out.Keys, i, i+1), append(out.Revoked, id)
	}
	out.Keys = append(out.Keys, c.Add...)
	if err := out.Check(); err != nil {
		return Registry{}, registryFault(err)
	}
	return out, nil
}

// Check finds what is wrong with a registry: each key once and never one that was revoked; a person is one login, one
// number and one set of roles; an officer is nothing else, and there are enough of them.
func (r Registry) Check() error {
	people, ids, officers := map[string]StaffKey{}, map[string]bool{}, map[string]bool{}
	for _, k := range r.Keys {
		if err := k.Check(); err != nil {
			return err
		}
		if ids[k.ID()] || slices.Contains(r.Revoked, k.ID()) {
			return fmt.Errorf("the key of %q is there twice, or was revoked", k.Login)
		}
		ids[k.ID()] = true
		for id, other := range people {
			if same := id == k.StaffID; same != (other.Login == k.Login) || same != (other.No == k.No) || same && !slices.Equal(other.Roles, k.Roles) {
				return fmt.Errorf("%q and %q are not clearly one person or two", k.Login, other.Login)
			}
		}
		people[k.StaffID] = k
		if slices.Contains(k.Roles, RoleKeyOfficer) {
			if len(k.Roles) > 1 {
				return fmt.Errorf("%q is a key officer and more", k.Login)
			}
			officers[k.StaffID] = true
		}
	}
	if r.V != Version || r.Seq < 1 || r.Officers < 1 || len(officers) < r.Officers {
		return fmt.Errorf("version %d, number %d, %d of %d officers", r.V, r.Seq, r.Officers, len(officers))
	}
	return nil
}

func registryFault(cause error) error {
	return &fault.Error{Kind: fault.Invalid, Key: "registry_change_malformed", Cause: cause}
}

// From is when the key begins to count; the zero time if it is malformed.
func (k StaffKey) From() time.Time { return parseTime(k.NotBefore) }

// Until is when it ends; the zero time for no end.
func (k StaffKey) Until() time.Time { return parseTime(k.NotAfter) }
