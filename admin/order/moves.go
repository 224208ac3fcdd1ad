package order

import (
	"slices"

	"caconsole/admin/fault"
)

// moves is the state machine of each gate: what may follow what. A move that is not here is a mistake of ours.
var moves = map[Gate]map[State][]State{
	GateConsent: {None: {Given}, Given: {Withdrawn}},
	GateDocuments: {
		Missing: {Uploaded}, Uploaded: {Missing, Accepted, Returned},
		Returned: {Missing, Uploaded}, Accepted: {Missing, Uploaded, Returned},
	},
	GateIdentity: {
		None: {Pending}, Pending: {Passed, Failed, Expired}, Failed: {Pending, None}, Expired: {Pending, None}, Passed: {None},
	},
	GateTelecom: {
		None: {Match, Mismatch, Unknown}, Unknown: {Match, Mismatch, None}, Mismatch: {None, Match}, Match: {None},
	},
	GatePayment: {
		None: {Awaiting, Waived}, Awaiting: {Settled, None, Refunding}, Settled: {Awaiting, Refunding}, Refunding: {Refunded, Settled},
	},
	GateReview: {
		None: {Queued}, Queued: {Claimed, None}, Claimed: {Queued, None, Approved, Returned, Rejected},
		Returned: {Queued}, Approved: {Queued, None},
	},
	GateAuthorisation: {None: {Authorised}, Authorised: {Void}, Void: {Authorised}},
	GateIssuance:      {None: {Reserved}, Reserved: {Signed, Recorded, Failed}, Signed: {Recorded}, Failed: {Reserved, None}},
	GateDelivery:      {None: {Offered}, Offered: {Importing, Confirmed}, Importing: {Confirmed}},
	GateInvoice: {
		None: {Requested}, Requested: {Issued, None}, Issued: {Dispatched, RedLettered}, Dispatched: {RedLettered}, RedLettered: {Requested},
	},
}

// States lists every state a gate knows, for the OpenAPI document and the database's checks.
func States(gate Gate) []State {
	var all []State
	add := func(s State) {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	for _, from := range []State{
		None, Missing, Given, Uploaded, Returned, Accepted, Pending, Passed, Failed, Expired, Match, Mismatch, Unknown,
		Awaiting, Settled, Refunding, Queued, Claimed, Approved, Authorised, Void, Reserved, Signed, Offered, Importing,
		Requested, Issued, Dispatched,
	} {
		if to, ok := moves[gate][from]; ok {
			add(from)
			for _, s := range to {
				add(s)
			}
		}
	}
	return all
}

// Move is one gate's change.
type Move struct {
	Gate     Gate
	From, To State
}

// diff lists what changed between two sets of gates, in display order.
func diff(before, after Gates) []Move {
	var out []Move
	for _, g := range AllGates {
		if from, to := before.Get(g), after.Get(g); from != to {
			out = append(out, Move{g, from, to})
		}
	}
	return out
}

// check refuses what no caller may do, whoever they are.
func check(before, after Gates) error {
	changed := diff(before, after)
	for _, m := range changed {
		if !slices.Contains(moves[m.Gate][m.From], m.To) {
			return fault.New(fault.Conflict, "gate_move", fault.Args{"gate": string(m.Gate), "from": string(m.From), "to": string(m.To)})
		}
	}
	if before.Path != after.Path && (after.Path != Reviewed || before.Path != Online) {
		return fault.New(fault.Conflict, "gate_move", fault.Args{"gate": "path", "from": string(before.Path), "to": string(after.Path)})
	}
	if before.Path != ByHand && before.Payment != Waived && after.Payment == Waived { // only two issuers may do without money
		return fault.New(fault.Conflict, "gate_move", fault.Args{"gate": string(GatePayment), "from": string(before.Payment), "to": string(Waived)})
	}
	issuing := before.Issuance == Reserved || before.Issuance == Signed || before.Issuance == Recorded
	switch {
	case before.Closed != Open && closedMoves(changed):
		return fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(before.Closed)})
	case before.Closed != Open && after.Closed != before.Closed:
		return fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(before.Closed)})
	case after.Kept < 0 || after.Kept > 0 && after.Payment != Settled && after.Payment != Awaiting:
		return fault.New(fault.Conflict, "gate_move", fault.Args{"gate": "kept", "from": before.Kept.String(), "to": after.Kept.String()})
	case before.Payment == Awaiting && after.Payment == Refunding && before.Kept == 0: // nothing was paid
		return fault.New(fault.Conflict, "gate_move", fault.Args{"gate": string(GatePayment), "from": string(Awaiting), "to": string(Refunding)})
	case before.Closed != Open && before.Invoice != Requested && after.Invoice == Requested: // what is over is invoiced no more
		return fault.New(fault.Conflict, "order_closed", fault.Args{"reason": string(before.Closed)})
	// What is with the signer stays paid; the money of a revoked pair may go back.
	case before.Payment == Settled && after.Payment != Settled && issuing && (after.Closed != ClosedRevoked || after.Payment != Refunding):
		return fault.New(fault.Conflict, "payment_locked", nil)
	case before.Issuance != after.Issuance && after.Issuance == Reserved && !after.ReadyForIssue():
		return fault.New(fault.Conflict, "not_ready_for_issue", nil)
	case before.Review != Approved && after.Review == Approved && !after.ReadyForReview():
		return fault.New(fault.Conflict, "not_ready_for_review", nil)
	case before.Delivery == None && after.Delivery != None && after.Issuance != Recorded:
		return fault.New(fault.Conflict, "not_issued", nil)
	}
	return nil
}

// closedMoves reports moves other than money going back and its invoice, the only ones a closed order still makes.
func closedMoves(changed []Move) bool {
	return slices.ContainsFunc(changed, func(m Move) bool { return m.Gate != GatePayment && m.Gate != GateInvoice })
}
