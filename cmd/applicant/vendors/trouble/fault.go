package trouble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// The vendors a fault can be ordered for.
const (
	WeChat   = "wechat"
	Alipay   = "alipay"
	Identity = "identity"
	Telecom  = "telecom"
	SMS      = "sms"
	Invoice  = "invoice"
	Mail     = "mail"
	KMC      = "kmc"
)

// Vendors are all of them.
var Vendors = []string{WeChat, Alipay, Identity, Telecom, SMS, Invoice, Mail, KMC}

// The kinds of fault. The first three strike calls, delay also notices, the rest notices only.
const (
	Delay       = "delay"                // the work starts, or the notice leaves, after DelayMS
	ServerError = "5xx"                  // 503 before any work
	TimedOut    = "timeout_then_success" // the work is done; after DelayMS the connection is cut without an answer
	Duplicate   = "duplicate"            // a notice arrives twice
	Reorder     = "reorder"              // a notice waits until the vendor's next one has left, or for DelayMS
	Forge       = "forge"                // somebody who is not the vendor sends a notice of the same kind first
)

var faultKinds = []string{Delay, ServerError, TimedOut, Duplicate, Reorder, Forge}

// usualDelay is DelayMS where none is given.
var usualDelay = map[string]int{Delay: 300, Reorder: 2000}

// Fault is one order that concerns everything a vendor does: some of it (Rate) or the next of it (Times).
type Fault struct {
	Vendor  string  `json:"vendor"`
	Kind    string  `json:"kind"`
	Rate    float64 `json:"rate,omitempty"`  // of all calls or notices, over 0 to 1
	Times   int     `json:"times,omitempty"` // how many it strikes; 0 with a rate means for ever
	DelayMS int     `json:"delay_ms,omitempty"`
}

// ErrFault tells that an order cannot be understood.
var ErrFault = errors.New("no such fault")

// ParseFault reads vendor:kind:rate, such as wechat:duplicate:0.02.
func ParseFault(text string) (Fault, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return Fault{}, fmt.Errorf("%w: %q, want vendor:kind:rate", ErrFault, text)
	}
	rate, err := strconv.ParseFloat(parts[2], 64)
	if err != nil {
		return Fault{}, fmt.Errorf("%w: rate %q", ErrFault, parts[2])
	}
	f := Fault{Vendor: parts[0], Kind: parts[1], Rate: rate}
	return f, f.check()
}

func (f Fault) check() error {
	switch {
	case !slices.Contains(Vendors, f.Vendor):
		return fmt.Errorf("%w: vendor %q, want one of %s", ErrFault, f.Vendor, strings.Join(Vendors, " "))
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("%w: kind %q, want one of %s", ErrFault, f.Kind, strings.Join(faultKinds, " "))
	case !(f.Rate >= 0 && f.Rate <= 1) || f.Times < 0 || f.DelayMS < 0: // so written, NaN is refused too
		return fmt.Errorf("%w: rate %v, times %d, delay_ms %d", ErrFault, f.Rate, f.Times, f.DelayMS)
	}
	return nil
}

// Seed makes the faults to come the same as those of any other list with this seed: the n-th call of a vendor is struck
// or not, whoever makes it.
func (l *List) Seed(seed uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seed = seed
}

// Order adds a fault. One without a rate strikes the next Times times, at least once.
func (l *List) Order(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Rate == 0 && f.Times == 0 {
		f.Times = 1
	}
	if f.DelayMS == 0 {
		f.DelayMS = usualDelay[f.Kind]
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, f)
	return nil
}

// Faults are the orders that may still strike.
func (l *List) Faults() []Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.faults)
}

// Struck counts how often each kind of fault has struck a vendor, as vendor → kind → number.
func (l *List) Struck() map[string]map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]map[string]int{}
	for k, n := range l.struck {
		if out[k.vendor] == nil {
			out[k.vendor] = map[string]int{}
		}
		out[k.vendor][k.kind] = n
	}
	return out
}

// Strike tells whether a fault of this kind strikes what a vendor is about to do.
func (l *List) Strike(vendor, kind string) (Fault, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := aim{vendor, kind}
	for i, f := range l.faults {
		if f.Vendor != vendor || f.Kind != kind || !l.hits(f, k) {
			continue
		}
		if f.Times > 0 {
			l.faults[i].Times--
			if l.faults[i].Times == 0 {
				l.faults = slices.Delete(l.faults, i, i+1)
			}
		}
		if l.struck == nil {
			l.struck = map[aim]int{}
		}
		l.struck[k]++
		return f, true
	}
	return Fault{}, false
}

// hits draws: the n-th draw for a vendor and kind depends on nothing but the seed.
func (l *List) hits(f Fault, k aim) bool {
	if f.Rate == 0 {
		return true
	}
	if l.drawn == nil {
		l.drawn = map[aim]uint64{}
	}
	l.drawn[k]++
	h := fnv.New64a()
	var n [16]byte
	binary.BigEndian.PutUint64(n[:8], l.seed)
	binary.BigEndian.PutUint64(n[8:], l.drawn[k])
	_, _ = h.Write(n[:]) // never fails (hash.Hash)
	_, _ = h.Write([]byte(k.vendor + ":" + k.kind))
	return float64(mix(h.Sum64())>>11)/(1<<53) < f.Rate
}

// mix spreads the bits of a number (the finaliser of SplitMix64): FNV alone leaves the high ones alike.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// aim is what a fault strikes.
type aim struct{ vendor, kind string }
