package signer

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// registryBody is the record of a change of the registry.
type registryBody struct {
	Change    json.RawMessage `json:"change"`
	Approvals []cert.Approval `json:"approvals"`
}

// Registry tells whose keys count.
func (e *Engine) Registry(context.Context) (cert.RegistryState, error) {
	head, err := e.journal.head()
	if err != nil {
		return cert.RegistryState{}, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	return registryState(e.index.trust.Registry(), head), nil
}

func registryState(r cert.Registry, head cert.JournalHead) cert.RegistryState {
	return cert.RegistryState{Registry: r.Canonical(), Digest: r.Digest().Hex(), JournalHead: head}
}

// ChangeRegistry changes whose keys count, if enough key officers of the registry as it is have signed the change. The
// last change may be sent again and is answered again. It needs no CA key. Fails with Invalid
// "registry_change_malformed", Conflict "registry_moved", Forbidden "officers_missing", "officers_too_few" (the change
// leaves less than init demanded), "software_keys_forbidden" or "passkeys_forbidden", and like an approval.
func (e *Engine) ChangeRegistry(ctx context.Context, in cert.RegistryOrder) (cert.RegistryState, error) {
	c, err := cert.ParseRegistryChange(in.Change)
	if err != nil {
		return cert.RegistryState{}, err
	}
	state, err := e.changeRegistry(ctx, in, c)
	if err != nil {
		return state, e.refuse(ctx, "registry", c.Prev, c.Digest(), err)
	}
	return state, nil
}

func (e *Engine) changeRegistry(ctx context.Context, in cert.RegistryOrder, c cert.RegistryChange) (cert.RegistryState, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.index.change == c.Digest() {
		head, err := e.journal.head()
		return registryState(e.index.trust.Registry(), head), err
	}
	now := e.now()
	next, err := e.index.changed(c, in.Approvals, now)
	if err != nil {
		return cert.RegistryState{}, err
	}
	if err := e.officersRemain(in.Approvals, c, next.Registry(), now); err != nil {
		return cert.RegistryState{}, err
	}
	// Durable before it counts, and nothing is decided meanwhile: a change is rare.
	rec, err := e.journal.note(kindRegistry, registryBody{Change: in.Change, Approvals: in.Approvals})
	if err != nil {
		return cert.RegistryState{}, err
	}
	e.index.setTrust(next, c.Digest())
	e.log.InfoContext(ctx, "registry changed", "number", c.Seq, "added", len(c.Add), "revoked", len(c.Revoke), "seq", rec.Seq)
	return registryState(next.Registry(), headOf(rec)), nil
}

// changed checks a change by the registry before it and makes the one after it.
func (x *index) changed(c cert.RegistryChange, approvals []cert.Approval, now time.Time) (*cert.Trust, error) {
	r, err := x.trust.Registry().Apply(c)
	if err != nil {
		return nil, err
	}
	if err := x.trust.Quorum(approvals, c.Digest(), now); err != nil {
		return nil, err
	}
	return cert.NewTrust(x.trust.Rules(), r)
}

// officersRemain: the keys of those who signed hold now and not only when they say they signed; and afterwards there are
// as many officers with a key that holds as must sign together, which is never less than init demanded. It goes by the
// clock, so that it is asked when a change comes and not again when the journal is read.
func (e *Engine) officersRemain(approvals []cert.Approval, c cert.RegistryChange, next cert.Registry, now time.Time) error {
	for _, a := range approvals {
		who, err := e.index.trust.Approver(a, c.Digest())
		if err != nil {
			return err
		}
		if !who.Holds(now) {
			return fault.New(fault.Forbidden, "approver_key_expired", fault.Args{"login": who.Login})
		}
	}
	officers := map[string]bool{}
	for _, k := range next.Keys {
		if slices.Contains(k.Roles, cert.RoleKeyOfficer) && k.Holds(now.Add(cert.Skew)) {
			officers[k.StaffID] = true
		}
	}
	needed := max(next.Officers, e.data.settings.Needed)
	if next.Officers < needed || len(officers) < needed {
		return fault.New(fault.Forbidden, "officers_too_few", fault.Args{"left": min(next.Officers, len(officers)), "needed": needed})
	}
	return nil
}

func (x *index) setTrust(t *cert.Trust, change cert.Digest) {
	x.trust, x.change = t, change
	x.changes++
}

// applyRegistry replays a change. The signatures are checked again: the hashes of the journal alone do not keep
// somebody who can write its file from adding a key.
func (x *index) applyRegistry(b registryBody, when time.Time) error {
	c, err := cert.ParseRegistryChange(b.Change)
	if err != nil {
		return err
	}
	next, err := x.changed(c, b.Approvals, when)
	if err == nil {
		x.setTrust(next, c.Digest())
	}
	return err
}

// EndDelegation ends a delegation before its time: what was approved by it from now on does not count. Whoever reaches
// the signer may end one, for that takes a right away and gives none. Asked again it answers as before. Fails with
// Invalid "delegation_malformed" on something that is no id.
func (e *Engine) EndDelegation(_ context.Context, in cert.DelegationEnd) (cert.Ended, error) {
	if !cert.IsID(in.ID) {
		return cert.Ended{}, fault.New(fault.Invalid, "delegation_malformed", nil)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	done, ended := e.index.ended[in.ID]
	if !ended {
		rec, err := e.journal.note(kindDelegation, in)
		if err != nil {
			return cert.Ended{}, err
		}
		done = e.index.endDelegation(in.ID, recordTime(rec), headOf(rec))
	}
	return cert.Ended{ID: in.ID, At: cert.FormatTime(done.at), JournalHead: done.head}, nil
}

func (x *index) endDelegation(id string, when time.Time, head cert.JournalHead) answeredOrder {
	done, ended := x.ended[id]
	if !ended {
		done = answeredOrder{at: when, head: head}
		x.ended[id] = done
	}
	return done
}

// lateDelegation is how long after its delegation's end an approval is still taken for the first time. When an approval
// was given is only its key's own word: without a bound, a browser's key that fell into wrong hands could say "during my
// shift" for ever. A verdict may wait for the applicant's money as long as the console lets it live, which is 30 days; a
// shorter bound would send what was approved in time back to the reviewers.
const lateDelegation = 31 * 24 * time.Hour

// delegationsHold refuses approvals that were given after their delegation had ended, and those that come long after it.
func (x *index) delegationsHold(approvals []cert.Approval, now time.Time) error {
	for _, a := range approvals {
		if a.Delegation == nil {
			continue
		}
		d, err := cert.ParseDelegation(a.Delegation.Delegation)
		if err != nil {
			return err
		}
		if done, ended := x.ended[d.ID]; ended && !a.At.Before(done.at) {
			return fault.New(fault.Forbidden, "delegation_revoked", nil)
		}
		if _, end := d.Life(); now.After(end.Add(lateDelegation)) {
			return fault.New(fault.Forbidden, "delegation_expired", nil)
		}
	}
	return nil
}
