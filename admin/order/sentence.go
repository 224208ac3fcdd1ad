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
	if g.withoutConsent() {
		return Sentence{Now: "sentence.consent_withdrawn", Then: "sentence.consent_withdrawn.then"}
	}
	switch stage {
	case StagePapers:
		switch {
		case g.Documents == Returned:
			key += ".returned"
		case g.Payment == Settled || g.Payment == Waived:
			key += ".paid" // moved from the online path, or corrected after the payment
		}
	case StageIdentity:
		key += g.identityBlocker()
	case StagePayment:
		switch {
		case g.Telecom == Mismatch: // the online path has no stage of its own for it
			key = telecomMismatch
		case g.Method != NoMethod && g.Payment == Awaiting:
			key += "." + string(g.Method)
		case g.Path == Online:
			key += ".online"
		}
	case StageReturned:
		if g.Payment != Settled && g.Payment != Waived {
			key += ".unpaid"
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
		default:
			key += ".holder"
		}
	case StageClosed:
		key += "." + string(g.Closed)
		if g.Payment == Refunded {
			key += ".refunded"
		}
	case StageTransfer, StageSecondReview, StageIssuing, StageDone, StageRefunding:
	}
	return Sentence{Now: key, Then: key + ".then"}
}

// telecomMismatch is one blocker with one sentence, at whatever stage it stands in the way.
const telecomMismatch = "sentence.identity.telecom_mismatch"

// withoutConsent tells of an open order that cannot go on because its consent was withdrawn. Once the pair may be signed
// the consent was used up.
func (g Gates) withoutConsent() bool {
	return g.Closed == Open && g.Consent != Given && (g.Issuance == None || g.Issuance == Failed)
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
