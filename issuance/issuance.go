package issuance

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"caconsole/issuance/cert"
)

// Signer executes requests. Package signer/client implements it over the socket, signer.Engine inside a test.
type Signer interface {
	// Issue executes a request; the same request gets the same answer at any time. Refusals are faults.
	Issue(ctx context.Context, in cert.Instruction) (cert.Issued, error)
	// Close answers with a request's result, or makes sure that there never is one.
	Close(ctx context.Context, id string) (cert.Closing, error)
	Status(ctx context.Context) (cert.Status, error)
	Chain(ctx context.Context) (cert.Chain, error)
	// Registry tells whose keys count.
	Registry(ctx context.Context) (cert.RegistryState, error)
}

// Service is the package's one object. It holds no state of its own.
type Service struct {
	signer  Signer
	centre  KeyCentre
	revoker Revoker
	ledger  Ledger
	random  io.Reader
	now     func() time.Time
}

// New makes the service.
func New(signer Signer, now func() time.Time) *Service {
	return &Service{signer: signer, centre: noCentre{}, revoker: noRevoker{}, ledger: noLedger{}, random: rand.Reader, now: now}
}

// Chain asks the signer by what it works; KeepAuthority stores the answer. Fails with Unavailable
// "signer_unavailable" or "signer_stopped". Not to be called inside a transaction.
func (s *Service) Chain(ctx context.Context) (cert.Chain, error) { return s.signer.Chain(ctx) }

// SignerRegistry asks the signer whose keys count; KeepRegistry stores the answer. Fails like Chain. Not to be called
// inside a transaction.
func (s *Service) SignerRegistry(ctx context.Context) (cert.RegistryState, error) {
	return s.signer.Registry(ctx)
}

// Status asks how the signer is. Fails like Chain. Not to be called inside a transaction.
func (s *Service) Status(ctx context.Context) (cert.Status, error) { return s.signer.Status(ctx) }
