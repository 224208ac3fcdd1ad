// Package applicant holds the accounts of the web hall: login by a code sent to a phone, the tokens that follow, and
// the consents an applicant gave. Whoever reads the phone owns the account; who acts for an organisation is checked
// elsewhere, on the agent named in the order.
package applicant

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/number"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

const (
	codeTries  = 5              // wrong guesses before a code is dead: 5 in 1,000,000
	tokenBytes = 32             //
	tokenTTL   = 12 * time.Hour // a working day, not longer: halls stand on shared PCs
)

// Applicants are the applicants' accounts.
type Applicants struct {
	ring *seal.Ring
}

// NewApplicants returns the accounts whose phones are sealed by ring.
func NewApplicants(ring *seal.Ring) *Applicants { return &Applicants{ring: ring} }

// Session is a login that succeeded.
type Session struct {
	ApplicantID uuid.UUID
	PhoneMask   string
	Token       string // shown once; only its hash is stored
	ExpiresAt   time.Time
}

// ReadPhone folds a phone number as typed; fault invalid_field (phone: phone_wrong).
func ReadPhone(phone string) (string, error) {
	p, ok := number.Mobile(phone)
	if !ok {
		return "", fault.InvalidField("phone", "phone_wrong")
	}
	return p, nil
}

// PhoneIndex is the blind index of a login phone; rate limits use it as the name of their bucket.
func (a *Applicants) PhoneIndex(phone string) []byte { return a.ring.Index("applicant.phone", phone) }

// IssueCode makes the one live login code of a phone (as ReadPhone returns it), six digits; an earlier one is dead.
// The caller sends it in the same transaction.
func (a *Applicants) IssueCode(_ context.Context, tx pg.Tx, phone string, now time.Time, ttl time.Duration) (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fault.Wrap("random_unavailable", err)
	}
	code := fmt.Sprintf("%06d", n)
	return code, putCode(tx, codeRow{
		PhoneIndex: a.PhoneIndex(phone), CodeMAC: a.codeMAC(phone, code), TriesLeft: codeTries,
		ExpiresAt: now.Add(ttl).UTC(), CreatedAt: now.UTC(),
	})
}

// TakeCode reports whether code is the live one of the phone, and uses it up. A wrong guess costs a try, which counts
// only if the caller commits: it must do so whatever the answer.
func (a *Applicants) TakeCode(_ context.Context, tx pg.Tx, phone, code string, now time.Time) (bool, error) {
	return takeCode(tx, a.PhoneIndex(phone), a.codeMAC(phone, code), now.UTC())
}

// codeMAC binds a code to its phone; keyed, because six digits can be guessed from a plain hash at once.
func (a *Applicants) codeMAC(phone, code string) []byte {
	return a.ring.Index("login_code.code", phone+"/"+code)
}

// SignIn opens a session for the account of a phone, which it makes at the first login.
func (a *Applicants) SignIn(_ context.Context, tx pg.Tx, phone string, now time.Time) (Session, error) {
	id, err := a.ensure(tx, phone, now.UTC())
	if err != nil {
		return Session{}, err
	}
	raw := make([]byte, tokenBytes)
	if _, err := rand.Read(raw); err != nil {
		return Session{}, fault.Wrap("random_unavailable", err)
	}
	s := Session{
		ApplicantID: id, PhoneMask: seal.MaskPhone(phone), Token: base64.RawURLEncoding.EncodeToString(raw),
		ExpiresAt: now.Add(tokenTTL).UTC(),
	}
	return s, putToken(tx, tokenRow{TokenHash: hash(s.Token), ApplicantID: id, ExpiresAt: s.ExpiresAt, CreatedAt: now.UTC()})
}

// Resume returns who holds a token; fault login_required (Unauthenticated) if it is unknown or over. Applicants are
// not bound to projects: what they may see is what they own.
func (a *Applicants) Resume(_ context.Context, q pg.Q, token string, now time.Time) (actor.Actor, error) {
	id, err := tokenOwner(q, hash(token), now.UTC())
	if err != nil {
		return actor.Actor{}, err
	}
	return actor.Actor{Kind: actor.Applicant, ID: id, Name: "applicant", AllProjects: true}, nil
}

// Lock makes other transactions that lock the same account wait for this one: 一次一张 is counted under it. It is
// taken before any order is.
func (a *Applicants) Lock(_ context.Context, tx pg.Tx, id uuid.UUID) error {
	return lockAccount(tx, id)
}

// Sweep deletes codes and tokens that are over.
func (a *Applicants) Sweep(_ context.Context, tx pg.Tx, now time.Time) error {
	return deleteExpired(tx, now.UTC())
}

func hash(token string) []byte {
	return seal.Digest([]byte(token))
}
