package payment

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"caconsole/admin/fault"
)

const (
	callTimeout = 5 * time.Second
	maxAnswer   = 1 << 20 // bytes
)

// vendors is shared by their clients: it keeps connections to the vendors' hosts.
var vendors = &http.Client{Timeout: callTimeout}

// Answer is what a vendor answered, not yet believed.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // 1 MiB at most
}

// Call makes one call of a vendor, for its client; it ends within five seconds. Error: that of Down.
func Call(req *http.Request) (Answer, error) {
	resp, err := vendors.Do(req) //nolint:gosec // the address is the vendor's, of the configuration
	if err != nil {
		return Answer{}, Down(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Answer{}, Down(err)
	}
	return Answer{resp.StatusCode, resp.Header, body}, nil
}

// Down is the error of a call that leaves open what happened: Unavailable "vendor_unavailable".
func Down(cause error) error { return fault.Down("vendor_unavailable", 10*time.Second, cause) }

// Refusal is a vendor's answer to what it does not do.
type Refusal struct {
	Vendor string
	Class  string // HTTP status, or the vendor's code of the kind of refusal
	Code   string // may be empty
}

// Error gives the codes; a vendor's message may quote what was sent and is left out.
func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s %s", r.Vendor, r.Class, r.Code) }

// Refused turns a refusal into the fault a caller may show, Conflict "payment_vendor_refused" with code; other errors
// stay as they are.
func Refused(err error) error {
	var r *Refusal
	if !errors.As(err, &r) {
		return err
	}
	return &fault.Error{Kind: fault.Conflict, Key: "payment_vendor_refused", Args: fault.Args{"code": cmp.Or(r.Code, r.Class)}, Cause: err}
}

// RefusedWith tells whether an error is a refusal with one of some codes.
func RefusedWith(err error, codes ...string) bool {
	var r *Refusal
	return errors.As(err, &r) && slices.Contains(codes, r.Code)
}
