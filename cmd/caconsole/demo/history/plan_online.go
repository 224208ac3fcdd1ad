package history

import (
	"time"

	"caconsole/admin/calendar"
	"caconsole/admin/order"
)

const (
	aDay = 24 * time.Hour
	// driversTake is how long after their payment holders have their Ukey at hand.
	driversTake = 25 * time.Minute
	// unpaidCloses is when an order that nobody pays has certainly been closed: three days, and the pass after that.
	unpaidCloses = 3*aDay + 2*sweepsEvery
)

// planOnline plans a story of the online path: no papers, no review; who has paid updates the Ukey.
func (s *story) planOnline() {
	s.method = []order.Method{order.WeChat, order.WeChat, order.Alipay}[s.turn%3]
	s.at = s.onlineStart()
	s.start = s.at
	s.step(0, "log-in", s.open)
	if s.fate.oneOf(created, lapsed, ended) {
		return
	}
	if s.fate == late { // it will have been closed when the money is found
		s.at = s.start.Add(3*aDay + sweepsEvery/2)
		s.step(0, "payment", s.choose)
		s.step(sweepsEvery/2-10*time.Minute, "scan", s.scanUnseen)
		return
	}
	s.step(4*time.Minute, "payment", s.choose)
	if s.fate.oneOf(scanning, codeOver) {
		return
	}
	if s.fate == paid && s.nth == 0 {
		s.method = order.WeChat
		s.step(2*time.Minute, "two scans", s.payTwice)
		return
	}
	s.step(2*time.Minute, "scan", s.scan)
	switch s.fate {
	case paidBack:
		s.step(5*time.Hour, "withdrawal", s.takeBack)
	case renewed:
		s.step(driversTake+time.Duration(s.turn%50)*7*time.Minute, "driver", s.update)
	default: // the others wait
	}
}

// onlineStart is when the n-th story of its fate begins.
func (s *story) onlineStart() time.Time {
	n, present := time.Duration(s.nth), s.w.Present
	switch s.fate {
	case created:
		return present.Add(-time.Hour - n*5*time.Hour)
	case scanning:
		return present.Add(-20*time.Minute - n*13*time.Minute)
	case codeOver:
		return present.Add(-5*time.Hour - n*9*time.Hour)
	case paid: // most of them are reminded, the last two to be called
		return awake(present.Add(-2*time.Hour - n*10*time.Hour))
	case ended, moved:
		return s.ukey.NotAfter.Add(-20*time.Hour - n*time.Hour)
	case late: // at the time of a pass: three days and a pass later it is closed
		return midnight(present).Add(-5*aDay + 3*sweepsEvery)
	case lapsed:
		return present.Add(-unpaidCloses - n*5*time.Hour)
	case paidBack:
		return awake(present.Add(-2*aDay - n*30*time.Hour))
	default: // renewed: over nine days
		return awake(present.Add(-14*time.Hour - n*9*aDay/time.Duration(s.w.renewals())))
	}
}

// renewals is how many orders of the online path end well.
func (w *world) renewals() int {
	n := 0
	for _, f := range fates(len(w.Orders)) {
		if f == renewed {
			n++
		}
	}
	return n
}

// awake is a moment of the night put off to the evening before.
func awake(t time.Time) time.Time {
	if t.In(calendar.Beijing).Hour() < 7 {
		return t.Add(-8 * time.Hour)
	}
	return t
}
