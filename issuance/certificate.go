package issuance

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// State of a pair.
type State string

// The states of a pair. A pair that has run out stays active: its end says so.
const (
	Active     State = "active"
	Renewed    State = "renewed"    // 已更新: the driver has confirmed the successor
	Superseded State = "superseded" // replaced by another business than renewal
	Revoked    State = "revoked"
	Held       State = "held"
)

// Algorithms of certificates.
const (
	SM2   = "sm2"
	RSA   = "rsa"
	Other = "other"
)

// Pair is a holder's sign and encryption certificate. Certificates that are not SM2 may have no second one.
type Pair struct {
	ID          uuid.UUID
	ProjectID   uuid.UUID
	MediumNo    string // 介质编号
	Holder      string
	OrgIDKind   string
	OrgIDNumber string
	Algorithm   string // SM2, RSA or Other
	State       State
	Successor   uuid.UUID // pair that takes over; zero without one
	// SuccessorSerial is the sign serial of Successor, so that a refusal can name it.
	SuccessorSerial cert.Serial
	Sign            Certificate
	Enc             Certificate // zero where there is none
}

// Certificate is one stored certificate.
type Certificate struct {
	ID        uuid.UUID
	Serial    cert.Serial
	NotBefore time.Time
	NotAfter  time.Time
	DER       []byte
	SM3       cert.Digest
}

// NotAfter is when the pair runs out.
func (p Pair) NotAfter() time.Time { return p.Sign.NotAfter }

// Expired reports whether the pair has run out.
func (p Pair) Expired(now time.Time) bool { return now.After(p.NotAfter()) }

// SameKey tells whether two pairs sign by the same key.
func (p Pair) SameKey(other Pair) (bool, error) {
	one, err := signKey(p.Sign.DER)
	if err != nil {
		return false, err
	}
	two, err := signKey(other.Sign.DER)
	return err == nil && one.Equal(two), err
}

// DER gives both certificates as the signer wants them.
func (p Pair) DER() cert.Pair { return cert.Pair{Sign: p.Sign.DER, Enc: p.Enc.DER} }

// Import is an existing pair to be taken into the store.
type Import struct {
	ProjectID   uuid.UUID
	MediumNo    string
	Holder      string
	OrgIDKind   string
	OrgIDNumber string
	Certs       cert.Pair // Enc may be empty where the algorithm is not SM2
	State       State     // Active, Revoked or Held; empty means Active
}

// newCertificate reads one certificate for the store.
func newCertificate(der []byte) (Certificate, string, error) {
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		return Certificate{}, "", &fault.Error{Kind: fault.Invalid, Key: "certificate_unreadable", Cause: err}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Certificate{}, "", fault.Wrap("random_unavailable", err)
	}
	return Certificate{
		ID: id, Serial: cert.SerialFromInt(c.SerialNumber), NotBefore: c.NotBefore, NotAfter: c.NotAfter, DER: der, SM3: cert.SM3(der),
	}, algorithm(c.PublicKey), nil
}

func algorithm(key any) string {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if sm2.IsSM2PublicKey(k) {
			return SM2
		}
	case *rsa.PublicKey:
		return RSA
	}
	return Other
}
