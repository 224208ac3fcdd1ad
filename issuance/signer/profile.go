package signer

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// profileBody is the record of a new profile, or of a new revision of one.
type profileBody struct {
	Profile   json.RawMessage `json:"profile"`
	Approvals []cert.Approval `json:"approvals"`
}

// ChangeProfile adds a profile or a new revision of one, if two members of staff have signed its hash. From then on
// only the new revision is issued by. Its last revision may be sent again and is answered again. It needs no CA key.
// Fails with Invalid "profile_malformed", Conflict "profile_revision_wrong", and like an approval.
func (e *Engine) ChangeProfile(ctx context.Context, in cert.ProfileOrder) (cert.ProfileState, error) {
	p, err := cert.ParseProfile(in.Profile)
	if err != nil {
		return cert.ProfileState{}, err
	}
	state, err := e.changeProfile(ctx, in, p)
	if err != nil {
		return state, e.refuse(ctx, "profile", p.ID, p.Hash(), err)
	}
	return state, nil
}

func (e *Engine) changeProfile(ctx context.Context, in cert.ProfileOrder, p cert.Profile) (cert.ProfileState, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	state := cert.ProfileState{ProfileRef: p.Ref(), Revision: p.Revision}
	var err error
	if e.index.profiles[p.ID].Ref() == p.Ref() {
		state.JournalHead, err = e.journal.head()
		return state, err
	}
	if err := e.index.profileAllowed(p, in.Approvals, e.now()); err != nil {
		return state, err
	}
	rec, err := e.journal.note(kindProfile, profileBody{Profile: in.Profile, Approvals: in.Approvals})
	if err != nil {
		return state, err
	}
	e.index.setProfile(p)
	e.log.InfoContext(ctx, "profile changed", "profile", p.ID, "revision", p.Revision, "seq", rec.Seq)
	state.JournalHead = headOf(rec)
	return state, nil
}

func (x *index) profileAllowed(p cert.Profile, approvals []cert.Approval, now time.Time) error {
	if before := x.profiles[p.ID]; p.Revision != before.Revision+1 {
		return fault.New(fault.Conflict, "profile_revision_wrong", fault.Args{"revision": before.Revision})
	}
	return x.trust.Pair([2]string{cert.DutyProfile, cert.DutyProfileCheck}, approvals, p.Hash(), now.Add(cert.Skew), now)
}

// applyProfile replays a change, with its signatures, as applyRegistry does.
func (x *index) applyProfile(b profileBody, when time.Time) error {
	p, err := cert.ParseProfile(b.Profile)
	if err != nil {
		return err
	}
	if err := x.profileAllowed(p, b.Approvals, when); err != nil {
		return err
	}
	x.setProfile(p)
	return nil
}

func (x *index) setProfile(p cert.Profile) {
	x.profiles[p.ID] = p
	x.changes++
}

// allProfiles are the last revisions, by id.
func (x *index) allProfiles() [][]byte {
	var out [][]byte
	for _, id := range slices.Sorted(maps.Keys(x.profiles)) {
		out = append(out, x.profiles[id].Canonical())
	}
	return out
}
