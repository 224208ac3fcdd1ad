package issuance

import (
	"encoding/pem"
	"time"

	"github.com/google/uuid"

	"caconsole/issuance/cert"
)

// Kinds of update. A collecting driver fetches what staff have authorised; a renewing one authorises it itself.
const (
	KindCollect = "collect"
	KindRenew   = "renew"
)

// States of an update as the driver sees it.
const (
	StateWaiting   = "waiting"   // no pair yet: ask again later
	StateReady     = "ready"     // the package can be fetched
	StateImporting = "importing" // the sign certificate is in the Ukey
	StateConfirmed = "confirmed" // all of it is
)

// Steps a driver confirms, in this order.
const (
	StepSign = "sign_certificate"
	StepKey  = "encryption_key" // where the key centre made a new one
	StepEnc  = "encryption_certificate"
)

// stepsOf are the steps of a request's import.
func stepsOf(r cert.Request) []string {
	if r.KMC == "" {
		return []string{StepSign, StepEnc}
	}
	return []string{StepSign, StepKey, StepEnc}
}

const (
	// proveWithin is how long a session waits for the Ukey's signature.
	proveWithin = 10 * time.Minute
	// collectWithin is how long its token then holds; after it the driver starts another session and goes on.
	collectWithin = 24 * time.Hour
)

// Update is one driver's session on a renewal.
type Update struct {
	ID        uuid.UUID
	OrderID   uuid.UUID
	OrderNo   string
	OldPair   uuid.UUID
	NewPair   uuid.UUID // zero while waiting
	Kind      string
	CSR       bool      // the driver brought one
	ToSign    string    // what the Ukey's old sign key has to sign
	ExpiresAt time.Time // of the proof, then of the token
	Proved    bool
	State     string

	void bool // of kind renew, and its authorisation is void
}

// Package is what a driver downloads: the same bytes each time, so that an interrupted download can go on.
type Package struct {
	Name string
	// Content is PEM: sign certificate, encryption certificate, issuing CA, root; for a CSR also its CSRResponse (GM/T 0092).
	Content []byte
	SM3     cert.Digest
}

// Types of the PEM blocks in a package.
const (
	blockCertificate = "CERTIFICATE"
	blockResponse    = "CSR RESPONSE"
)

// newPackage writes a package. response is DER, empty without one.
func newPackage(p Pair, a Authority, response []byte) Package {
	var content []byte
	add := func(kind string, der []byte) {
		if len(der) > 0 {
			content = append(content, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
		}
	}
	for _, der := range [][]byte{p.Sign.DER, p.Enc.DER, a.CA, a.Root} {
		add(blockCertificate, der)
	}
	add(blockResponse, response)
	return Package{Name: string(p.Sign.Serial) + ".pem", Content: content, SM3: cert.SM3(content)}
}
