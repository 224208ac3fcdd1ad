package history

import (
	"slices"
	"time"

	"caconsole/admin/order"
)

// fate is what has become of an order by the present.
type fate string

// The fates of orders of the reviewed path.
const (
	opened       fate = "opened"       // nothing handed in
	printed      fate = "printed"      // form confirmed, papers missing
	unidentified fate = "unidentified" // papers in, agent not yet before the phone
	unlike       fate = "unlike"       // the agent's face was not alike enough
	mismatched   fate = "mismatched"   // the carriers know the phone under another name
	unpaid       fate = "unpaid"       // way of paying not chosen
	paying       fate = "paying"       // money on its way: in the statement left to import
	payShort     fate = "pay_short"    // likewise, ten yuan short
	payAgency    fate = "pay_agency"   // likewise, from somebody else's account
	unsent       fate = "unsent"       // transfer chosen, nothing sent
	queued       fate = "queued"       // waits for a reviewer
	flawed       fate = "flawed"       // likewise, with a paper that must be sent back
	claimed      fate = "claimed"      // a reviewer has it
	resent       fate = "resent"       // sent back once, and handed in again
	returned     fate = "returned"     // sent back
	approved     fate = "approved"     // waits for an issuer
	unsigned     fate = "unsigned"     // the signer was down
	issued       fate = "issued"       // waits for the driver
	done         fate = "done"         // the Ukey is updated
	doneByHand   fate = "done_by_hand" // likewise, its transfer found by a person
	doneAgain    fate = "done_again"   // likewise, its papers handed in twice
	rejected     fate = "rejected"     // money to go back
	withdrawn    fate = "withdrawn"    // the applicant took the consents back
)

// The fates of orders of the online path.
const (
	created  fate = "created"   // way of paying not chosen
	scanning fate = "scanning"  // a code on the screen
	codeOver fate = "code_over" // nobody scanned it in time
	paid     fate = "paid"      // waits for the driver
	renewed  fate = "renewed"   // the Ukey is updated
	paidBack fate = "paid_back" // withdrawn before the update, invoice and money taken back
	lapsed   fate = "lapsed"    // closed unpaid after three days
	ended    fate = "ended"     // closed unpaid at the end of the certificate
	late     fate = "late"      // paid when it was closed: money taken back
	moved    fate = "moved"     // paid and not updated in time: papers wanted
)

// shares is how many orders of a full demo have each fate: after "a normal day", three in five online, about one in
// five verdicts 退回 and one in fifty 驳回.
var shares = []struct {
	fate fate
	n    int
}{
	{opened, 5},
	{created, 7},
	{printed, 6},
	{unidentified, 4},
	{unlike, 3},
	{scanning, 3},
	{mismatched, 2},
	{unpaid, 7},
	{codeOver, 5},
	{paying, 10},
	{payShort, 2},
	{payAgency, 2},
	{unsent, 3},
	{paid, 19},
	{queued, 22},
	{flawed, 8},
	{claimed, 2},
	{resent, 3},
	{returned, 9},
	{renewed, 196},
	{approved, 12},
	{unsigned, 1},
	{issued, 9},
	{paidBack, 3},
	{done, 45},
	{doneByHand, 3},
	{doneAgain, 6},
	{lapsed, 9},
	{rejected, 2},
	{withdrawn, 4},
	{ended, 3},
	{moved, 4},
	{late, 1},
}

// FullDemo is how many orders a demo has unless asked for more or fewer.
const FullDemo = 420

// fates deals n orders out: each fate once, the rest by their shares. With fewer orders than fates some are left out.
func fates(n int) []fate {
	out := make([]fate, 0, n)
	if n < len(shares) {
		for i := range n {
			out = append(out, shares[i*len(shares)/n].fate)
		}
		return out
	}
	more, dealt, shared := n-len(shares), 0, 0
	for _, s := range shares {
		shared += s.n - 1
		due := more * shared / (FullDemo - len(shares)) // of all fates up to this one
		out = append(out, slices.Repeat([]fate{s.fate}, 1+due-dealt)...)
		dealt = due
	}
	return out
}

// oneOf tells whether a fate is among some.
func (f fate) oneOf(some ...fate) bool { return slices.Contains(some, f) }

// online tells the path on which an order of this fate begins.
func (f fate) online() bool {
	return f.oneOf(created, scanning, codeOver, paid, renewed, paidBack, lapsed, ended, late, moved)
}

// isDone tells that a reviewed order was signed.
func (f fate) isDone() bool { return f.oneOf(issued, done, doneByHand, doneAgain) }

// paperless tells that no paper was handed in, faceless that no agent stood before a phone.
func (f fate) paperless() bool { return f.online() || f.oneOf(opened, printed, withdrawn) }

func (f fate) faceless() bool { return f.paperless() || f.oneOf(unidentified, mismatched) }

// underReview tells that staff will look at the papers in the present.
func (f fate) underReview() bool {
	return f.oneOf(queued, flawed, claimed, resent, paying, payShort, payAgency)
}

// phoneEnding is what the simulated carriers go by.
func (f fate) phoneEnding() string {
	if f == mismatched {
		return "0004"
	}
	return ""
}

// settlesAt lists how much working time before the present the statements came that hold a reviewed order's money.
// Fates that are not listed have not been paid by the present.
var settlesAt = map[fate][]time.Duration{
	queued: {5 * time.Hour, 3 * time.Hour, 100 * time.Minute, 36 * time.Minute}, flawed: {3 * time.Hour, 5 * time.Hour}, claimed: {5 * time.Hour},
	resent: {24 * time.Hour}, returned: {15 * time.Hour, 8 * time.Hour}, approved: {8 * time.Hour, 5 * time.Hour}, unsigned: {15 * time.Hour},
	issued:     {24 * time.Hour, 15 * time.Hour},
	done:       {69 * time.Hour, 60 * time.Hour, 51 * time.Hour, 42 * time.Hour, 33 * time.Hour},
	doneByHand: {51 * time.Hour, 60 * time.Hour}, doneAgain: {60 * time.Hour, 51 * time.Hour, 42 * time.Hour}, rejected: {33 * time.Hour},
}

// paidAt is how much working time before the present the n-th order of a fate is paid; 0 if it is not.
func (f fate) paidAt(n int) time.Duration {
	if all := settlesAt[f]; len(all) > 0 {
		return all[n%len(all)]
	}
	return 0
}

// ends is where each fate leaves an order; a past that ends elsewhere is a mistake of its maker.
var ends = map[fate]order.Stage{
	opened: order.StagePapers, printed: order.StagePapers, unidentified: order.StageIdentity, unlike: order.StageIdentity,
	mismatched: order.StageIdentity, unpaid: order.StagePayment, paying: order.StageTransfer, payShort: order.StageTransfer,
	payAgency: order.StageTransfer, unsent: order.StageTransfer, queued: order.StageReview, flawed: order.StageReview,
	claimed: order.StageReview, resent: order.StageReview, returned: order.StageReturned, approved: order.StageToIssue,
	unsigned: order.StageToIssue, issued: order.StageUpdate, done: order.StageDone, doneByHand: order.StageDone,
	doneAgain: order.StageDone, rejected: order.StageRefunding, withdrawn: order.StageClosed,
	created: order.StagePayment, scanning: order.StagePayment, codeOver: order.StagePayment, paid: order.StageUpdate,
	renewed: order.StageDone, paidBack: order.StageClosed, lapsed: order.StageClosed, ended: order.StageClosed,
	late: order.StageClosed, moved: order.StagePapers,
}
