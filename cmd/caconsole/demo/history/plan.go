package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"caconsole/admin/board"
	"caconsole/admin/document"
	"caconsole/admin/idem"
	"caconsole/admin/order"
	"caconsole/cmd/applicant/paper"
)

// fate is what has become of an order by the present.
type fate string

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
	pale         fate = "pale"         // likewise, with a seal that can hardly be read
	claimed      fate = "claimed"      // a reviewer has it
	resent       fate = "resent"       // sent back once, and handed in again
	returned     fate = "returned"     // sent back
	approved     fate = "approved"     // waits for an issuer
	unsigned     fate = "unsigned"     // the signer was down
	issued       fate = "issued"       // waits for the driver
	done         fate = "done"         // the Ukey is updated
	doneByHand   fate = "done_by_hand" // likewise, its transfer found by a person
	rejected     fate = "rejected"     // money to go back
	withdrawn    fate = "withdrawn"    // the applicant took the consents back
)

// shares is how many orders of a full demo have each fate.
var shares = []struct {
	fate fate
	n    int
}{
	{opened, 2},
	{printed, 3},
	{unidentified, 2},
	{unlike, 2},
	{mismatched, 1},
	{unpaid, 4},
	{paying, 5},
	{payShort, 1},
	{payAgency, 1},
	{unsent, 1},
	{queued, 14},
	{pale, 2},
	{claimed, 2},
	{resent, 1},
	{returned, 4},
	{approved, 9},
	{unsigned, 1},
	{issued, 6},
	{done, 11},
	{doneByHand, 1},
	{rejected, 2},
	{withdrawn, 3},
}

// FullDemo is how many orders a demo has unless asked for more or fewer.
const FullDemo = 78

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

// Companies says which company, by number, each of n orders is of. Orders whose money came days ago share theirs with
// orders of today: companies come back, and there is less to draw.
func Companies(n int) []int {
	old := func(f fate) bool { return slices.Contains([]fate{issued, done, doneByHand, rejected}, f) }
	all := fates(n)
	var shared []int
	for i, f := range all {
		if len(settlesAt[f]) > 0 && !old(f) {
			shared = append(shared, i)
		}
	}
	out := make([]int, n)
	taken := 0
	for i, f := range all {
		out[i] = i
		if old(f) && taken < len(shared) {
			out[i] = shared[taken]
			taken++
		}
	}
	return out
}

func (f fate) phoneEnding() string {
	if f == mismatched {
		return "0004"
	}
	return ""
}

// paperless tells that no paper was handed in, faceless that no agent stood before a phone.
func (f fate) paperless() bool { return slices.Contains([]fate{opened, printed, withdrawn}, f) }

func (f fate) faceless() bool {
	return f.paperless() || f == unidentified || f == mismatched
}

// underReview tells that staff will look at the papers in the present.
func (f fate) underReview() bool {
	return slices.Contains([]fate{queued, pale, claimed, resent, paying, payShort, payAgency}, f)
}

// settlesAt lists how much working time before the present the statements came that hold an order's money. Fates that
// are not listed have not been paid by the present.
var settlesAt = map[fate][]time.Duration{
	queued: {5 * time.Hour, 3 * time.Hour, 100 * time.Minute, 36 * time.Minute}, pale: {3 * time.Hour}, claimed: {5 * time.Hour},
	resent: {24 * time.Hour}, returned: {15 * time.Hour, 8 * time.Hour}, approved: {8 * time.Hour, 5 * time.Hour}, unsigned: {15 * time.Hour},
	issued: {24 * time.Hour, 15 * time.Hour}, done: {60 * time.Hour, 51 * time.Hour, 42 * time.Hour, 33 * time.Hour},
	doneByHand: {51 * time.Hour}, rejected: {33 * time.Hour},
}

// lateTransfers is when the first transfer comes that no imported statement has: the last one is 36 minutes of working
// time old.
const lateTransfers = -33 * time.Minute

var (
	errNoCredit = errors.New("the transfer is not among the open credits")
	openCredits = board.MatchFilter{Tab: board.TabToConfirm, Limit: 100}
)

// ends is where each fate leaves an order; a past that ends elsewhere is a mistake of its maker.
var ends = map[fate]order.Stage{
	opened: order.StagePapers, printed: order.StagePapers, unidentified: order.StageIdentity, unlike: order.StageIdentity,
	mismatched: order.StageIdentity, unpaid: order.StagePayment, paying: order.StageTransfer, payShort: order.StageTransfer,
	payAgency: order.StageTransfer, unsent: order.StageTransfer, queued: order.StageReview, pale: order.StageReview,
	claimed: order.StageReview, resent: order.StageReview, returned: order.StageReturned, approved: order.StageToIssue,
	unsigned: order.StageToIssue, issued: order.StageUpdate, done: order.StageDone, doneByHand: order.StageDone,
	rejected: order.StageRefunding, withdrawn: order.StageClosed,
}

