package history

import (
	"time"

	"caconsole/admin/order"
)

// Case is what an order of the past is about: whose certificate, and until when it held.
type Case struct {
	Company int       // number of the company
	Ends    time.Time // some moment of the certificate's last day
	Rekeys  bool      // it is of the project that re-keys
}

// Cases lists what n orders are about.
func Cases(n int, present time.Time) []Case {
	out := make([]Case, n)
	seen := map[fate]int{}
	var payers roster
	for i, f := range fates(n) {
		k := seen[f]
		seen[f]++
		out[i] = Case{Company: payers.company(f, f.paidAt(k), i), Ends: f.ends(present, i), Rekeys: f.rekeys(k)}
	}
	return out
}

// rekeys tells whether the n-th order of a fate is of the second project. What its orders need beyond payment comes
// with the re-keying.
func (f fate) rekeys(n int) bool {
	return n%4 == 3 && f.oneOf(opened, printed, unpaid, queued, returned, created, codeOver, paid)
}

// ends is when the i-th order's certificate ends.
func (f fate) ends(present time.Time, i int) time.Time {
	switch {
	case f.oneOf(ended, moved):
		return present.AddDate(0, 0, -2)
	case f.online(): // beyond the present, and within the window when the order was created
		return present.AddDate(0, 0, 4+i*11%68)
	}
	return present.AddDate(0, 0, -25-i*7%170) // long enough ago for the past to have begun after it
}

// apart is how much working time lies between two transfers of one company: they are not to be taken for each other.
const apart = 26 * time.Hour

// online companies have numbers of their own.
const (
	firstOnline = 200
	manyOnline  = 150
)

// roster gives companies to orders. Companies come back, and their licence and their agent are drawn once.
type roster struct{ paid []time.Duration }

// company is the number of a company for the i-th order, paid so much working time before the present.
func (r *roster) company(f fate, paid time.Duration, i int) int {
	if f.online() {
		return firstOnline + i%manyOnline
	}
	for number, before := range r.paid {
		if f.isDone() && paid-before >= apart {
			r.paid[number] = 1 << 60 // nobody comes a third time
			return number
		}
	}
	if f.isDone() || f == rejected {
		r.paid = append(r.paid, 1<<60)
	} else {
		r.paid = append(r.paid, paid)
	}
	return len(r.paid) - 1
}

// firstFree is the number of the first company whose certificates nobody has renewed yet.
const firstFree = firstOnline + manyOnline

// Free is the k-th of so many certificates of a path that may be renewed, the n-th of all of them. Of twenty, five are of
// the project that re-keys.
func Free(path order.Path, n, k, of int, present time.Time) Case {
	c := Case{Company: firstFree + n, Rekeys: k >= of-of/4, Ends: present.AddDate(0, 0, -20-k*9%150)}
	if path == order.Online { // the window opens 90 days before the end
		c.Ends = present.AddDate(0, 0, 5+k*7%80)
	}
	return c
}
