// Package fault holds the one error type of the module.
//
// A fault carries a kind (which the HTTP layer maps to a status), a key (the problem `code` and the key of the
// message catalogue) and arguments for that message. No text lives in the domains: what a person reads is looked up
// by key in the language of the reader. Every error that is not a *fault.Error counts as Internal: it is logged, and
// the reader is told no more than a reference.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind tells what went wrong in general; package ui maps it to an HTTP status in one switch.
type Kind int

// The kinds of fault. Internal is the zero value, so that a forgotten kind never leaks a cause to a reader.
const (
	Internal        Kind = iota // 500: our mistake or a broken part
	Invalid                     // 422: the request can be corrected; Fields says where
	NotFound                    // 404: not there, or not visible to this actor
	Conflict                    // 409: the state does not allow it (any more)
	Forbidden                   // 403: the actor may not
	Unauthenticated             // 401: nobody is logged in, or the proof of it was wrong
	Limited                     // 429: too often; RetryAfter says when again
	Unavailable                 // 503: an outside part is down; RetryAfter says when again
)

var kindNames = [...]string{"internal", "invalid", "not_found", "conflict", "forbidden", "unauthenticated", "limited", "unavailable"}

// String returns the snake_case name used in logs.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "internal"
	}
	return kindNames[k]
}

// Args are the named values a message may show. They never hold personal data in clear.
type Args map[string]any

// Field is one wrong input: Name is the path as the caller sent it ("agent.phone"), Key a catalogue key.
type Field struct {
	Name string
	Key  string
	Args Args
}

// Error is the one error of the module.
type Error struct {
	Kind       Kind
	Key        string // catalogue key and problem code, snake_case
	Args       Args
	Fields     []Field
	RetryAfter time.Duration
	Cause      error // for the log only
}

// Error renders the fault for a log; readers get the catalogue's sentence instead.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Kind, e.Key)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s: %s]", f.Name, f.Key)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is(err, &Error{Key: k}) compare by key, so that tests and callers need no sentinel variables.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Key == e.Key
}

// New makes a fault of a kind. args may be nil.
func New(kind Kind, key string, args Args) *Error { return &Error{Kind: kind, Key: key, Args: args} }

// InvalidFields makes the fault of a request with wrong fields.
func InvalidFields(fields ...Field) *Error {
	return &Error{Kind: Invalid, Key: "invalid_field", Fields: fields}
}

// InvalidField makes the fault of one wrong field.
func InvalidField(name, key string) *Error { return InvalidFields(Field{Name: name, Key: key}) }

// Down makes the fault of an outside part that does not answer; the caller may try again after a while.
func Down(key string, retry time.Duration, cause error) *Error {
	return &Error{Kind: Unavailable, Key: key, RetryAfter: retry, Cause: cause}
}

// Wrap keeps an unexpected error as Internal with a key of its own. A *Error passes unchanged.
func Wrap(key string, err error) error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return err
	}
	return &Error{Kind: Internal, Key: key, Cause: err}
}

// Of returns the fault inside err; an error without one becomes Internal with key "internal".
func Of(err error) *Error {
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return &Error{Kind: Internal, Key: "internal", Cause: err}
}

// Is reports whether err carries a fault of this kind.
func Is(err error, kind Kind) bool { return err != nil && Of(err).Kind == kind }

// HasKey reports whether err carries a fault with this key.
func HasKey(err error, key string) bool { return err != nil && Of(err).Key == key }