// planStories plans everything people do; what the house does by itself follows from it.
func (w *world) planStories() []*story {
	var all []*story
	batches := map[time.Duration][]*story{}
	statements := map[time.Duration]bool{}
	seen := map[fate]int{}
	for i, f := range fates(len(w.Orders)) {
		s := &story{w: w, fate: f, ukey: w.Orders[i], turn: i, title: w.Orders[i].Company.Name}
		if f == issued && seen[f] == 0 {
			s.title += "财务部" // an invoice fails
			w.bureau.refuse[s.title] = true
		}
		at := s.plan(seen[f])
		seen[f]++
		all = append(all, s)
		if at == 0 {
			continue
		}
		statements[at] = true
		if slices.Contains([]fate{issued, done, doneByHand}, f) {
			batches[at] = append(batches[at], s)
		}
	}
	slices.SortFunc(all, func(a, b *story) int { return a.start.Compare(b.start) })
	for _, s := range all {
		s.sketch()
	}
	for at := range statements {
		w.plan(w.before(at), "statement", w.fetch)
	}
	for at, batch := range batches {
		w.plan(w.before(at-6*time.Hour), "issuer", w.confirm(batch))
	}
	return all
}

// before is a moment by how much working time is left from it to the present.
func (w *world) before(d time.Duration) time.Time { return workBefore(w.Present, d) }

// plan plans a story, the n-th of its fate, and returns how much working time before the present it is paid; 0 if it is
// not.
func (s *story) plan(n int) (paid time.Duration) {
	w := s.w
	spread := time.Duration(n) * 7 * time.Minute
	if all := settlesAt[s.fate]; len(all) > 0 {
		paid = all[n%len(all)]
	}
	s.start = w.before(paid + 9*time.Hour).Add(-spread)
	s.planHall(n, paid)
	if paid > 0 {
		s.planDesk(paid, time.Duration(n)*5*time.Minute)
	}
	return paid
}

// planHall plans what the applicant does, the n-th of this fate; paid as plan returns it.
func (s *story) planHall(n int, paid time.Duration) {
	w := s.w
	if slices.Contains([]fate{pale, returned, resent}, s.fate) {
		s.faults = []paper.Faults{{PaleStamp: true}, {NoSignature: true}, {WrongStamp: "深圳市沐阳川商贸有限公司"}}[s.turn%len(returns)]
	}
	at := s.start
	step := func(after time.Duration, what string, do func(context.Context) error) {
		at = at.Add(after)
		w.plan(at, fmt.Sprintf("%s of %s", what, s.fate), do)
	}
	step(0, "log-in", s.open)
	if s.fate == withdrawn {
		step(6*time.Hour, "withdrawal", s.withdraw)
	}
	if s.fate == opened || s.fate == withdrawn {
		return
	}
	step(6*time.Minute, "form", s.print)
	if s.fate == printed {
		return
	}
	step(35*time.Minute, "papers", s.handIn)
	switch s.fate {
	case unidentified, mismatched:
		return
	case unlike:
		step(20*time.Minute, "identity", s.identify(outcome{live: true, score: 5240 + 10*s.turn}))
		return
	default: // the others have nothing of their own
	}
	if s.turn%9 == 4 { // a first try that fails
		step(10*time.Minute, "identity", s.identify(outcome{}))
	}
	step(15*time.Minute, "identity", s.identify(outcome{live: true, score: 8700 + s.turn*131%1200}))
	if s.fate == unpaid {
		return
	}
	step(20*time.Minute, "payment", s.choose)
	switch {
	case paid > 0: // shortly before the statement that holds it
		w.plan(w.before(paid).Add(-30*time.Minute-time.Duration(n)*time.Minute), "transfer", s.pay)
	case s.fate != unsent: // after the last statement that is imported
		w.plan(w.Present.Add(lateTransfers+time.Duration(n)*90*time.Second), "transfer", s.pay)
	default: // the others have nothing of their own
	}
}

// planDesk plans what staff do once the money is there, paid so much working time before the present.
func (s *story) planDesk(paid, spread time.Duration) {
	w := s.w
	step := func(after time.Duration, what string, do func(context.Context) error) {
		w.plan(w.before(paid-after), fmt.Sprintf("%s of %s", what, s.fate), do)
	}
	verdict := func(do func(context.Context) error) {
		step(time.Hour+spread, "claim", s.claim)
		step(time.Hour+spread+3*time.Minute, "verdict", do)
	}
	switch s.fate {
	case claimed:
		w.plan(w.Present.Add(-4*time.Minute-spread/10), "claim", s.claim)
	case returned:
		verdict(s.sendBack)
	case resent:
		verdict(s.sendBack)
		step(9*time.Hour, "form again", func(ctx context.Context) error { return s.scan(ctx, paper.Faults{}) })
		step(10*time.Hour, "papers again", s.handInAgain)
	case rejected:
		verdict(s.reject)
	case doneByHand:
		step(30*time.Minute, "allocation", s.allocate)
		verdict(s.approve)
	case approved, unsigned, issued, done:
		verdict(s.approve)
	default: // the others have nothing of their own
	}
	switch s.fate {
	case unsigned:
		step(11*time.Hour, "signer", w.signerOut(25*time.Minute))
		step(11*time.Hour+time.Minute, "issuer", w.confirm([]*story{s}))
	case done, doneByHand:
		step(12*time.Hour+spread, "driver", s.update)
	default: // the others have nothing of their own
	}
}

// handInAgain uploads the form that was sent back, put right.
func (s *story) handInAgain(ctx context.Context) error {
	return s.upload(ctx, document.ApplicationForm, s.form, document.Claim{})
}

// driverKey is the idempotency key of the driver's first call.
func (s *story) driverKey() idem.Key {
	return idem.Key{Principal: "driver:" + s.me.IP, Key: s.ukey.Serial[:12] + "update"}
}
