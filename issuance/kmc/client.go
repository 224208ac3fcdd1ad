// Package kmc asks a key management centre (密钥管理中心) for encryption keys over HTTP.
//
// The protocol is our own, modelled on the key application of GM/T 0014-2023; a centre with another one needs an adapter
// of its own beside this one.
//
//	POST {base}/kmc/v1/keys
//	{"request_id": UUID, "sign_key": SPKI, "user_id": text, "not_before": RFC 3339, "not_after": RFC 3339}
//	X-KMC-Signature: SM2-SM3 (default ID, DER, base64) over "caconsole/kmc-request/1\n" and the body
//	200 {"request_id", "enc_key": SPKI, "enveloped": SM2EnvelopedKey of GB/T 35276, "centre": hex SM3 of the certificate
//	     the centre signed with, "signature": SM2-SM3 over cert.KMCMessage}
//	4xx {"code": text}; "id_reused" where the id stands for another request; 5xx try again
//
// Binary values are base64 of DER. The request id makes it safe to ask again: the same request gets the same key.
// The private key comes wrapped for the Ukey. It is never in clear here, and no message is ever logged.
package kmc

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

const (
	path      = "/kmc/v1/keys"
	maxAnswer = 64 << 10
	retry     = 30 * time.Second
)

// Config says where the centre is and by what it is known.
type Config struct {
	URL     string                // base, without a slash at the end
	Centres []*smx509.Certificate // certificates the centre may sign with
	Key     crypto.Signer         // SM2 key that signs our requests; nil where the centre wants none
	Timeout time.Duration         // of one call; 0 is 5 s
}

// Client is a key centre over HTTP. It implements issuance.KeyCentre.
type Client struct {
	cfg  Config
	http *http.Client
}

// New makes the client.
func New(c Config) *Client {
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	return &Client{cfg: c, http: &http.Client{
		Timeout:       c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type request struct {
	RequestID string `json:"request_id"`
	SignKey   []byte `json:"sign_key"`
	UserID    string `json:"user_id"`
	NotBefore string `json:"not_before"`
	NotAfter  string `json:"not_after"`
}

type answer struct {
	RequestID string `json:"request_id"`
	EncKey    []byte `json:"enc_key"`
	Enveloped []byte `json:"enveloped"`
	Centre    string `json:"centre"`
	Signature []byte `json:"signature"`
}

// Apply asks for a key and checks what comes back; see issuance.KeyCentre.
func (c *Client) Apply(ctx context.Context, in issuance.KeyApplication) (issuance.KeyAnswer, error) {
	sign, err := cert.ParseKey(in.SignKey)
	if err != nil {
		return issuance.KeyAnswer{}, fault.Wrap("kmc_request_failed", err)
	}
	spki, err := cert.EncodeKey(sign) // the one way of writing it that the centre signs
	if err != nil {
		return issuance.KeyAnswer{}, fault.Wrap("kmc_request_failed", err)
	}
	sent, err := json.Marshal(request{
		RequestID: in.RequestID.String(), SignKey: spki, UserID: in.UserID,
		NotBefore: cert.FormatTime(in.NotBefore), NotAfter: cert.FormatTime(in.NotAfter),
	})
	if err != nil {
		return issuance.KeyAnswer{}, fault.Wrap("kmc_request_failed", err)
	}
	received, err := c.post(ctx, sent)
	if err != nil {
		return issuance.KeyAnswer{}, err
	}
	e, err := c.check(in.RequestID.String(), sign, received)
	if err != nil {
		// The answer's own fault is the cause only: to the caller it is one thing, an answer not to be used.
		return issuance.KeyAnswer{}, &fault.Error{Kind: fault.Internal, Key: "kmc_answer_wrong", Cause: err}
	}
	return issuance.KeyAnswer{Evidence: e, Sent: sent, Received: received}, nil
}

func (c *Client) post(ctx context.Context, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap("kmc_request_failed", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.cfg.Key != nil {
		sig, err := c.cfg.Key.Sign(rand.Reader, append([]byte("caconsole/kmc-request/1\n"), body...), sm2.DefaultSM2SignerOpts)
		if err != nil {
			return nil, fault.Wrap("kmc_request_failed", err)
		}
		req.Header.Set("X-KMC-Signature", base64.StdEncoding.EncodeToString(sig))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fault.Down("kmc_unavailable", retry, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fault.Down("kmc_unavailable", retry, err)
	}
	switch {
	case resp.StatusCode == http.StatusOK && len(raw) <= maxAnswer:
		return raw, nil
	case resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusRequestTimeout:
		return nil, refusal(resp.StatusCode, raw)
	}
	return nil, fault.Down("kmc_unavailable", retry, fmt.Errorf("status %d", resp.StatusCode))
}

// refusal turns the centre's code into a fault; what is no plain word is not repeated.
func refusal(status int, raw []byte) error {
	var p struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(raw, &p); err != nil || strings.Trim(p.Code, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || len(p.Code) > 64 {
		p.Code = ""
	}
	switch p.Code {
	case "id_reused":
		return fault.New(fault.Conflict, "kmc_id_reused", nil)
	case "":
		p.Code = fmt.Sprintf("http_%d", status)
	}
	return fault.New(fault.Conflict, "kmc_refused", fault.Args{"code": p.Code})
}

// check reads an answer and sees that it is the centre's, for this request and this sign key.
func (c *Client) check(id string, sign *ecdsa.PublicKey, raw []byte) (cert.Evidence, error) {
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return cert.Evidence{}, err
	}
	if a.RequestID != id {
		return cert.Evidence{}, errors.New("answer to another request")
	}
	centre, err := cert.ParseDigest(a.Centre)
	if err != nil {
		return cert.Evidence{}, err
	}
	e, err := cert.NewEvidence(a.RequestID, a.EncKey, a.Enveloped, a.Signature, centre)
	if err != nil {
		return cert.Evidence{}, err
	}
	if _, err := e.Check(a.RequestID, sign); err != nil {
		return cert.Evidence{}, err
	}
	return e, e.Verify(c.cfg.Centres, sign)
}
