package page

// Gates are the gates of an order by their stored values, as the gate strip shows them.
type Gates struct {
	// Reviewed orders pass documents, identity and review; on the online path the strip leaves them out.
	Reviewed bool
	// ByHand orders pass documents and identity by what an issuer adds, and no review.
	ByHand        bool
	Consent       string
	Documents     string
	Identity      string
	Payment       string
	Review        string
	Authorisation string
	Issuance      string
	Delivery      string
	Invoice       string
}

// GateMark is one station of the strip.
type GateMark struct {
	Gate  string // catalogue: "gate.<gate>"
	State string // catalogue: "state.<gate>.<state>"
	Tone  string
	// Beside marks the invoice, which runs beside the strip and not at its end.
	Beside bool
}

// Glyph names the icon of the mark.
func (m GateMark) Glyph() string { return Status{Tone: m.Tone}.Glyph() }

// gateTones says how each state looks. What is not named here has not started.
var gateTones = map[string]map[string]string{
	"consent":       {"given": OK, "withdrawn": Bad},
	"documents":     {"missing": NotYet, "uploaded": OK, "accepted": OK, "returned": Back},
	"identity":      {"pending": Progress, "passed": OK, "failed": Bad, "expired": Warn},
	"telecom":       {"match": OK, "mismatch": Bad, "unknown": Warn},
	"payment":       {"awaiting": Progress, "settled": OK, "waived": OK, "refunding": Back, "refunded": Closed},
	"review":        {"queued": Progress, "claimed": Progress, "approved": OK, "returned": Back, "rejected": Bad},
	"authorisation": {"authorised": OK, "void": Bad},
	"issuance":      {"reserved": Progress, "signed": Progress, "recorded": OK, "failed": Bad},
	"delivery":      {"offered": Progress, "importing": Progress, "confirmed": OK},
	"invoice":       {"requested": Progress, "issued": Progress, "dispatched": OK, "red_lettered": Closed},
}

// Strip lists the marks in the order of the business; gates the path does not need are left out.
// {{template "strip" .Data.Gates.Strip}}
func (g Gates) Strip() []GateMark {
	mark := func(gate, state string) GateMark {
		tone, ok := gateTones[gate][state]
		if !ok {
			tone = NotYet
		}
		return GateMark{Gate: gate, State: state, Tone: tone}
	}
	marks := []GateMark{mark("consent", g.Consent)}
	if g.Reviewed || g.ByHand {
		marks = append(marks, mark("documents", g.Documents), mark("identity", g.Identity))
	}
	marks = append(marks, mark("payment", g.Payment))
	if g.Reviewed {
		marks = append(marks, mark("review", g.Review))
	}
	invoice := mark("invoice", g.Invoice)
	invoice.Beside = true
	return append(marks, mark("authorisation", g.Authorisation), mark("issuance", g.Issuance), mark("delivery", g.Delivery), invoice)
}
