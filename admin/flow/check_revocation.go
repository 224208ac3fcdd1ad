package flow

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// CheckRevocationToSign says what the second person signs. It refuses all that CheckRevocation refuses.
func (f *Flow) CheckRevocationToSign(ctx context.Context, a actor.Actor, id uuid.UUID) (issuance.ToSign, error) {
	var out issuance.ToSign
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.toCheck(ctx, tx, a, id)
		if err != nil {
			return err
		}
		out = f.Issuance.ToSign(cert.DutyRevokeCheck, r.Digest)
		return nil
	})
	return out, f.revocationRefused(ctx, a, "revocation.approved", id, err)
}

// CheckRevocation is the second of the two signatures: from here on the signer is asked until it has answered. Fails with
// NotFound "revocation_unknown", Conflict "four_eyes", "revocation_moved" or "revocation_expired", and like
// issuance.Service.Approval.
func (f *Flow) CheckRevocation(ctx context.Context, a actor.Actor, id uuid.UUID, sig issuance.Signature) error {
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.toCheck(ctx, tx, a, id)
		if err != nil {
			return err
		}
		signed, err := f.Issuance.Approval(ctx, tx, a, cert.DutyRevokeCheck, []cert.Digest{r.Digest}, sig)
		if err != nil {
			return err
		}
		if err := f.Issuance.KeepApproval(ctx, tx, r.Digest, signed); err != nil {
			return err
		}
		if err := f.Issuance.MoveRevocation(ctx, tx, id, issuance.RevocationProposed, issuance.RevocationApproved, ""); err != nil {
			return err
		}
		if err := audit.Append(ctx, tx, a, f.Now(), revocationEntry("revocation.approved", r, "")); err != nil {
			return err
		}
		return f.Jobs.Enqueue(ctx, tx, RevokeArgs{RevocationID: id})
	})
	return f.revocationRefused(ctx, a, "revocation.approved", id, err)
}

// toCheck locks a revocation that waits for its second person, who must be somebody else.
func (f *Flow) toCheck(ctx context.Context, tx pg.Tx, a actor.Actor, id uuid.UUID) (issuance.Revocation, error) {
	r, err := f.Issuance.LockRevocation(ctx, tx, a, id)
	switch {
	case err != nil:
		return r, err
	case r.State != issuance.RevocationProposed:
		return r, fault.New(fault.Conflict, "revocation_moved", nil)
	case f.Now().After(r.ExpiresAt):
		return r, fault.New(fault.Conflict, "revocation_expired", nil)
	}
	return r, fourEyesOn(r, a)
}

// RefuseRevocation is the second person's no, with the reason. Fails like CheckRevocation, and with Invalid on "words".
func (f *Flow) RefuseRevocation(ctx context.Context, a actor.Actor, id uuid.UUID, words string) error {
	words = strings.TrimSpace(words)
	if key := issuance.WordsWrong(words); key != "" {
		return fault.InvalidField("words", key)
	}
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.toCheck(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := f.Issuance.MoveRevocation(ctx, tx, id, issuance.RevocationProposed, issuance.RevocationRefused, words); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), revocationEntry("revocation.refused", r, words))
	})
	return f.revocationRefused(ctx, a, "revocation.refused", id, err)
}
