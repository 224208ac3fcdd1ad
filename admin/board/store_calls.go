package board

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/order"
)

// callLimit is how many orders of a project the call list shows; who is called makes room for the next.
const callLimit = 50

// Uncalled lists a project's orders whose update has waited since before a moment and whose agent nobody has called, the
// longest waiting first.
func (b *Board) Uncalled(ctx context.Context, a actor.Actor, project uuid.UUID, before time.Time) ([]OrderLine, error) {
	const longest = "o.stage_since, o.id"
	q := b.orders(ctx, a).Where("o.project_id = ? AND o.stage = ? AND o.stage_since < ?", project, order.StageUpdate, before).
		Where("NOT EXISTS (SELECT FROM order_nudge n WHERE n.order_id = o.id AND n.kind = ?)", order.NudgeCalled)
	return b.lines(ctx, q, longest, longest, callLimit)
}
