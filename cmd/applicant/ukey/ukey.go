// Package ukey plays the agent that stands on the PC of a member of staff and reaches the Ukey in it: a page of the
// console asks it, over loopback, to sign what it will then send as a form. One JSON protocol:
//
//	GET  /v1/keys                          → {"keys": [{"login", "key"}]}    key = SubjectPublicKeyInfo, DER, base64
//	POST /v1/sign {"login", "message"}     → {"signature", "key"}            both and message in base64
//
// The signature is SM2-SM3 over the message with the default ID (GB/T 32918, GM/T 0009), as an ASN.1 SEQUENCE. A refusal
// is {"code", "detail"} with status 403 (page or address not allowed), 404 (no such Ukey is plugged in), 415 or 422.
//
// A Ukey must not sign just anything for any page that finds the port. So the agent answers one origin only, refuses any
// other Host than its own loopback address (DNS rebinding), takes JSON only, which makes a browser ask first (CORS), and
// signs nothing but the console's own messages, whose first line says what they are.
package ukey

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
)

// Options are what an agent works with.
type Options struct {
	Listen string // loopback address
	Keys   string // folder with a private key per login: <login>.pem, PKCS#8
	Origin string // of the console: scheme, host and port
	Log    *slog.Logger
}

// Domains are the first lines of what the agent signs: a staff member's words in this product and no others.
var Domains = []string{"caconsole/approve/1", enrolDomain}

// enrolDomain asks a key to show whose it is. Its second line names the login, which must be the Ukey's own: a page cannot
// have one person's Ukey enrolled for another.
const enrolDomain = "caconsole/enrol/1"

// ErrNotLoopback says that an agent would have listened to the network.
var ErrNotLoopback = errors.New("the agent listens on loopback only")

// Agent answers one console's pages.
type Agent struct {
	opt      Options
	keys     map[string]*sm2.PrivateKey
	listener net.Listener
}

// Start reads the keys and binds the address.
func Start(ctx context.Context, o Options) (*Agent, error) {
	keys, err := readKeys(o.Keys)
	if err != nil {
		return nil, err
	}
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrNotLoopback, o.Listen), l.Close())
	}
	return &Agent{opt: o, keys: keys, listener: l}, nil
}

// URL is where pages reach the agent.
func (a *Agent) URL() string { return "http://" + a.listener.Addr().String() }

// Keys is how many Ukeys are plugged in.
func (a *Agent) Keys() int { return len(a.keys) }

// Serve answers until ctx ends.
func (a *Agent) Serve(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/keys", a.list)
	mux.HandleFunc("POST /v1/sign", a.sign)
	srv := &http.Server{
		Handler: a.guard(mux), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- srv.Shutdown(last)
	})
	defer stop()
	if err := srv.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}

// guard lets the console's pages in and nobody else; a program without a browser sends no Origin, and is let in as the
// Ukey's owner would let it in, by running it.
func (a *Agent) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		switch {
		case r.Host != a.listener.Addr().String() && !isLocalhost(r.Host, a.listener.Addr()):
			refuse(w, http.StatusForbidden, "host_wrong", "the agent answers on its loopback address only")
			return
		case origin != "" && origin != a.opt.Origin:
			a.opt.Log.WarnContext(r.Context(), "page refused", "origin", origin)
			refuse(w, http.StatusForbidden, "origin_not_allowed", "this page may not ask the agent")
			return
		case origin != "":
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Vary", "Origin")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", "GET, POST")
				h.Set("Access-Control-Allow-Headers", "Content-Type")
				h.Set("Access-Control-Allow-Private-Network", "true")
				h.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// isLocalhost reports whether a Host header means the listener by its name.
func isLocalhost(host string, at net.Addr) bool {
	tcp, ok := at.(*net.TCPAddr)
	return ok && host == fmt.Sprintf("localhost:%d", tcp.Port)
}

type shownKey struct {
	Login string `json:"login"`
	Key   string `json:"key"`
}

func (a *Agent) list(w http.ResponseWriter, r *http.Request) {
	out := struct {
		Keys []shownKey `json:"keys"`
	}{Keys: []shownKey{}}
	for login, key := range a.keys {
		spki, err := publicKey(key)
		if err != nil {
			a.opt.Log.ErrorContext(r.Context(), "key unusable", "login", login, "error", err)
			continue
		}
		out.Keys = append(out.Keys, shownKey{login, spki})
	}
	slices.SortFunc(out.Keys, func(x, y shownKey) int { return strings.Compare(x.Login, y.Login) })
	answer(w, http.StatusOK, out)
}

// maxMessage bounds what is signed, in bytes.
const maxMessage = 64 << 10

func (a *Agent) sign(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "json_required", "send application/json")
		return
	}
	var in struct {
		Login   string `json:"login"`
		Message []byte `json:"message"`
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 2*maxMessage))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil || len(in.Message) > maxMessage {
		refuse(w, http.StatusUnprocessableEntity, "request_unreadable", "login and message (base64) are wanted")
		return
	}
	domain, _, _ := strings.Cut(string(in.Message), "\n")
	if !slices.Contains(Domains, domain) {
		refuse(w, http.StatusUnprocessableEntity, "message_unknown", "the agent signs the console's own messages only")
		return
	}
	if _, rest, _ := strings.Cut(string(in.Message), "\n"); domain == enrolDomain && !strings.HasPrefix(rest, in.Login+"\n") {
		refuse(w, http.StatusUnprocessableEntity, "message_of_another", "the message enrols a key for somebody else")
		return
	}
	key := a.keys[in.Login]
	if key == nil {
		refuse(w, http.StatusNotFound, "key_absent", "no Ukey of this person is plugged in")
		return
	}
	signature, err := key.Sign(rand.Reader, in.Message, sm2.DefaultSM2SignerOpts)
	if err != nil {
		a.opt.Log.ErrorContext(r.Context(), "not signed", "login", in.Login, "error", err)
		refuse(w, http.StatusInternalServerError, "not_signed", "the Ukey did not sign")
		return
	}
	spki, err := publicKey(key)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "not_signed", "the Ukey's key cannot be read")
		return
	}
	a.opt.Log.InfoContext(r.Context(), "signed", "login", in.Login, "what", domain)
	answer(w, http.StatusOK, map[string]string{"signature": base64.StdEncoding.EncodeToString(signature), "key": spki})
}

func refuse(w http.ResponseWriter, status int, code, detail string) {
	answer(w, status, map[string]string{"code": code, "detail": detail})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a page that is gone asks again
}
