package board

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// Lookup is one typed question of the hotline; exactly one field is set.
type Lookup struct {
	No         string
	PhoneIndex []byte
	OrgNumber  string
	Serial     string // of the old or the new certificate, lower-case hex
	Medium     string
	Holder     string // beginning of the company name
}

// lookupLimit is how many orders an answer lists; a caller with more is asked for the order number.
const lookupLimit = 20

// Find answers the hotline's question with the newest orders first, at most 20.
func (b *Board) Find(ctx context.Context, a actor.Actor, l Lookup) ([]OrderLine, error) {
	q := b.orders(ctx, a)
	switch {
	case l.No != "":
		q = q.Where("o.no = ?", l.No)
	case l.PhoneIndex != nil:
		q = q.Where("o.agent_phone_index = ?", l.PhoneIndex)
	case l.OrgNumber != "":
		q = q.Where("o.org_id_number = ?", l.OrgNumber)
	case l.Serial != "":
		q = q.Where("o.cert_serial = ? OR o.old_pair_id IN (SELECT pair_id FROM certificate WHERE serial = ?)", l.Serial, l.Serial)
	case l.Medium != "":
		q = q.Where("o.medium_no = ?", l.Medium)
	case l.Holder != "":
		q = q.Where("o.holder LIKE ?", escapeLike(l.Holder)+"%")
	default:
		return nil, fault.InvalidField("q", "lookup_empty")
	}
	var rows []OrderLine
	err := q.Select(orderColumns).Order("o.created_at DESC, o.id DESC").Limit(lookupLimit).Scan(&rows).Error
	return rows, pg.Fault(err)
}
