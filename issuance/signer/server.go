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

// Handler serves an engine: POST /v1/issue (cert.Instruction → cert.Issued), POST /v1/close ({id} → cert.Closing),
// GET /v1/status (cert.Status), GET /v1/chain (cert.Chain). A refusal is a cert.Problem.
func Handler(e *Engine) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/issue", func(w http.ResponseWriter, r *http.Request) {
		answer(e, w, r, func(in cert.Instruction) (any, error) { return e.Issue(r.Context(), in) })
	})
	mux.HandleFunc("POST /v1/close", func(w http.ResponseWriter, r *http.Request) {
		answer(e, w, r, func(in CloseMessage) (any, error) { return e.Close(r.Context(), in.ID) })
	})
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		out, err := e.Status(r.Context())
		respond(e, w, out, err)
	})
	mux.HandleFunc("GET /v1/chain", func(w http.ResponseWriter, r *http.Request) {
		out, err := e.Chain(r.Context())
		respond(e, w, out, err)
	})
	return mux
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
func Serve(ctx context.Context, l net.Listener, e *Engine) error {
	srv := &http.Server{
		Handler:           Handler(e),
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
