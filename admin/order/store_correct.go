package order

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

// Entry is what an applicant entered of an order and may put right until the signer is asked.
type Entry struct {
	Years       int
	AmountFen   money.Fen
	OrgIDKind   string
	OrgIDNumber string
	OrgIDFlag   string
	Agent       Person
	Legal       Person // Name empty where there is none
}

// Correct writes an entry over the one an order had and returns the order. fields name what changed, for the audit trail,
// which keeps no value of it. The caller holds the order's lock, has checked every value, and moves the gates that rest
// on them.
func (o *Orders) Correct(ctx context.Context, tx pg.Tx, a actor.Actor, no string, e Entry, fields []string) (Order, error) {
	r, err := o.lock(tx, a, no)
	if err != nil {
		return Order{}, err
	}
	r.Years, r.AmountFen = e.Years, e.AmountFen
	r.OrgIDKind, r.OrgIDNumber, r.OrgIDFlag = e.OrgIDKind, e.OrgIDNumber, e.OrgIDFlag
	r.UpdatedAt = o.now()
	if err := o.sealPersons(&r, e.Agent, e.Legal); err != nil {
		return Order{}, err
	}
	if err := tx.Gorm().Model(&row{}).Where("id = ?", r.ID).Updates(r.entry()).Error; err != nil {
		return Order{}, pg.Fault(err)
	}
	return r.order(), audit.Append(ctx, tx, a, r.UpdatedAt, audit.Entry{
		Action: "order.corrected", Object: "order:" + r.No, Project: r.ProjectID, Outcome: audit.OK, Details: map[string]any{"fields": fields},
	})
}

// entry are the columns that Correct may write.
func (r row) entry() map[string]any {
	return map[string]any{
		"years": r.Years, "amount_fen": r.AmountFen,
		"org_id_kind": r.OrgIDKind, "org_id_number": r.OrgIDNumber, "org_id_flag": r.OrgIDFlag,
		"agent_name_sealed": r.AgentNameSealed, "agent_name_index": r.AgentNameIndex, "agent_name_mask": r.AgentNameMask,
		"agent_id_sealed": r.AgentIDSealed, "agent_id_index": r.AgentIDIndex, "agent_id_mask": r.AgentIDMask,
		"agent_phone_sealed": r.AgentPhoneSealed, "agent_phone_index": r.AgentPhoneIndex, "agent_phone_mask": r.AgentPhoneMask,
		"agent_email_sealed": r.AgentEmailSealed, "agent_email_mask": r.AgentEmailMask,
		"legal_name_sealed": r.LegalNameSealed, "legal_name_mask": r.LegalNameMask,
		"legal_id_sealed": r.LegalIDSealed, "legal_id_mask": r.LegalIDMask, "updated_at": r.UpdatedAt,
	}
}
