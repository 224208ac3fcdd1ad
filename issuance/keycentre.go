package issuance

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// KeyCentre makes encryption keys and keeps them for recovery (密钥管理中心). Package kmc implements it over HTTP.
type KeyCentre interface {
	// Apply asks for a key. The same request gets the same key at any time. The answer has been checked: the centre
	// signed it for this request and sign key, and the envelope holds the key it names. Fails with Unavailable
	// "kmc_unavailable" where the outcome is unknown, Conflict "kmc_refused" or "kmc_id_reused", Internal "kmc_answer_wrong".
	Apply(ctx context.Context, in KeyApplication) (KeyAnswer, error)
}

// KeyApplication asks for an encryption key.
type KeyApplication struct {
	RequestID uuid.UUID // of the request to the signer that is to certify the key
	OrderID   uuid.UUID
	// AuthorisationID and UpdateID are what the request will be made of; UpdateID is nil where no driver brought the CSR.
	AuthorisationID uuid.UUID
	UpdateID        *uuid.UUID

	SignKey   []byte // SubjectPublicKeyInfo, DER: the key that the private half is wrapped for
	UserID    string // what the centre files the key under: the organisation code
	NotBefore time.Time
	NotAfter  time.Time
}

func (k KeyApplication) same(o KeyApplication) bool {
	return k.RequestID == o.RequestID && k.OrderID == o.OrderID && k.AuthorisationID == o.AuthorisationID && string(k.SignKey) == string(o.SignKey) && k.UserID == o.UserID &&
		k.NotBefore.Equal(o.NotBefore) && k.NotAfter.Equal(o.NotAfter)
}

// KeyAnswer is a key for an application. The private half is wrapped for the Ukey; nobody here can open it.
type KeyAnswer struct {
	Evidence       cert.Evidence
	Sent, Received []byte // the messages, as they went over the wire
}

// UseKeyCentre makes the service ask a centre for keys; without one AskKey fails with Unavailable "kmc_unavailable".
// To be called while the service is put together.
func (s *Service) UseKeyCentre(k KeyCentre) { s.centre = k }

type noCentre struct{}

func (noCentre) Apply(context.Context, KeyApplication) (KeyAnswer, error) {
	return KeyAnswer{}, fault.Down("kmc_unavailable", time.Minute, nil)
}
