package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/issuance"
)

// SigningKeys tells by which keys of theirs a person can sign for a duty.
func (f *Flow) SigningKeys(ctx context.Context, a actor.Actor, duty string) (issuance.SigningKeys, error) {
	return f.Issuance.SigningKeys(ctx, f.DB.Read(ctx), a, duty)
}
