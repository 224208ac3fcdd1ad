// Package client talks to the signer over its Unix socket.
package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
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
	maxAnswer  = 64 << 20 // a revocation list of a million certificates, in base64
)

// Client is safe for concurrent use.
type Client struct {
	http *http.Client
	base string
}

// New makes a client for the socket at path. Nothing is dialled before the first call.
func New(path string) *Client {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	return &Client{base: "http://casigner", http: &http.Client{
		Timeout: callTimeout,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, "unix", path)
			},
			MaxIdleConns: 8, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
		},
	}}
}

// NewRemote makes a client for a signer on another host, at host:port. cert is this console's certificate with its key;
// the signer's certificate is known by pin, the SHA-256 of its SubjectPublicKeyInfo, and by nothing else. TLS 1.3 only.
func NewRemote(address string, own tls.Certificate, pin [sha256.Size]byte) *Client {
	return &Client{base: "https://" + address, http: &http.Client{
		Timeout: callTimeout,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{
				MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own},
				InsecureSkipVerify: true, //nolint:gosec // names and chains say nothing here; the pin below says it all
				VerifyConnection: func(s tls.ConnectionState) error {
					if len(s.PeerCertificates) == 0 || sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo) != pin {
						return errors.New("the signer has another key than the one that was pinned")
					}
					return nil
				},
			},
			MaxIdleConns: 8, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: false,
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

// ChangeRegistry brings a change of the staff keys with its officers' signatures. Fails like Issue.
func (c *Client) ChangeRegistry(ctx context.Context, in cert.RegistryOrder) (cert.RegistryState, error) {
	var out cert.RegistryState
	err := c.call(ctx, http.MethodPost, "registry", in, &out)
	return out, err
}

// Registry asks whose keys count. Fails like Issue.
func (c *Client) Registry(ctx context.Context) (cert.RegistryState, error) {
	var out cert.RegistryState
	err := c.call(ctx, http.MethodGet, "registry", nil, &out)
	return out, err
}

// Revoke brings a revocation with both signatures. Fails like Issue.
func (c *Client) Revoke(ctx context.Context, in cert.RevocationOrder) (cert.Revoked, error) {
	var out cert.Revoked
	err := c.call(ctx, http.MethodPost, "revoke", in, &out)
	return out, err
}

// CRL asks for the revocation list with a number: the last one again, or the next. Fails like Issue.
func (c *Client) CRL(ctx context.Context, in cert.CRLOrder) (cert.CRL, error) {
	var out cert.CRL
	err := c.call(ctx, http.MethodPost, "crl", in, &out)
	return out, err
}

// ChangeProfile brings a profile with both signatures. Fails like Issue.
func (c *Client) ChangeProfile(ctx context.Context, in cert.ProfileOrder) (cert.ProfileState, error) {
	var out cert.ProfileState
	err := c.call(ctx, http.MethodPost, "profile", in, &out)
	return out, err
}

// EndDelegation ends a delegation before its time. Fails like Issue.
func (c *Client) EndDelegation(ctx context.Context, in cert.DelegationEnd) (cert.Ended, error) {
	var out cert.Ended
	err := c.call(ctx, http.MethodPost, "delegations/revoke", in, &out)
	return out, err
}

// Journal asks what the signer has done, a page of its journal. Fails like Issue.
func (c *Client) Journal(ctx context.Context, in cert.JournalQuery) (cert.JournalPage, error) {
	var out cert.JournalPage
	err := c.call(ctx, http.MethodPost, "journal", in, &out)
	return out, err
}

// Unlock gives one officer's share. Only the signer's admin socket takes it. Fails like Issue.
func (c *Client) Unlock(ctx context.Context, share cert.Share) (cert.Status, error) {
	var out cert.Status
	err := c.call(ctx, http.MethodPost, "unlock", share, &out)
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
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/v1/"+act, body)
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
