// Package callback tells customers of a simulated vendor that something happened. A call that is not accepted is
// repeated with growing pauses and in the end given up, as vendors do: a callback is a hint, never a promise. The faults
// ordered for the vendor's notices strike here.
package callback

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"caconsole/cmd/applicant/vendors/trouble"
)

// pauses before the tries. The vendors' own reach over a day (WeChat 15 s to 6 h, Alipay 4 min to 15 h); these are the
// same course made short enough to watch.
var pauses = []time.Duration{
	0, 500 * time.Millisecond, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
}

// Call is one message to a customer.
type Call struct {
	Vendor      string // whose it is, a name of package trouble
	URL         string
	ContentType string
	Body        []byte
	// Sign adds the headers that prove who sends, anew for each try; nil for vendors that sign nothing or in the body.
	Sign func(http.Header, []byte) error
	// Accepted says whether an answer means "taken"; nil means any 2xx.
	Accepted func(status int, body []byte) bool
	Tries    int // at most; 0 for as many as there are pauses
	// Taken is called once the call is accepted; nil for nobody.
	Taken func()
}

// Sender sends calls in the background until its context ends.
type Sender struct {
	ctx      context.Context //nolint:containedctx // the sender's life, not a request's
	client   *http.Client
	troubles *trouble.List
	log      *slog.Logger
	wg       sync.WaitGroup

	mu   sync.Mutex
	left map[string]chan struct{} // by vendor: closed when its next notice has left
}

// New returns a sender that lives as long as ctx.
func New(ctx context.Context, troubles *trouble.List, log *slog.Logger) *Sender {
	return &Sender{ctx: ctx, client: &http.Client{Timeout: 5 * time.Second}, troubles: troubles, log: log, left: map[string]chan struct{}{}}
}

// Send queues a call and returns at once. An empty URL sends nothing: the customer registered no address.
func (s *Sender) Send(c Call) { s.After(0, c) }

// After queues a call to be made later.
func (s *Sender) After(delay time.Duration, c Call) {
	if c.URL == "" {
		return
	}
	copies := 1
	if f, ok := s.troubles.Strike(c.Vendor, trouble.Delay); ok {
		delay += time.Duration(f.DelayMS) * time.Millisecond
	}
	if _, ok := s.troubles.Strike(c.Vendor, trouble.Duplicate); ok {
		copies = 2
	}
	turn, held := s.troubles.Strike(c.Vendor, trouble.Reorder)
	for range copies {
		s.wg.Go(func() {
			if !s.sleep(delay) || held && !s.letPass(c.Vendor, time.Duration(turn.DelayMS)*time.Millisecond) {
				return
			}
			s.deliver(c, held)
		})
	}
}

// Once makes a call a single time and does not care what becomes of it: the way of somebody who is not the vendor.
func (s *Sender) Once(c Call) {
	if c.URL == "" {
		return
	}
	s.wg.Go(func() {
		if err := s.try(c); err != nil {
			s.log.InfoContext(s.ctx, "forged callback refused", "vendor", c.Vendor, "error", err)
		}
	})
}

// deliver tries until the call is accepted or has been tried often enough.
func (s *Sender) deliver(c Call, held bool) {
	for i, pause := range pauses {
		if c.Tries > 0 && i == c.Tries || !s.sleep(pause) {
			return
		}
		err := s.try(c)
		if i == 0 && !held {
			s.pass(c.Vendor)
		}
		if err == nil {
			if c.Taken != nil {
				c.Taken()
			}
			return
		}
		s.log.WarnContext(s.ctx, "callback not accepted", "url", c.URL, "try", i+1, "error", err)
	}
}

// letPass waits until another notice of the vendor has left, at most for a time.
func (s *Sender) letPass(vendor string, atMost time.Duration) bool {
	s.mu.Lock()
	next, ok := s.left[vendor]
	if !ok {
		next = make(chan struct{})
		s.left[vendor] = next
	}
	s.mu.Unlock()
	select {
	case <-s.ctx.Done():
		return false
	case <-next:
	case <-time.After(atMost):
	}
	return true
}

// pass lets go of the notices that wait for this one.
func (s *Sender) pass(vendor string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if next, ok := s.left[vendor]; ok {
		close(next)
		delete(s.left, vendor)
	}
}

// Wait returns when all calls are made or given up.
func (s *Sender) Wait() { s.wg.Wait() }

func (s *Sender) sleep(d time.Duration) bool {
	select {
	case <-s.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (s *Sender) try(c Call) error {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, c.URL, bytes.NewReader(c.Body))
	if err != nil {
		return fmt.Errorf("build callback: %w", err)
	}
	req.Header.Set("Content-Type", c.ContentType)
	if c.Sign != nil {
		if err := c.Sign(req.Header, c.Body); err != nil {
			return fmt.Errorf("sign callback: %w", err)
		}
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("send callback: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	accepted := c.Accepted
	if accepted == nil {
		accepted = func(status int, _ []byte) bool { return status/100 == 2 }
	}
	if !accepted(resp.StatusCode, body) {
		return fmt.Errorf("answer %d", resp.StatusCode)
	}
	return nil
}
