package signer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// revokedBody is the record of a revocation.
type revokedBody struct {
	Revocation json.RawMessage `json:"revocation"`
	Approvals  []cert.Approval `json:"approvals"`
}

// revokers are the duties of the two who sign a revocation.
var revokers = [2]string{cert.DutyRevoke, cert.DutyRevokeCheck}

// Revoke revokes certificates of this CA, if two members of staff have signed the revocation; they stand on every list
// from the next one on. It needs no CA key. The same revocation is answered as before. Fails with Invalid
// "revocation_malformed", Conflict "revocation_expired", "request_id_reused" or "already_revoked", NotFound
// "serial_unknown", and like an approval.
func (e *Engine) Revoke(ctx context.Context, in cert.RevocationOrder) (cert.Revoked, error) {
	r, err := cert.ParseRevocation(in.Revocation)
	if err != nil {
		return cert.Revoked{}, err
	}
	done, err := e.revoke(ctx, in, r)
	if err != nil {
		return cert.Revoked{}, e.refuse(ctx, "revoke", r.ID, r.Digest(), err)
	}
	return cert.Revoked{ID: r.ID, At: cert.FormatTime(done.at), JournalHead: done.head}, nil
}

func (e *Engine) revoke(ctx context.Context, in cert.RevocationOrder, r cert.Revocation) (answeredOrder, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if done, seen := e.index.revocations[r.ID]; seen {
		if done.digest != r.Digest() {
			return done, fault.New(fault.Conflict, "request_id_reused", nil)
		}
		return done, nil
	}
	now := e.now()
	if now.After(r.ExpiresAt()) {
		return answeredOrder{}, fault.New(fault.Conflict, "revocation_expired", nil)
	}
	if err := e.index.trust.Pair(revokers, in.Approvals, r.Digest(), r.ExpiresAt(), now); err != nil {
		return answeredOrder{}, err
	}
	if err := e.index.revocable(r); err != nil {
		return answeredOrder{}, err
	}
	rec, err := e.journal.note(kindRevoked, revokedBody{Revocation: in.Revocation, Approvals: in.Approvals})
	if err != nil {
		return answeredOrder{}, err
	}
	e.index.revoked(r, recordTime(rec), headOf(rec))
	e.log.InfoContext(ctx, "certificates revoked", "id", r.ID, "serials", r.Serials, "reason", r.Reason, "seq", rec.Seq)
	return e.index.revocations[r.ID], nil
}

// revocable: each serial is of a certificate that this signer issued, and not revoked yet.
func (x *index) revocable(r cert.Revocation) error {
	for _, s := range r.Serials {
		if _, gone := x.withdrawn[cert.Serial(s)]; gone {
			return fault.New(fault.Conflict, "already_revoked", fault.Args{"serial": s})
		}
		if k := x.serials[cert.Serial(s)]; k == nil || k.state != stateIssued {
			return fault.New(fault.NotFound, "serial_unknown", fault.Args{"serial": s})
		}
	}
	return nil
}

// applyRevoked replays a revocation, with its signatures, as applyRegistry does.
func (x *index) applyRevoked(b revokedBody, when time.Time, head cert.JournalHead) error {
	r, err := cert.ParseRevocation(b.Revocation)
	if err != nil {
		return err
	}
	if _, seen := x.revocations[r.ID]; seen {
		return fmt.Errorf("second revocation %s", r.ID)
	}
	if err := x.trust.Pair(revokers, b.Approvals, r.Digest(), r.ExpiresAt(), when.Add(cert.Skew)); err != nil {
		return err
	}
	if err := x.revocable(r); err != nil {
		return err
	}
	x.revoked(r, when, head)
	return nil
}
