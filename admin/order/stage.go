package order

// Stage is where an order stands, derived from its gates and stored only to be indexed.
type Stage string

// The stages; their Chinese names stand in the message catalogue under "stage.<name>".
const (
	StagePapers       Stage = "papers"
	StageIdentity     Stage = "identity"
	StagePayment      Stage = "payment"
	StageTransfer     Stage = "transfer"
	StageReview       Stage = "review"
	StageSecondReview Stage = "second_review"
	StageReturned     Stage = "returned"
	StageToIssue      Stage = "to_issue"
	StageIssuing      Stage = "issuing"
	StageUpdate       Stage = "update"
	StageDone         Stage = "done"
	StageRefunding    Stage = "refunding"
	StageClosed       Stage = "closed"
)

// AllStages lists the stages in the order of a renewal's course.
var AllStages = []Stage{
	StagePapers, StageIdentity, StagePayment, StageTransfer, StageReview, StageSecondReview, StageReturned,
	StageToIssue, StageIssuing, StageUpdate, StageDone, StageRefunding, StageClosed,
}

// Stage derives the stage. It is pure and never reads the clock: the same gates are always in the same stage.
func (g Gates) Stage() Stage {
	switch {
	case g.Payment == Refunding:
		return StageRefunding
	case g.Closed != Open:
		return StageClosed
	case g.Delivery == Confirmed:
		return StageDone
	case g.Issuance == Recorded:
		return StageUpdate
	case g.Issuance == Reserved || g.Issuance == Signed:
		return StageIssuing
	case g.Path == Online:
		return g.onlineStage()
	case g.Path == ByHand:
		return g.manualStage()
	}
	return g.reviewedStage()
}

func (g Gates) onlineStage() Stage {
	if g.Payment == Settled || g.Payment == Waived {
		return StageUpdate
	}
	return StagePayment
}

func (g Gates) reviewedStage() Stage {
	switch {
	case g.Review == Returned && g.Documents == Returned:
		return StageReturned
	case g.Documents == Missing || g.Documents == Returned:
		return StagePapers
	case g.Identity != Passed || g.Telecom == Mismatch:
		return StageIdentity
	case g.Payment == Awaiting && g.Method == Transfer:
		return StageTransfer
	case g.Payment != Settled && g.Payment != Waived:
		return StagePayment
	case g.awaitsCSR():
		return StageUpdate
	case g.Review == Approved:
		return StageToIssue
	}
	return StageReview
}

// awaitsCSR tells of an order whose pair is signed once the driver brings a CSR: where keys are kept, both gates move
// together.
func (g Gates) awaitsCSR() bool {
	return g.Path == Reviewed && g.Review == Approved && g.Authorisation == Authorised && g.Issuance == None
}

// Next is the step of the applicant's wizard that comes next, by the names web halls use.
type Next string

// The wizard's steps: 录入信息 (of an order that has moved to the reviewed path), 打印申请表, 上传资料, 在线认证, 缴费, 等待审核, 证书更新, and none.
const (
	NextEnter     Next = "enter"
	NextPrintForm Next = "print_form"
	NextUpload    Next = "upload"
	NextIdentity  Next = "identity"
	NextPay       Next = "pay"
	NextWait      Next = "wait"
	NextUpdate    Next = "update"
	NextNothing   Next = "nothing"
)

// Next is Gates.Next for the whole order: papers begin with the data that an order which was online lacks.
func (o Order) Next(formConfirmed bool) Next {
	next := o.Gates.Next(formConfirmed)
	if next == NextPrintForm && o.LacksUnit() {
		return NextEnter
	}
	return next
}

// LacksUnit tells of an order that has come from the online path and whose organisation and legal person the applicant
// has not entered yet.
func (o Order) LacksUnit() bool {
	return o.Kind == Renewal && o.Gates.Path == Reviewed && o.Legal.Name == ""
}

// Next tells what the applicant does now. formConfirmed says whether the current form version was confirmed.
func (g Gates) Next(formConfirmed bool) Next {
	stage := g.Stage()
	if g.Path == ByHand && stage != StageUpdate && stage != StageDone && stage != StageClosed {
		return NextWait // all of it is with the issuers
	}
	switch stage {
	case StagePapers:
		if !formConfirmed {
			return NextPrintForm
		}
		return NextUpload
	case StageReturned:
		return NextUpload
	case StageIdentity:
		return NextIdentity
	case StagePayment, StageTransfer:
		if g.Payment == Awaiting && g.Method == Transfer {
			return NextWait
		}
		return NextPay
	case StageReview, StageSecondReview, StageToIssue, StageIssuing, StageRefunding:
		return NextWait
	case StageUpdate:
		return NextUpdate
	case StageDone, StageClosed:
		return NextNothing
	}
	return NextNothing
}
