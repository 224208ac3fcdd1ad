package signer

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// maxBody bounds a message, in bytes: an instruction is about 10 kB, with the approvals of a full batch 20 kB.
const maxBody = 1 << 20

// status of each kind of fault on the wire; the kind itself stands in the body.
var status = map[fault.Kind]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict,
	fault.Forbidden: http.StatusForbidden, fault.Unavailable: http.StatusServiceUnavailable,
}

// Handler serves an engine to the console: POST /v1/issue, /v1/close, /v1/registry, /v1/revoke, /v1/crl, /v1/profile,
// /v1/delegations/revoke and /v1/journal; GET /v1/status, /v1/chain and /v1/registry. The messages are those of package cert; a
// refusal is a cert.Problem. There is nothing here that opens the key: that is AdminHandler's.
func Handler(e *Engine) http.Handler {
	mux := http.NewServeMux()
	take(mux, e, "issue", e.Issue)
	take(mux, e, "close", func(ctx context.Context, in CloseMessage) (cert.Closing, error) { return e.Close(ctx, in.ID) })
	take(mux, e, "registry", e.ChangeRegistry)
	take(mux, e, "revoke", e.Revoke)
	take(mux, e, "crl", e.CRL)
	take(mux, e, "profile", e.ChangeProfile)
	take(mux, e, "delegations/revoke", e.EndDelegation)
	take(mux, e, "journal", e.Journal)
	tell(mux, e, "status", e.Status)
	tell(mux, e, "chain", e.Chain)
	tell(mux, e, "registry", e.Registry)
	return mux
}

// AdminHandler serves an engine to its officers, on a socket of its own: POST /v1/unlock (cert.Share → cert.Status) and
// GET /v1/status.
func AdminHandler(e *Engine) http.Handler {
	mux := http.NewServeMux()
	take(mux, e, "unlock", e.GiveShare)
	tell(mux, e, "status", e.Status)
	return mux
}

// take serves an act that has a message.
func take[In, Out any](mux *http.ServeMux, e *Engine, act string, do func(context.Context, In) (Out, error)) {
	mux.HandleFunc("POST /v1/"+act, func(w http.ResponseWriter, r *http.Request) {
		answer(e, w, r, func(in In) (any, error) { return do(r.Context(), in) })
	})
}

// tell serves a question.
func tell[Out any](mux *http.ServeMux, e *Engine, about string, do func(context.Context) (Out, error)) {
	mux.HandleFunc("GET /v1/"+about, func(w http.ResponseWriter, r *http.Request) {
		out, err := do(r.Context())
		respond(e, w, out, err)
	})
}

// CloseMessage asks to end a request.
type CloseMessage struct {
	ID string `json:"id"`
}

func answer[T any](e *Engine, w http.ResponseWriter, r *http.Request, do func(T) (any, error)) {
	var in T
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		respond(e, w, nil, &fault.Error{Kind: fault.Invalid, Key: "request_malformed", Cause: err})
		return
	}
	out, err := do(in)
	respond(e, w, out, err)
}

func respond(e *Engine, w http.ResponseWriter, out any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		kind := fault.Of(err).Kind
		code, ok := status[kind]
		if !ok {
			code = http.StatusInternalServerError
		}
		if kind == fault.Internal || kind == fault.Unavailable { // refusals are logged where they are made
			e.log.Error("request failed", "error", err)
		}
		w.WriteHeader(code)
		out = cert.ProblemOf(err)
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		// The caller asks again and gets the same answer.
		e.log.Warn("answer not delivered", "error", err)
	}
}

// Serve answers on l until ctx ends, then lets requests in progress finish.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		stopped <- srv.Shutdown(grace)
	})
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
