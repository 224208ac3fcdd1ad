package order

// Sentence names the catalogue keys of what the hotline reads aloud: where the order stands and what the customer does
// now (Now), and what comes after that (Then). Two different blockers never share a sentence. The words stand in the
// catalogue; customers are addressed as 您.
type Sentence struct {
	Now, Then string
}

// Sentence derives the sentence from the gates. It is pure, like Stage.
func (g Gates) Sentence() Sentence {
	stage := g.Stage()
	key := "sentence." + string(stage)
	switch {
	case g.withoutConsent():
		return Sentence{Now: "sentence.consent_withdrawn", Then: "sentence.consent_withdrawn.then"}
	case g.Closed == Open && g.Review == Rejected && g.Payment != Refunding:
		return Sentence{Now: "sentence.closed.rejected", Then: "sentence.closed.rejected.then"}
	case g.Closed == Open && g.Payment == Refunded:
		return Sentence{Now: "sentence.refunded", Then: "sentence.refunded.then"}
	}
	if g.Path == ByHand {
		if s, ok := g.manualSentence(stage); ok {
			return s
		}
	}
	switch stage {
	case StagePapers:
		return g.papersSentence(key)
	case StageIdentity:
		return g.identitySentence(key)
	case StagePayment:
		key = g.paymentSentence(key)
	case StageReturned:
		switch {
		case g.AwaitsDifference():
			key += ".difference"
		case !g.paid():
			key += ".unpaid"
		}
	case StageTransfer:
		if g.AwaitsDifference() {
			key += ".difference"
		}
	case StageReview:
		if g.Review == Claimed {
			key += ".claimed"
		}
	case StageToIssue:
		if g.Issuance == Failed {
			key += ".failed"
		}
	case StageUpdate:
		switch {
		case g.Delivery == Importing:
			key += ".importing"
		case g.Issuance == Recorded:
		case g.Telecom == Mismatch:
			key = telecomMismatch
		case g.Issuance == Failed:
			key += ".failed"
		case g.awaitsCSR():
			key += ".csr"
		default:
			key += ".holder"
		}
	case StageClosed:
		key += "." + string(g.Closed)
		if g.Payment == Refunded {
			key += ".refunded"
		}
	case StageRefunding:
		if g.Invoice == Issued || g.Invoice == Dispatched {
			key += ".invoice" // it goes back first, and the buyer may have to confirm that
		}
	case StageSecondReview, StageIssuing, StageDone:
	}
	return Sentence{Now: key, Then: key + ".then"}
}

func (g Gates) paid() bool { return g.Payment == Settled || g.Payment == Waived }

// paymentSentence says how to pay: the price, or what the order costs more since its years were corrected.
func (g Gates) paymentSentence(key string) string {
	if g.Telecom == Mismatch { // the online path has no stage of its own for it
		return telecomMismatch
	}
	if g.AwaitsDifference() {
		key += ".difference"
	}
	switch {
	case g.Method != NoMethod && g.Payment == Awaiting:
		return key + "." + string(g.Method)
	case g.Path == Online:
		return key + ".online"
	}
	return key
}

// papersSentence says which papers are missing; what follows depends on what is there already: money of an order that
// has moved from the online path, the agent's identity of one that was corrected.
func (g Gates) papersSentence(key string) Sentence {
	switch {
	case g.Documents == Returned:
		key += ".returned"
	case g.paid():
		key += ".paid"
	case g.AwaitsDifference():
		key += ".difference"
	}
	then := key
	if g.Documents != Returned && g.Identity == Passed {
		then += ".identified"
	}
	return Sentence{Now: key, Then: then + ".then"}
}

// identitySentence says what keeps the agent's identity; what follows is payment, unless that is done.
func (g Gates) identitySentence(key string) Sentence {
	now := key + g.identityBlocker()
	if g.paid() {
		return Sentence{Now: now, Then: key + ".paid.then"}
	}
	if g.AwaitsDifference() {
		return Sentence{Now: now, Then: key + ".difference.then"}
	}
	return Sentence{Now: now, Then: now + ".then"}
}

// telecomMismatch is one blocker with one sentence, at whatever stage it stands in the way.
const telecomMismatch = "sentence.identity.telecom_mismatch"

// withoutConsent tells of an open order that cannot go on because its consent was withdrawn. Once the pair may be signed
// the consent was used up; once money is on its way back that is what counts.
func (g Gates) withoutConsent() bool {
	return g.Closed == Open && g.Consent != Given && g.Payment != Refunding && (g.Issuance == None || g.Issuance == Failed)
}

func (g Gates) identityBlocker() string {
	if g.Telecom == Mismatch {
		return ".telecom_mismatch"
	}
	switch g.Identity {
	case Pending, Failed, Expired:
		return "." + string(g.Identity)
	default:
		return ""
	}
}
