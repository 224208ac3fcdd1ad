package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"caconsole/cmd/applicant/paper"
)

// Options say who works where and how.
type Options struct {
	Base       string   // of the console's staff pages, such as http://localhost:8080
	Staff      []Member // those of them whose roles are among Roles sit down
	Roles      []string
	Agent      func() (string, error) // where the Ukeys of all of them are asked; it may move while the desk is open
	Statements string                 // folder below which statements appear; "" for none
	Pace       time.Duration          // what one piece of work takes a person at least
	UntilIdle  time.Duration          // the desk closes when nobody had anything to do for so long; 0 is never
	Poll       time.Duration          // how often somebody without work looks again
	Reject     float64                // share of cases a reviewer rejects whatever the papers are like, from 0 to 1
	Painter    *paper.Painter         // draws the seals that reviewers expect
	Transport  http.RoundTripper
	Now        func() time.Time
	Log        *slog.Logger
}

// Roles are those with work at a desk.
var Roles = []string{"reviewer", "second_reviewer", "review_lead", "issuer", "finance", "finance_lead"}

// trades is what people of a role do.
var trades = map[string]func(context.Context, *clerk) (bool, error){
	"reviewer": review, "second_reviewer": review, "review_lead": review,
	"issuer":  issue,
	"finance": keepBooks, "finance_lead": keepBooks,
}

// errForbidden says that a page is not for this reader.
var errForbidden = errors.New("not allowed")

// Run opens the desk: everybody logs in and works until ctx ends, which is no error, or until there was nothing to do
// for UntilIdle. It returns what was done.
func Run(ctx context.Context, o Options) (Tally, error) {
	h := &house{opt: o, inbox: newInbox(o.Statements, o.Now)}
	if h.opt.Poll <= 0 {
		h.opt.Poll = time.Second
	}
	for _, m := range o.Staff {
		for _, role := range m.Roles {
			trade := trades[role]
			if trade == nil || !slices.Contains(o.Roles, role) {
				continue
			}
			b, err := newBrowser(o.Base, o.Transport, o.Log.With("who", m.Login))
			if err != nil {
				return Tally{}, err
			}
			h.clerks = append(h.clerks, &clerk{Member: m, browser: b, house: h, trade: trade})
			break
		}
	}
	if len(h.clerks) == 0 {
		return Tally{}, fmt.Errorf("%w: nobody in it has one of the roles %s", ErrRoster, strings.Join(o.Roles, ", "))
	}
	ctx, closeDesk := context.WithCancel(ctx)
	defer closeDesk()
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range h.clerks {
		g.Go(func() error { return c.work(ctx) })
	}
	if o.UntilIdle > 0 {
		g.Go(func() error { h.watchIdle(ctx, closeDesk); return nil })
	}
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	done := h.done()
	o.Log.InfoContext(ctx, "desk closed", "done", done)
	return done, err
}

// Tally counts what was done.
type Tally struct {
	Approved, Returned, Rejected int
	Issued                       int // orders confirmed for signing
	Imported, Matched            int // statements; credits by hand
}

// LogValue makes a tally readable in a log line.
func (t Tally) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("approved", t.Approved), slog.Int("returned", t.Returned), slog.Int("rejected", t.Rejected),
		slog.Int("issued", t.Issued), slog.Int("imported", t.Imported), slog.Int("matched", t.Matched))
}

// house is what the people at the desk share.
type house struct {
	opt    Options
	clerks []*clerk
	inbox  *inbox

	mu     sync.Mutex
	tally  Tally
	seated int                  // how many are logged in for the first time
	busy   int                  // how many are in the middle of something
	last   time.Time            // when something ended
	bench  map[string]time.Time // credits, and when to look at them
}

// count adds to the tally.
func (h *house) count(add func(*Tally)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	add(&h.tally)
}

func (h *house) done() Tally {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tally
}

// sit says that somebody is ready to work.
func (h *house) sit() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seated++
	h.last = h.opt.Now()
}

// begin says that somebody is in the middle of something, until end.
func (h *house) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy++
}

// end says that it is over, and whether it led anywhere: what is refused again and again does not keep the desk open.
func (h *house) end(done *bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy--; *done {
		h.last = h.opt.Now()
	}
}

// watchIdle closes the desk when nobody had anything to do for long enough. The clock starts when all are seated.
func (h *house) watchIdle(ctx context.Context, closeDesk func()) {
	for sleep(ctx, min(h.opt.UntilIdle/4, time.Second)) == nil {
		h.mu.Lock()
		idle := h.seated == len(h.clerks) && h.busy == 0 && h.opt.Now().Sub(h.last) >= h.opt.UntilIdle && !h.inbox.pending()
		h.mu.Unlock()
		if idle {
			closeDesk()
			return
		}
	}
}
