// Package trouble lets a test order what goes wrong: with the next calls of one kind (Trouble), or with some or all of
// what a vendor does, its notices included (Fault).
package trouble

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// The kinds of trouble.
const (
	Refuse = "refuse" // the vendor answers with its own error shape and Code
	Down   = "down"   // 503 before any work
	Slow   = "slow"   // the work starts after DelayMS
	Lost   = "lost"   // the work is done and the answer never arrives; after DelayMS the connection is cut
)

// Trouble is one order.
type Trouble struct {
	Call    string `json:"call"`     // action or method of the vendor: SendSms, nuonuo.OpeMplatform.requestBillingNew, smtp …
	Kind    string `json:"kind"`     // refuse, down, slow or lost
	Code    string `json:"code"`     // for refuse: the vendor's error code
	DelayMS int    `json:"delay_ms"` // for slow and lost
	Times   int    `json:"times"`    // how many calls it hits; 0 means one
}

// List holds the orders not yet carried out. The zero value is an empty list.
type List struct {
	mu     sync.Mutex
	open   []Trouble
	faults []Fault
	seed   uint64
	drawn  map[aim]uint64
	struck map[aim]int
}

// Add appends an order; it refuses kinds it does not know.
func (l *List) Add(t Trouble) error {
	switch t.Kind {
	case Refuse, Down, Slow, Lost:
	default:
		return fmt.Errorf("unknown trouble %q, want %s, %s, %s or %s", t.Kind, Refuse, Down, Slow, Lost)
	}
	if t.Times <= 0 {
		t.Times = 1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = append(l.open, t)
	return nil
}

// Clear drops all orders.
func (l *List) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open, l.faults = nil, nil
}

// Take returns the first order for a call and counts it down.
func (l *List) Take(call string) (Trouble, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, t := range l.open {
		if t.Call != call {
			continue
		}
		l.open[i].Times--
		if l.open[i].Times == 0 {
			l.open = append(l.open[:i], l.open[i+1:]...)
		}
		return t, true
	}
	return Trouble{}, false
}

// Next is what goes wrong with a call to a vendor: what was ordered for the call, else a fault of the vendor.
func (l *List) Next(vendor, call string) (Trouble, bool) {
	if t, ok := l.Take(call); ok {
		return t, true
	}
	for _, as := range []struct{ fault, trouble string }{{ServerError, Down}, {TimedOut, Lost}, {Delay, Slow}} {
		if f, ok := l.Strike(vendor, as.fault); ok {
			return Trouble{Call: call, Kind: as.trouble, DelayMS: f.DelayMS, Times: 1}, true
		}
	}
	return Trouble{}, false
}

// Around runs one HTTP call of a vendor under the orders given: refuse writes the vendor's own error for a code, work
// does the call and writes its answer.
func (l *List) Around(vendor, call string, w http.ResponseWriter, r *http.Request, refuse func(code string), work func(http.ResponseWriter)) {
	t, ok := l.Next(vendor, call)
	if !ok {
		work(w)
		return
	}
	switch t.Kind {
	case Refuse:
		refuse(t.Code)
	case Down:
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
	case Slow:
		if wait(r.Context(), t.DelayMS) {
			work(w)
		}
	case Lost:
		work(blackHole{http.Header{}})
		wait(r.Context(), t.DelayMS)
		panic(http.ErrAbortHandler) // the server cuts the connection and logs nothing
	}
}

// wait returns false when ctx ends before the time is over.
func wait(ctx context.Context, ms int) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Duration(ms) * time.Millisecond):
		return true
	}
}

// blackHole is an answer nobody gets.
type blackHole struct{ header http.Header }

func (b blackHole) Header() http.Header         { return b.header }
func (b blackHole) Write(p []byte) (int, error) { return len(p), nil }
func (b blackHole) WriteHeader(int)             {}
