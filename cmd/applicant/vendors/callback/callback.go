// Package callback tells customers of a simulated vendor that something happened. A call that is not accepted is
// repeated a few times and then given up, as vendors do: a callback is a hint, never a promise.
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
)

// pauses between the tries.
var pauses = []time.Duration{0, 500 * time.Millisecond, 2 * time.Second, 5 * time.Second}

// Call is one message to a customer.
type Call struct {
	URL         string
	ContentType string
	Body        []byte
	// Accepted says whether an answer means "taken"; nil means any 2xx.
	Accepted func(status int, body []byte) bool
}

// Sender sends calls in the background until its context ends.
type Sender struct {
	ctx    context.Context //nolint:containedctx // the sender's life, not a request's
	client *http.Client
	log    *slog.Logger
	wg     sync.WaitGroup
}

// New returns a sender that lives as long as ctx.
func New(ctx context.Context, log *slog.Logger) *Sender {
	return &Sender{ctx: ctx, client: &http.Client{Timeout: 5 * time.Second}, log: log}
}

// Send queues a call and returns at once. An empty URL sends nothing: the customer registered no address.
func (s *Sender) Send(c Call) { s.After(0, c) }

// After queues a call to be made later.
func (s *Sender) After(delay time.Duration, c Call) {
	if c.URL == "" {
		return
	}
	s.wg.Go(func() {
		for i, pause := range pauses {
			if i == 0 {
				pause = delay
			}
			if !s.sleep(pause) {
				return
			}
			err := s.try(c)
			if err == nil {
				return
			}
			s.log.WarnContext(s.ctx, "callback not accepted", "url", c.URL, "try", i+1, "error", err)
		}
	})
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
