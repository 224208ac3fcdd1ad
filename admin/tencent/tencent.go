// Package tencent makes signed calls to Tencent Cloud's API 3.0: the one gateway of its FaceID, carrier and SMS
// services. The domains' own clients in <domain>/tencent… stand on it.
//
// Source: Tencent Cloud, "签名方法 v3" (TC3-HMAC-SHA256), whose worked example is this package's test vector.
package tencent

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"caconsole/admin/fault"
)

// Account is a pair of API keys.
type Account struct {
	SecretID  string
	SecretKey string
}

// Service is one product of the cloud at one address.
type Service struct {
	URL     string // "https://faceid.tencentcloudapi.com"
	Name    string // "faceid", "sms"
	Version string // "2018-03-01"
	Region  string // "" where the product has none
	Account Account
	Now     func() time.Time
}

const (
	callTimeout = 5 * time.Second
	maxAnswer   = 32 << 20 // FaceID answers carry pictures
	contentType = "application/json; charset=utf-8"
	algorithm   = "TC3-HMAC-SHA256"
)

// client is shared: it keeps connections to the few vendors' hosts.
var client = &http.Client{Timeout: callTimeout}

// Error is a refusal in the cloud's own words.
type Error struct {
	Code      string
	Message   string
	RequestID string
}

// Error gives the code and the reference; the message may quote what was sent and is left out.
func (e *Error) Error() string { return "tencent: " + e.Code + " (request " + e.RequestID + ")" }

// Call makes one signed call and reads its answer into out. Errors: *Error where the cloud refused; Unavailable
// "vendor_not_reached" where the call was certainly not worked on, so that it may be made again; Unavailable
// "vendor_unavailable" where no answer came within five seconds or it was none, so that what was asked for may or may
// not have happened.
func (s Service) Call(ctx context.Context, action string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fault.Wrap("vendor_request", err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return fault.Wrap("vendor_request", err)
	}
	if err := s.sign(req, action, body); err != nil {
		return err
	}
	resp, err := client.Do(req)
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return notReached(err)
	}
	if err != nil {
		return down(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return down(err)
	}
	if resp.StatusCode != http.StatusOK {
		return down(fmt.Errorf("status %d", resp.StatusCode))
	}
	return decode(raw, out)
}

func decode(raw []byte, out any) error {
	var head struct {
		Response struct {
			Error     *struct{ Code, Message string }
			RequestID string `json:"RequestId"`
		}
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return down(errors.New("answer is not JSON"))
	}
	if e := head.Response.Error; e != nil {
		switch class, _, _ := strings.Cut(e.Code, "."); class {
		case "InternalError":
			return down(errors.New(e.Code))
		case "RequestLimitExceeded", "AuthFailure": // turned away at the gate: too many calls, keys or clock wrong
			return notReached(errors.New(e.Code))
		}
		return &Error{Code: e.Code, Message: e.Message, RequestID: head.Response.RequestID}
	}
	body := struct{ Response any }{out}
	if err := json.Unmarshal(raw, &body); err != nil {
		return down(errors.New("answer has another shape"))
	}
	return nil
}

func down(cause error) error { return fault.Down("vendor_unavailable", 10*time.Second, cause) }

func notReached(cause error) error { return fault.Down("vendor_not_reached", 10*time.Second, cause) }

// sign sets the headers of a call. The signature covers content type, host and body; the key is derived from the
// secret, the UTC day and the service.
func (s Service) sign(req *http.Request, action string, body []byte) error {
	at := s.Now().UTC()
	u, err := url.Parse(s.URL)
	if err != nil {
		return fault.Wrap("vendor_request", err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-TC-Action", action)
	req.Header.Set("X-TC-Version", s.Version)
	req.Header.Set("X-TC-Timestamp", strconv.FormatInt(at.Unix(), 10))
	if s.Region != "" {
		req.Header.Set("X-TC-Region", s.Region)
	}
	req.Header.Set("Authorization", authorization(s.Account, s.Name, u.Host, at, body))
	return nil
}

func authorization(a Account, service, host string, at time.Time, body []byte) string {
	const signed = "content-type;host"
	canonical := strings.Join([]string{
		http.MethodPost, "/", "", "content-type:" + contentType + "\nhost:" + host + "\n", signed, hexSum(body),
	}, "\n")
	day := at.Format(time.DateOnly)
	scope := day + "/" + service + "/tc3_request"
	toSign := strings.Join([]string{algorithm, strconv.FormatInt(at.Unix(), 10), scope, hexSum([]byte(canonical))}, "\n")
	key := mac(mac(mac([]byte("TC3"+a.SecretKey), day), service), "tc3_request")
	return fmt.Sprintf("%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", algorithm, a.SecretID, scope, signed, hex.EncodeToString(mac(key, toSign)))
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
