package order

// An order that an issuer opens by hand (人工) has every gate, but no review: the evidence an issuer uploads fills the
// documents gate and begins identity, the first issuer's signature accepts both, the second one sends papers back or
// signs as well.

// vouched tells whether an issuer has signed for papers and identity.
func (g Gates) vouched() bool { return g.Documents == Accepted && g.Identity == Passed }

// VouchFor is what the first issuer's signature says of the gates: the papers are good, the person was identified.
func (g *Gates) VouchFor() { g.Documents, g.Identity = Accepted, Passed }

// Rewritten says that a manual order's papers or grounds changed: what was signed is void, and its first issuer signs
// again. complete tells whether the evidence is there. Conflict "order_being_issued" like TouchContent.
func (g *Gates) Rewritten(complete bool) error {
	if err := g.TouchContent(); err != nil {
		return err
	}
	switch {
	case !complete:
		return nil
	case g.Identity == None:
		g.Identity = Pending
	}
	g.Documents = Uploaded
	return nil
}

func (g Gates) manualStage() Stage {
	switch {
	case g.Documents == Returned:
		return StageReturned
	case g.Documents != Accepted:
		return StagePapers
	case g.Identity != Passed || g.Telecom == Mismatch:
		return StageIdentity
	case g.Payment == Awaiting && g.Method == Transfer:
		return StageTransfer
	case !g.paid():
		return StagePayment
	}
	return StageToIssue
}

// manualSentence is the sentence of a stage that a manual order passes in another way than others do.
func (g Gates) manualSentence(stage Stage) (Sentence, bool) {
	var key string
	switch stage {
	case StagePapers:
		key = "sentence.papers.manual"
		if g.Documents == Uploaded {
			key += ".signing"
		}
	case StageReturned:
		key = "sentence.returned.manual"
	case StageIdentity:
		key = "sentence.identity.manual"
		if g.Telecom == Mismatch {
			return Sentence{Now: telecomMismatch, Then: key + ".then"}, true
		}
	case StageTransfer, StagePayment:
		key = "sentence.payment.manual"
	case StageToIssue:
		key = "sentence.to_issue.manual"
		if g.Issuance == Failed {
			key += ".failed"
		}
	default:
		return Sentence{}, false
	}
	return Sentence{Now: key, Then: key + ".then"}, true
}
