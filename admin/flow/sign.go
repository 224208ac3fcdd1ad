package flow

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// sign makes a member's approval over a list of authorisations with the software key the console keeps for them. Only a
// demo has such keys: the signer was told at its making whether to take them.
func (f *Flow) sign(ctx context.Context, q pg.Q, a actor.Actor, duty string, digests []cert.Digest) (issuance.Approval, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return issuance.Approval{}, fault.Wrap("approval_id", err)
	}
	at := f.Now().UTC().Truncate(time.Second)
	list := make([]string, 0, len(digests))
	for _, d := range digests {
		list = append(list, d.Hex())
	}
	key, signature, err := f.Staff.SignApproval(ctx, q, a.ID, cert.ApprovalMessage(duty, at, list))
	if err != nil {
		return issuance.Approval{}, err
	}
	return issuance.Approval{ID: id, Duty: duty, StaffID: a.ID, At: at, Digests: digests, Signature: signature, PublicKey: key}, nil
}
