package board

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/actor"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// callLimit is how many orders of a project the call list shows; who is called makes room for the next.
const callLimit = 50

// Uncalled lists a project's orders whose update has waited since before a moment and whose agent nobody has called, the
// longest waiting first. Those that were left to their holder are not among them.
func (b *Board) Uncalled(ctx context.Context, a actor.Actor, project uuid.UUID, before time.Time) ([]OrderLine, error) {
	const longest = "o.stage_since, o.id"
	q := b.unfetched(ctx, a, project, before).
		Where("NOT EXISTS (SELECT FROM order_nudge n WHERE n.order_id = o.id AND n.kind = ?)", order.NudgeCalled).
		Where("NOT EXISTS (SELECT FROM update_decision d WHERE d.order_id = o.id AND d.decision = ?)", order.Rest)
	return b.lines(ctx, q, longest, longest, callLimit)
}

// Undecided is a renewal that nobody fetches and nobody has decided about.
type Undecided struct {
	OrderLine
	NewSerial string // of the new sign certificate; "" where the Ukey has yet to authorise it
	Called    bool
}

// Undecided lists a project's orders whose update has waited since before a moment, whatever was done about them, but for
// those that were given more time or left to their holder. The longest waiting come first.
func (b *Board) Undecided(ctx context.Context, a actor.Actor, project uuid.UUID, before time.Time) ([]Undecided, error) {
	const longest = "o.stage_since, o.id"
	q := b.unfetched(ctx, a, project, before).
		Where("NOT EXISTS (SELECT FROM update_decision d WHERE d.order_id = o.id AND (d.decision = ? OR d.until > ?))", order.Rest, b.now())
	lines, err := b.lines(ctx, q, longest, longest, callLimit)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	ids := make([]uuid.UUID, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	type more struct {
		ID        uuid.UUID
		NewSerial string
		Called    bool
	}
	var found []more
	err = b.db.ReadOnly(ctx).Gorm().Table("orders o").Where("o.id IN ?", ids).
		Joins("LEFT JOIN certificate_state st ON st.pair_id = o.old_pair_id").
		Joins("LEFT JOIN certificate n ON n.pair_id = st.successor AND n.kind = 'sign'").
		Select(`o.id, coalesce(n.serial, '') AS new_serial,
		EXISTS (SELECT FROM order_nudge c WHERE c.order_id = o.id AND c.kind = ?) AS called`, order.NudgeCalled).Scan(&found).Error
	byID := make(map[uuid.UUID]more, len(found))
	for _, m := range found {
		byID[m.ID] = m
	}
	out := make([]Undecided, len(lines))
	for i, l := range lines {
		out[i] = Undecided{OrderLine: l, NewSerial: byID[l.ID].NewSerial, Called: byID[l.ID].Called}
	}
	return out, pg.Fault(err)
}

func (b *Board) unfetched(ctx context.Context, a actor.Actor, project uuid.UUID, before time.Time) *gorm.DB {
	return b.orders(ctx, a).Where("o.project_id = ? AND o.stage = ? AND o.stage_since < ?", project, order.StageUpdate, before)
}
