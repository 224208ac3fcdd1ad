package renew

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

var (
	// ErrRefused is wrapped by every refusal that waiting cannot change.
	ErrRefused = errors.New("refused")
	// ErrTimedOut is wrapped when the time given was up first; another run goes on from there.
	ErrTimedOut = errors.New("timed out")
)

// Problem is a refusal of the API (RFC 9457).
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"` // the sentence for people
	Code   string `json:"code"`
	Errors []struct {
		Field  string `json:"field"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"errors"`
	RequestID string `json:"request_id"`
}

// Error is the sentence, with each field's own.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, e := range p.Errors {
		text += fmt.Sprintf("; %s: %s", e.Field, e.Detail)
	}
	return fmt.Sprintf("%s (%d %s)", text, p.Status, p.Code)
}

// Unwrap makes a problem a refusal, except where trying again may help.
func (p *Problem) Unwrap() error {
	if p.Status >= 500 {
		return nil
	}
	return ErrRefused
}

// maxTries is how often a request is made to which the server answers that it failed. A server that cannot be reached,
// or that asks for patience, is waited for as long as there is time.
const maxTries = 8

// longestPause is between two tries.
const longestPause = 5 * time.Second

// api is one client of the intake API.
type api struct {
	base    string
	token   string // Bearer; "" before the login
	http    *http.Client
	log     *slog.Logger
	now     func() time.Time
	observe func(Call) // nil is nobody
}

// reply is an answer of 2xx, or 304 to who asked for it.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// errNoAnswer says that nobody answered: the server restarts, or the line broke.
var errNoAnswer = errors.New("no answer")

// do sends one request. Answers 429 and 503 are waited out as Retry-After says, and a POST keeps its idempotency key
// over all tries; so does one whose answer was lost. Everything else that is not 2xx is a *Problem.
func (a *api) do(ctx context.Context, method, path, contentType string, body []byte, header http.Header) (reply, error) {
	key := uuid.NewString()
	for try := 1; ; try++ {
		r, wait, err := a.once(ctx, method, path, contentType, body, header, key)
		switch {
		case err == nil && wait == 0:
			return r, nil
		case ctx.Err() != nil, errors.Is(err, ErrRefused), err != nil && !errors.Is(err, errNoAnswer) && try >= maxTries:
			return r, errors.Join(err, ctx.Err())
		case err != nil:
			wait = min(time.Duration(try)*500*time.Millisecond, longestPause)
			a.log.WarnContext(ctx, "trying again", "method", method, "path", path, "wait", wait, "error", err)
		default:
			a.log.InfoContext(ctx, "told to wait", "path", path, "status", r.status, "wait", wait)
		}
		if err := sleep(ctx, wait); err != nil {
			return r, err
		}
	}
}

// once is one try. A wait > 0 means: again after that time.
func (a *api) once(ctx context.Context, method, path, contentType string, body []byte, header http.Header, key string) (reply, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, 0, refuse("no such address: %s", err)
	}
	req.Header.Set("Accept-Language", "zh-CN")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", key)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	watch := a.watch(method, path)
	resp, err := a.http.Do(req)
	if err != nil {
		watch(ctx, 0, "")
		return reply{}, 0, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		watch(ctx, 0, "")
		return reply{}, 0, fmt.Errorf("%w: %s %s: %w", errNoAnswer, method, path, err)
	}
	r := reply{resp.StatusCode, resp.Header, raw}
	if r.status/100 == 2 || r.status == http.StatusNotModified {
		watch(ctx, r.status, "")
		return r, 0, nil
	}
	p := problemOf(r)
	watch(ctx, r.status, p.Code)
	switch r.status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return r, retryAfter(resp.Header), nil
	case http.StatusBadGateway, http.StatusGatewayTimeout: // a proxy in front of a server that restarts
		return r, 0, fmt.Errorf("%w: %w", errNoAnswer, p)
	}
	return r, 0, p
}

func problemOf(r reply) *Problem {
	p := &Problem{}
	if err := json.Unmarshal(r.body, p); err != nil || (p.Code == "" && p.Detail == "") {
		p.Title = fmt.Sprintf("%.200s", r.body)
	}
	p.Status = r.status
	return p
}

// retryAfter reads the header in seconds; without one it is two seconds.
func retryAfter(h http.Header) time.Duration {
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	return 2 * time.Second
}

// call sends in as JSON (nil for no body) and decodes the answer into out (nil to drop it).
func (a *api) call(ctx context.Context, method, path string, in, out any) (int, error) {
	var body []byte
	contentType := ""
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return 0, fmt.Errorf("encode %s: %w", path, err)
		}
		contentType = "application/json"
	}
	r, err := a.do(ctx, method, path, contentType, body, nil)
	if err != nil {
		return r.status, err
	}
	if out == nil {
		return r.status, nil
	}
	if err := json.Unmarshal(r.body, out); err != nil {
		return r.status, fmt.Errorf("decode answer of %s %s: %w", method, path, err)
	}
	return r.status, nil
}

// sleep waits or ends with ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
