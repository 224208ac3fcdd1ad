package flow

import (
	"context"
	"log/slog"
	"slices"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/staff"
	"caconsole/issuance/cert"
	"caconsole/issuance/staffkey"
)

// KeyRegistry is what a key officer sees.
type KeyRegistry struct {
	Registry cert.Registry
	Rules    cert.TrustRules
	Keys     []RegisteredKey
	Requests []AskedKey
	Change   *OpenChange  // nil where none is open
	Signer   *cert.Status // nil where the signer does not answer
	Unknown  bool         // the signer was never heard: nothing is known of its registry
}

// RegisteredKey is a key that counts, with its person as they are now.
type RegisteredKey struct {
	cert.StaffKey
	Name    string // "" where there is no such account any more
	Differs string // catalogue "staffkeys.differs.<word>": how the person is no longer who the registry says; "" where they are
}

// AskedKey is a request with its person.
type AskedKey struct {
	staffkey.Request
	Who      staff.Member
	InChange bool
}

// OpenChange is the change that is being signed.
type OpenChange struct {
	staffkey.Change
	By     staff.Member
	Adds   []RegisteredKey
	Takes  []RegisteredKey
	Signed []Signer
	Needed int
	Mine   bool // the reader has signed it
}

// Signer is a key officer who signed a change.
type Signer struct {
	cert.Approval
	Who staff.Member
}

// KeyRegistry reads it.
func (f *Flow) KeyRegistry(ctx context.Context, a actor.Actor) (KeyRegistry, error) {
	q := f.DB.Read(ctx)
	trust, err := f.Issuance.Trust(ctx, q)
	if fault.HasKey(err, "signer_unknown") {
		return KeyRegistry{Unknown: true}, nil
	}
	if err != nil {
		return KeyRegistry{}, err
	}
	people, err := f.people(ctx)
	if err != nil {
		return KeyRegistry{}, err
	}
	out := KeyRegistry{Registry: trust.Registry(), Rules: trust.Rules()}
	for _, k := range out.Registry.Keys {
		out.Keys = append(out.Keys, registered(k, people))
	}
	change, err := f.openChange(ctx, a, out.Registry, people)
	if err == nil {
		out.Change = &change
	} else if !fault.Is(err, fault.NotFound) {
		return out, err
	}
	asked, err := f.Keys.OpenRequests(ctx, q, manyAsked)
	if err != nil {
		return out, err
	}
	for _, r := range asked {
		in := out.Change != nil && slices.ContainsFunc(out.Change.Add, func(k cert.StaffKey) bool { return k.ID() == r.KeyID() })
		out.Requests = append(out.Requests, AskedKey{r, people[r.StaffID], in})
	}
	if st, err := f.Issuance.Status(ctx); err == nil {
		out.Signer = &st
	} else {
		f.Log.WarnContext(ctx, "signer does not say how it is", slog.Any("error", err))
	}
	return out, nil
}

// manyAsked bounds the requests on the officers' page.
const manyAsked = 200

func (f *Flow) people(ctx context.Context) (map[uuid.UUID]staff.Member, error) {
	lines, err := f.Staff.List(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]staff.Member, len(lines))
	for _, l := range lines {
		out[l.ID] = l.Member
	}
	return out, nil
}

func registered(k cert.StaffKey, people map[uuid.UUID]staff.Member) RegisteredKey {
	id, err := uuid.Parse(k.StaffID)
	m, known := people[id]
	return RegisteredKey{k, m.Name, staffkey.Difference(k, known && err == nil, m.State == staff.Active, m.Login, m.No, m.Roles)}
}

// openChange is the change that is open. Fails with NotFound where none is.
func (f *Flow) openChange(ctx context.Context, a actor.Actor, r cert.Registry, people map[uuid.UUID]staff.Member) (OpenChange, error) {
	q := f.DB.Read(ctx)
	c, err := f.Keys.OpenChange(ctx, q, false)
	if err != nil {
		return OpenChange{}, err
	}
	out := OpenChange{Change: c, By: people[c.CreatedBy], Needed: r.Officers}
	for _, k := range c.Add {
		out.Adds = append(out.Adds, registered(k, people))
	}
	for _, k := range r.Keys {
		if slices.Contains(c.Revoke, k.ID()) {
			out.Takes = append(out.Takes, registered(k, people))
		}
	}
	signed, err := f.Issuance.ApprovalsOf(ctx, q, c.Sum)
	if err != nil {
		return OpenChange{}, err
	}
	for _, s := range signed {
		id, err := uuid.Parse(s.StaffID)
		if err != nil {
			return OpenChange{}, fault.Wrap("approver_unknown", err)
		}
		out.Signed, out.Mine = append(out.Signed, Signer{s, people[id]}), out.Mine || id == a.ID
	}
	return out, nil
}
