package issuance

import (
	"encoding/pem"
	"slices"
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
	StateConfirmed = "confirmed" // both are
)

// Steps a driver confirms, in this order.
const (
	StepSign = "sign_certificate"
	StepEnc  = "encryption_certificate"
)

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
	ToSign    string    // what the Ukey's old sign key has to sign
	ExpiresAt time.Time // of the proof, then of the token
	Proved    bool
	State     string

	void bool // of kind renew, and its authorisation is void
}

// Package is what a driver downloads: the same bytes each time, so that an interrupted download can go on.
type Package struct {
	Name    string
	Content []byte // PEM: sign certificate, encryption certificate, issuing CA, root
	SM3     cert.Digest
}

func newPackage(p Pair, a Authority) Package {
	var blocks [][]byte
	for _, der := range [][]byte{p.Sign.DER, p.Enc.DER, a.CA, a.Root} {
		blocks = append(blocks, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	content := slices.Concat(blocks...)
	return Package{Name: string(p.Sign.Serial) + ".pem", Content: content, SM3: cert.SM3(content)}
}
