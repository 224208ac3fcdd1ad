package load

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"caconsole/cmd/applicant/renew"
)

// Report is how a load went. Times are milliseconds.
type Report struct {
	Orders   int            `json:"orders"` // asked for
	Started  int            `json:"started"`
	Done     int            `json:"done"`
	Refused  int            `json:"refused"`
	TimedOut int            `json:"timed_out"`
	Failed   int            `json:"failed"`
	Seconds  float64        `json:"seconds"`
	Rate     float64        `json:"rate"`        // asked for, orders a second
	Late     float64        `json:"late_max_ms"` // by which the latest order began after its time: the load itself was short of breath
	Renewals Latency        `json:"renewals"`    // whole renewals that were done, people's work included
	Calls    []CallReport   `json:"calls"`
	Problems map[string]int `json:"problems"` // answers by "status code"; "no answer" where none came
	Kinds    map[string]int `json:"kinds"`    // renewals done, by "path pay"
}

// Latency is how long something took.
type Latency struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// CallReport is the latency of one call of the API, every try counted.
type CallReport struct {
	Name   string `json:"name"`
	Errors int    `json:"errors"` // answers that were no success, and none at all
	Latency
}

// book keeps the figures while the load runs.
type book struct {
	opt   Options
	lines lines

	mu       sync.Mutex
	spares   map[string][]certificate // by path
	r        Report
	renewals []time.Duration
	calls    map[string][]time.Duration
	errors   map[string]int // by call
}

func newBook(o Options, spares map[string][]certificate) *book {
	return &book{
		opt: o, spares: spares, calls: map[string][]time.Duration{}, errors: map[string]int{},
		r: Report{Orders: o.Orders, Rate: o.Rate, Problems: map[string]int{}, Kinds: map[string]int{}},
	}
}

// spare hands out a certificate that was left over.
func (b *book) spare(path string) (certificate, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.spares[path]
	if len(left) == 0 {
		return certificate{}, false
	}
	b.spares[path] = left[1:]
	return left[0], true
}

// call takes one request that ended.
func (b *book) call(c renew.Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[c.Name] = append(b.calls[c.Name], c.Took)
	switch {
	case c.Status == 0:
		b.errors[c.Name]++
		b.r.Problems["no answer"]++
	case c.Status >= 400:
		b.errors[c.Name]++
		b.r.Problems[fmt.Sprintf("%d %s", c.Status, c.Code)]++
	}
}

func (b *book) start(late time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.r.Started++
	b.r.Late = max(b.r.Late, ms(late))
}

func (b *book) end(j job, o outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case o.err == nil:
		b.r.Done++
		b.renewals = append(b.renewals, o.took)
		b.r.Kinds[j.path+" "+j.pay]++
	case errors.Is(o.err, renew.ErrRefused):
		b.r.Refused++
	case errors.Is(o.err, renew.ErrTimedOut):
		b.r.TimedOut++
	default:
		b.r.Failed++
	}
}

// tell logs every ten seconds how far the load is, until what it returns is called.
func (b *book) tell(ctx context.Context) func() {
	ctx, stop := context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			b.mu.Lock()
			r := b.r
			b.mu.Unlock()
			ended := r.Done + r.Refused + r.TimedOut + r.Failed
			b.opt.Log.InfoContext(ctx, "load", "started", r.Started, "of", r.Orders, "under_way", r.Started-ended, "done", r.Done,
				"refused", r.Refused, "timed_out", r.TimedOut, "failed", r.Failed)
		}
	}()
	return stop
}

// report closes the book.
func (b *book) report(took time.Duration) Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.r
	r.Seconds = took.Seconds()
	r.Renewals = latency(b.renewals)
	for name, all := range b.calls {
		r.Calls = append(r.Calls, CallReport{Name: name, Errors: b.errors[name], Latency: latency(all)})
	}
	slices.SortFunc(r.Calls, func(a, b CallReport) int { return cmp.Compare(a.Name, b.Name) })
	return r
}

// latency sorts the times given.
func latency(all []time.Duration) Latency {
	if len(all) == 0 {
		return Latency{}
	}
	slices.Sort(all)
	// at is the smallest time that a share of all did not exceed.
	at := func(percent int) float64 { return ms(all[(len(all)*percent+99)/100-1]) }
	return Latency{N: len(all), P50: at(50), P95: at(95), P99: at(99), Max: ms(all[len(all)-1])}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// WriteJSON writes the report as one JSON object.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteTable writes the report for people.
func (r Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	var failed error
	print := func(format string, args ...any) {
		if failed == nil {
			_, failed = fmt.Fprintf(t, format, args...)
		}
	}
	row := func(name string, errors any, l Latency) {
		print("%s\t%d\t%v\t%.0f\t%.0f\t%.0f\t%.0f\t\n", name, l.N, errors, l.P50, l.P95, l.P99, l.Max)
	}
	print("call\tn\terrors\tp50 ms\tp95 ms\tp99 ms\tmax ms\t\n")
	for _, c := range r.Calls {
		row(c.Name, c.Errors, c.Latency)
	}
	row("whole renewal, people included", "", r.Renewals)
	if failed == nil {
		failed = t.Flush()
	}
	print = func(format string, args ...any) {
		if failed == nil {
			_, failed = fmt.Fprintf(w, format, args...)
		}
	}
	print("\norders %d  started %d  done %d  refused %d  timed out %d  failed %d  in %.1f s at %g a second (latest start %.0f ms late)\n",
		r.Orders, r.Started, r.Done, r.Refused, r.TimedOut, r.Failed, r.Seconds, r.Rate, r.Late)
	for _, m := range []struct {
		word string
		of   map[string]int
	}{{"done", r.Kinds}, {"answer", r.Problems}} {
		for _, k := range sorted(m.of) {
			print("%s %s: %d\n", m.word, k, m.of[k])
		}
	}
	return failed
}

func sorted(m map[string]int) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
