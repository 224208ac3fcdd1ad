// Package client talks to the signer over its Unix socket.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

const (
	// callTimeout bounds one call; an issuance takes about a millisecond, its queue at most a second.
	callTimeout = 10 * time.Second
	// retryAfter is what callers are told when the signer does not answer: it restarts, or waits for its officers.
	retryAfter = 15 * time.Second
	maxAnswer  = 1 << 20
)

// Client is safe for concurrent use.
type Client struct {
	http *http.Client
}

// New makes a client for the socket at path. Nothing is dialled before the first call.
func New(path string) *Client {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	return &Client{http: &http.Client{
		Timeout: callTimeout,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, "unix", path)
			},
			MaxIdleConns: 4, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
		},
	}}
}

// Issue has a request executed. A call that ends without an answer may be made again: the same request gets the same
// answer. Fails with the signer's refusal, or with Unavailable "signer_unavailable" where nobody answers.
func (c *Client) Issue(ctx context.Context, in cert.Instruction) (cert.Issued, error) {
	var out cert.Issued
	err := c.call(ctx, http.MethodPost, "issue", in, &out)
	return out, err
}

// Close ends a request: its result, or none for ever. Fails like Issue.
func (c *Client) Close(ctx context.Context, id string) (cert.Closing, error) {
	var out cert.Closing
	err := c.call(ctx, http.MethodPost, "close", struct {
		ID string `json:"id"`
	}{id}, &out)
	return out, err
}

// Status asks how the signer is. Fails like Issue.
func (c *Client) Status(ctx context.Context) (cert.Status, error) {
	var out cert.Status
	err := c.call(ctx, http.MethodGet, "status", nil, &out)
	return out, err
}

// Chain asks by what the signer works. Fails like Issue.
func (c *Client) Chain(ctx context.Context) (cert.Chain, error) {
	var out cert.Chain
	err := c.call(ctx, http.MethodGet, "chain", nil, &out)
	return out, err
}

func (c *Client) call(ctx context.Context, method, act string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fault.Wrap("signer_call_failed", err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://casigner/v1/"+act, body)
	if err != nil {
		return fault.Wrap("signer_call_failed", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return unavailable(err)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return unavailable(err)
	}
	if res.StatusCode != http.StatusOK {
		return refusal(raw)
	}
	return fault.Wrap("signer_answer_unknown", json.Unmarshal(raw, out))
}

func refusal(raw []byte) error {
	var p cert.Problem
	if err := json.Unmarshal(raw, &p); err != nil {
		return fault.Wrap("signer_answer_unknown", err)
	}
	f := fault.Of(p.Fault())
	if f.Kind == fault.Unavailable {
		f.RetryAfter = retryAfter
	}
	return f
}

func unavailable(err error) error { return fault.Down("signer_unavailable", retryAfter, err) }
