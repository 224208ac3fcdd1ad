package kmc

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/cmd/applicant/vendors/shelf"
	"caconsole/cmd/applicant/vendors/trouble"
)

// Paths under every base URL.
const (
	KeysPath        = "/kmc/v1/keys"
	CertificatePath = "/kmc/v1/certificate"
)

// Call is the name of the one call in package trouble.
const Call = "KeyApply"

const maxBody = 1 << 14

// Options are the parts the simulator works with.
type Options struct {
	State     string           // folder of the centre's own key and of the keys it made; "" keeps them in memory
	Requester *ecdsa.PublicKey // whose signature requests must carry; nil for anybody's
	Troubles  *trouble.List
	Now       func() time.Time
	Log       *slog.Logger
}

// Centre is the simulated key management centre.
type Centre struct {
	opt  Options
	key  *sm2.PrivateKey
	cert *smx509.Certificate
	keys *shelf.Shelf[escrowed] // by request id
}

// request asks for a key.
type request struct {
	RequestID string    `json:"request_id"`
	SignKey   []byte    `json:"sign_key"`
	UserID    string    `json:"user_id"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
}

// answer is a key for a request.
type answer struct {
	RequestID string `json:"request_id"`
	EncKey    []byte `json:"enc_key"`
	Enveloped []byte `json:"enveloped"`
	Centre    string `json:"centre"`
	Signature []byte `json:"signature"`
}

// escrowed is a key the centre made, with its private half, for recovery.
type escrowed struct {
	Digest  string    `json:"digest"` // of the request's body, hex
	Request request   `json:"request"`
	Private []byte    `json:"private"` // 32 octets
	Answer  answer    `json:"answer"`
	At      time.Time `json:"at"`
}

// problem is a refusal.
type problem struct {
	status int
	Code   string `json:"code"`
}

// New opens the centre's records and its own key, which it makes when there is none.
func New(o Options) (*Centre, error) {
	c := &Centre{opt: o}
	own, folder := "", ""
	if o.State != "" {
		own, folder = filepath.Join(o.State, "centre"), filepath.Join(o.State, "keys")
	}
	identity, err := shelf.Open[identity](own)
	if err != nil {
		return nil, fmt.Errorf("kmc: %w", err)
	}
	if c.key, c.cert, err = open(identity, o.Now()); err != nil {
		return nil, fmt.Errorf("kmc: %w", err)
	}
	if c.keys, err = shelf.Open[escrowed](folder); err != nil {
		return nil, fmt.Errorf("kmc: %w", err)
	}
	return c, nil
}

// Certificate is the centre's own, DER.
func (c *Centre) Certificate() []byte { return c.cert.Raw }

// Routes adds the centre's calls to mux.
func (c *Centre) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+KeysPath, func(w http.ResponseWriter, r *http.Request) {
		refuse := func(code string) { c.write(w, http.StatusUnprocessableEntity, problem{Code: code}) }
		c.opt.Troubles.Around(trouble.KMC, Call, w, r, refuse, func(w http.ResponseWriter) { c.apply(w, r) })
	})
	mux.HandleFunc("GET "+CertificatePath, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		if err := pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw}); err != nil {
			c.opt.Log.WarnContext(r.Context(), "answer not sent", "error", err)
		}
	})
	mux.HandleFunc("GET /_sim/kmc/keys", func(w http.ResponseWriter, _ *http.Request) {
		out := []answer{}
		for _, k := range c.keys.All() {
			out = append(out, k.Answer)
		}
		c.write(w, http.StatusOK, out)
	})
}

func (c *Centre) apply(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		c.write(w, http.StatusRequestEntityTooLarge, problem{Code: "request_malformed"})
		return
	}
	if !c.authentic(body, r.Header.Get("X-KMC-Signature")) {
		c.write(w, http.StatusForbidden, problem{Code: "signature_wrong"})
		return
	}
	a, refused, err := c.serve(body)
	switch {
	case err != nil:
		c.opt.Log.ErrorContext(r.Context(), "key not made", "error", err)
		c.write(w, http.StatusInternalServerError, problem{Code: "internal"})
	case refused.Code != "":
		c.write(w, refused.status, refused)
	default:
		c.opt.Log.InfoContext(r.Context(), "key handed out", "request_id", a.RequestID)
		c.write(w, http.StatusOK, a)
	}
}

// authentic checks the requester's signature, where one is registered.
func (c *Centre) authentic(body []byte, header string) bool {
	if c.opt.Requester == nil {
		return true
	}
	sig, err := base64.StdEncoding.DecodeString(header)
	msg := append([]byte("caconsole/kmc-request/1\n"), body...)
	return err == nil && sm2.VerifyASN1WithSM2(c.opt.Requester, nil, msg, sig)
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// serve answers a request: as before if it has been made before.
func (c *Centre) serve(body []byte) (answer, problem, error) {
	var in request
	if err := json.Unmarshal(body, &in); err != nil || !uuidForm.MatchString(in.RequestID) || in.UserID == "" || !in.NotBefore.Before(in.NotAfter) {
		return answer{}, problem{http.StatusUnprocessableEntity, "request_malformed"}, nil
	}
	parsed, err := smx509.ParsePKIXPublicKey(in.SignKey)
	pub, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || !sm2.IsSM2PublicKey(pub) {
		return answer{}, problem{http.StatusUnprocessableEntity, "key_malformed"}, nil
	}
	digest := sm3.Sum(body)
	known, have := c.keys.Get(in.RequestID)
	if !have {
		fresh, err := c.make(in, pub, hex.EncodeToString(digest[:]))
		if err != nil {
			return answer{}, problem{}, err
		}
		// Two requests at once: the first one's key counts.
		if known, _, err = c.keys.Add(in.RequestID, fresh); err != nil {
			return answer{}, problem{}, err
		}
	}
	if known.Digest != hex.EncodeToString(digest[:]) {
		return answer{}, problem{http.StatusConflict, "id_reused"}, nil
	}
	return known.Answer, problem{}, nil
}

func (c *Centre) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		c.opt.Log.Warn("answer not sent", "error", err)
	}
}
