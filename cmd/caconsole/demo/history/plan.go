package history

import (
	"context"
	"fmt"
	"slices"
	"time"

	"caconsole/admin/order"
	"caconsole/cmd/applicant/paper"
)

// lateTransfers is when the first transfer comes that no imported statement has: the last one is 36 minutes of working
// time old.
const lateTransfers = -33 * time.Minute

// planStories plans everything people do; what the house does by itself follows from it.
func (w *world) planStories() []*story {
	var all []*story
	batches := map[time.Duration][]*story{} // by when they are confirmed
	statements := map[time.Duration]bool{}
	seen := map[fate]int{}
	cases := Cases(len(w.Orders), w.Present)
	for i, f := range fates(len(w.Orders)) {
		s := &story{w: w, fate: f, ukey: w.Orders[i], turn: i, nth: seen[f], rekeys: cases[i].Rekeys, title: w.Orders[i].Company.Name}
		if f == issued && s.nth == 0 {
			s.title += "财务部" // an invoice fails
			w.bureau.refuse[s.title] = true
		}
		seen[f]++
		all = append(all, s)
		if f.online() {
			s.planOnline()
			continue
		}
		paid := s.plan()
		if paid > 0 {
			statements[paid] = true
		}
		if f.isDone() {
			confirmed := paid - confirms[f]
			batches[confirmed] = append(batches[confirmed], s)
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
		w.plan(w.before(at), "issuer", w.confirm(batch))
	}
	if len(all) > 0 {
		w.planSweeps(all[0].start)
	}
	return all
}

// sweepsEvery is how often the sweeps pass that act on the time of day. A running console has them every minute.
const sweepsEvery = 4 * time.Hour

// planSweeps plans the passes from a moment on: what runs out of time, and what has to be asked after.
func (w *world) planSweeps(from time.Time) {
	sweeps := []func(context.Context) error{w.flow.SweepExpired, w.flow.SweepWaiting, w.flow.SweepPayments}
	for at := midnight(from); at.Before(w.Present); at = at.Add(sweepsEvery) {
		w.plan(at, "sweep", func(ctx context.Context) error {
			for _, sweep := range sweeps {
				if err := sweep(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// before is a moment by how much working time is left from it to the present.
func (w *world) before(d time.Duration) time.Time { return workBefore(w.Present, d) }

// plan plans a story of the reviewed path and returns how much working time before the present it is paid; 0 if it is
// not.
func (s *story) plan() (paid time.Duration) {
	paid = s.fate.paidAt(s.nth)
	row := s.nth // the stories of one statement come one after the other
	if all := settlesAt[s.fate]; len(all) > 0 {
		row /= len(all)
	}
	if paid > 0 || s.fate.oneOf(paying, payShort, payAgency) {
		s.start = s.w.before(paid + 9*time.Hour).Add(-time.Duration(row) * 7 * time.Minute)
	} else { // within the three days after which an unpaid order closes
		s.start = s.w.Present.Add(-9*time.Hour - time.Duration(s.nth)*3*time.Hour - time.Duration(s.turn%7)*11*time.Minute)
	}
	s.method = order.Transfer
	if s.rekeys || (row%4 == 2 && s.fate.oneOf(queued, done, approved)) {
		s.method = []order.Method{order.WeChat, order.Alipay}[s.turn%2]
	}
	s.planHall(paid, row)
	if paid > 0 {
		s.planDesk(paid, time.Duration(row)*5*time.Minute)
	}
	return paid
}

// step plans the next act of a story, some time after the one before.
func (s *story) step(after time.Duration, what string, do func(context.Context) error) {
	s.at = s.at.Add(after)
	s.w.plan(s.at, fmt.Sprintf("%s of %s", what, s.fate), do)
}

// planHall plans what the applicant does; paid as plan returns it.
func (s *story) planHall(paid time.Duration, row int) {
	switch {
	case s.fate.oneOf(flawed, returned, resent, doneAgain):
		s.flaw = flaws[s.turn%len(flaws)]
	case s.fate == queued && s.nth%7 == 5:
		s.flaw.faults = paper.Faults{UpsideDown: true}
	}
	s.at = s.start
	s.step(0, "log-in", s.open)
	if s.fate == withdrawn {
		s.step(6*time.Hour, "withdrawal", s.withdraw)
	}
	if s.fate.oneOf(opened, withdrawn) {
		return
	}
	s.step(6*time.Minute, "form", s.print)
	if s.fate == printed {
		return
	}
	s.step(35*time.Minute, "papers", s.handIn)
	switch s.fate {
	case unidentified, mismatched:
		return
	case unlike:
		s.step(20*time.Minute, "identity", s.identify(outcome{live: true, score: 5240 + s.turn}))
		return
	default: // the others have nothing of their own
	}
	if s.turn%9 == 4 { // a first try that fails
		s.step(10*time.Minute, "identity", s.identify(outcome{}))
	}
	s.step(15*time.Minute, "identity", s.identify(outcome{live: true, score: 8700 + s.turn*131%1200}))
	if s.fate != unpaid {
		s.planPayment(paid, row)
	}
}

// planPayment plans how a reviewed order is paid.
func (s *story) planPayment(paid time.Duration, row int) {
	w := s.w
	before := w.before(paid).Add(-30*time.Minute - time.Duration(row)*time.Minute) // shortly before the statement that holds it
	if s.method != order.Transfer {
		s.at = before
		s.step(-5*time.Minute, "payment", s.choose)
		s.step(3*time.Minute, "scan", s.scan)
		return
	}
	s.step(20*time.Minute, "payment", s.choose)
	switch {
	case paid > 0:
		w.plan(before, "transfer", s.pay)
	case s.fate != unsent: // after the last statement that is imported
		w.plan(w.Present.Add(lateTransfers+time.Duration(s.nth)*90*time.Second), "transfer", s.pay)
	default: // the others have nothing of their own
	}
}

// confirms is how much working time after its payment an issuer confirms an order.
var confirms = map[fate]time.Duration{issued: 6 * time.Hour, done: 6 * time.Hour, doneByHand: 6 * time.Hour, doneAgain: 13 * time.Hour}

// planDesk plans what staff do once the money is there, paid so much working time before the present, and the driver
// after them.
func (s *story) planDesk(paid, spread time.Duration) {
	w := s.w
	step := func(after time.Duration, what string, do func(context.Context) error) {
		w.plan(w.before(paid-after), fmt.Sprintf("%s of %s", what, s.fate), do)
	}
	// What follows at once follows on the clock, not in working time: a claim at the end of a day does not last the night.
	verdict := func(after time.Duration, do func(context.Context) error) {
		claimed := w.before(paid - after - spread)
		w.plan(claimed, fmt.Sprintf("claim of %s", s.fate), s.claim)
		w.plan(claimed.Add(3*time.Minute), fmt.Sprintf("verdict of %s", s.fate), do)
	}
	switch s.fate {
	case claimed:
		w.plan(w.Present.Add(-4*time.Minute-spread/10), "claim", s.claim)
	case resent, doneAgain:
		verdict(time.Hour, s.sendBack)
		step(9*time.Hour, "form again", s.printAgain)
		step(10*time.Hour, "papers again", s.handInAgain)
	case returned:
		verdict(time.Hour, s.sendBack)
	case rejected:
		verdict(time.Hour, s.reject)
	case doneByHand:
		step(30*time.Minute, "allocation", s.allocate)
		verdict(time.Hour, s.approve)
	case approved, unsigned, issued, done:
		verdict(time.Hour, s.approve)
	default: // the others have nothing of their own
	}
	switch s.fate {
	case unsigned:
		out := w.before(paid - 11*time.Hour)
		w.plan(out, "signer of unsigned", w.signerOut(25*time.Minute))
		w.plan(out.Add(time.Minute), "issuer of unsigned", w.confirm([]*story{s}))
	case doneAgain:
		verdict(11*time.Hour, s.approve)
		step(15*time.Hour+spread, "driver", s.update)
	case done, doneByHand:
		step(12*time.Hour+spread, "driver", s.update)
	default: // the others have nothing of their own
	}
}
