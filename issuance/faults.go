package issuance

import (
	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

func init() {
	pg.Constraint("certificate_serial_key", fault.Conflict, "certificate_known")
	pg.Constraint("certificate_sm3_key", fault.Conflict, "certificate_known")
	pg.Constraint("certificate_state_successor_key", fault.Conflict, "already_renewed")
	pg.Constraint("authorisation_one_live", fault.Conflict, "authorisation_in_use")
	pg.Constraint("approval_item_once", fault.Conflict, "approval_given")
	pg.Constraint("approval_item_four_eyes", fault.Conflict, "four_eyes")
	pg.Constraint("approval_object_once", fault.Conflict, "approval_given")
	pg.Constraint("approval_object_four_eyes", fault.Conflict, "four_eyes")
	pg.Constraint("revocation_state_one_open", fault.Conflict, "revocation_open")
	pg.Constraint("signer_registry_once", fault.Conflict, "registry_forked")
	pg.Constraint("journal_check_one_open", fault.Conflict, "check_open")
	pg.Constraint("issuance_request_one_live", fault.Conflict, "authorisation_in_use")
}
