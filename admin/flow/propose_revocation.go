package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// ProposeRevocationToSign says what the first of two persons signs to have a pair revoked. Fails like ProposeRevocation.
func (f *Flow) ProposeRevocationToSign(ctx context.Context, a actor.Actor, in issuance.Proposal) (issuance.ToSign, error) {
	var out issuance.ToSign
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Issuance.Draft(ctx, tx, a, in)
		if err != nil {
			return err
		}
		out = f.Issuance.ToSign(cert.DutyRevoke, r.Digest)
		return nil
	})
	return out, err
}

// ProposeRevocation is the first of the two signatures under which the signer revokes: it names both certificates of a
// pair, the reason, who asked for it and the grounds. It waits for a second person. Fails like
// issuance.Service.Draft and Approval.
func (f *Flow) ProposeRevocation(ctx context.Context, a actor.Actor, in issuance.Proposal, sig issuance.Signature) (uuid.UUID, error) {
	var id uuid.UUID
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Issuance.Draft(ctx, tx, a, in)
		if err != nil {
			return err
		}
		id = r.ID
		signed, err := f.Issuance.Approval(ctx, tx, a, cert.DutyRevoke, []cert.Digest{r.Digest}, sig)
		if err != nil {
			return err
		}
		if err := f.Issuance.MoveRevocation(ctx, tx, r.ID, issuance.RevocationDraft, issuance.RevocationProposed, ""); err != nil {
			return err
		}
		if err := f.Issuance.KeepApproval(ctx, tx, r.Digest, signed); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), revocationEntry("revocation.proposed", r, r.Grounds))
	})
	return id, f.revocationRefused(ctx, a, "revocation.proposed", id, err)
}

// revocationEntry is the audit entry of an act on a revocation.
func revocationEntry(action string, r issuance.Revocation, reason string) audit.Entry {
	return audit.Entry{
		Action: action, Object: "revocation:" + r.ID.String(), Project: r.Project, Reason: reason,
		Details: map[string]any{"serials": r.Serials, "reason": r.Reason, "asked_by": r.AskedBy},
	}
}

// revocationRefused puts an act on record that was refused for who tried it, and returns why. See fourEyes.
func (f *Flow) revocationRefused(ctx context.Context, a actor.Actor, act string, id uuid.UUID, refused error) error {
	return f.refusedFor(ctx, a, act, "revocation:"+id.String(), refused)
}

// fourEyesOn refuses the second duty to whoever has the first.
func fourEyesOn(r issuance.Revocation, a actor.Actor) error {
	if r.CreatedBy == a.ID {
		return fault.New(fault.Conflict, "four_eyes", nil)
	}
	return nil
}
