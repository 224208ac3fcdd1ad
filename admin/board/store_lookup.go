package board

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
)

// Lookup is one typed question of the hotline; exactly one field is set, of a phone both.
type Lookup struct {
	No          string
	PhoneIndex  []byte // of the agent's phone
	LoginIndex  []byte // beside it: the same phone as applicants log in by
	PersonIndex []byte // of the agent's ID number
	OrgNumber   string
	Serial      string // of the old or the new certificate, lower-case hex
	Medium      string
	Holder      string // beginning of the company name, two characters or more
}

// lookupLimit is how many orders an answer lists; a caller with more is asked for the order number.
const lookupLimit = 20

// bySerial finds the orders that a certificate, signing or encryption, was renewed by or came from.
const bySerial = `o.id = ANY (ARRAY(
	SELECT id FROM orders WHERE cert_serial = @serial
	UNION SELECT p.id FROM certificate c JOIN orders p ON p.old_pair_id = c.pair_id WHERE c.serial = @serial
	UNION SELECT r.order_id FROM certificate c JOIN issuance_request r ON r.new_pair_id = c.pair_id WHERE c.serial = @serial))`

// byPhone finds the orders of an agent, and those somebody made who logged in by the phone: the two may differ.
const byPhone = `o.id = ANY (ARRAY(
	SELECT id FROM orders WHERE agent_phone_index = @phone
	UNION SELECT p.id FROM applicant a JOIN orders p ON p.applicant_id = a.id WHERE a.phone_index = @login))`

// Find answers the hotline's question with the newest orders first, at most 20.
func (b *Board) Find(ctx context.Context, a actor.Actor, l Lookup) ([]OrderLine, error) {
	q := b.orders(ctx, a)
	switch {
	case l.No != "":
		q = q.Where("o.no = ?", l.No)
	case l.PhoneIndex != nil:
		q = q.Where(byPhone, map[string]any{"phone": l.PhoneIndex, "login": l.LoginIndex})
	case l.PersonIndex != nil:
		q = q.Where("o.agent_id_index = ?", l.PersonIndex)
	case l.OrgNumber != "":
		q = q.Where("o.org_id_number = ?", l.OrgNumber)
	case l.Serial != "":
		q = q.Where(bySerial, map[string]any{"serial": l.Serial})
	case l.Medium != "":
		q = q.Where("o.medium_no = ?", l.Medium)
	case l.Holder != "":
		return find(b.db.ReadOnly(ctx).Gorm(), orderPrefixes, a, l.Holder, time.Time{}, lookupLimit, func(narrow narrowing) ([]OrderLine, error) {
			return b.lines(ctx, narrow.where(b.orders(ctx, a)), narrow.sort, newestFirst, lookupLimit)
		})
	default:
		return nil, fault.InvalidField("q", "lookup_empty")
	}
	return b.lines(ctx, q, newestFirst, newestFirst, lookupLimit)
}
