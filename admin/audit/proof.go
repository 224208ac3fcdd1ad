package audit

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/proof"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// ErrProof tells that a proof does not prove.
var ErrProof = errors.New("audit: proof not valid")

// Proof shows, without the log and without its other entries, that an entry stood in the log when a checkpoint was
// signed.
type Proof struct {
	Number     int64    // of the entry
	Entry      []byte   // its canonical JSON
	Path       [][]byte // RFC 6962 inclusion path
	Checkpoint string   // signed note
}

// Prove makes the proof of an entry against the newest checkpoint.
// Errors: NotFound "audit_entry_unknown" (no such number, or not yet signed).
func Prove(_ context.Context, q pg.Q, number int64) (Proof, error) {
	last, err := lastCheckpoint(q)
	if err != nil {
		return Proof{}, pg.Fault(err)
	}
	if number < 1 || number > last.Size {
		return Proof{}, fault.New(fault.NotFound, "audit_entry_unknown", nil)
	}
	leaves, err := storedLeaves(q, number-1, number, 1)
	if err != nil {
		return Proof{}, pg.Fault(err)
	}
	if len(leaves) == 0 {
		return Proof{}, fault.New(fault.NotFound, "audit_entry_unknown", nil)
	}
	body, err := leaves[0].Entry.canonical()
	if err != nil {
		return Proof{}, err
	}
	wanted, err := proof.Inclusion(uint64(number-1), uint64(last.Size)) //nolint:gosec // both positive here
	if err != nil {
		return Proof{}, fmt.Errorf("audit: proof of %d: %w", number, err)
	}
	hashes, err := loadNodes(q, wanted.IDs)
	if err != nil {
		return Proof{}, pg.Fault(err)
	}
	path, err := wanted.Rehash(hashes, hasher{}.HashChildren)
	if err != nil {
		return Proof{}, fmt.Errorf("audit: proof of %d: %w", number, err)
	}
	return Proof{Number: number, Entry: body, Path: path, Checkpoint: last.Note}, nil
}

// Verify checks the proof with the auditor's key and returns the checkpoint it stands on. Errors: ErrProof,
// ErrCheckpoint.
func (p Proof) Verify(pub *ecdsa.PublicKey) (Checkpoint, error) {
	c, err := ParseCheckpoint(p.Checkpoint, pub)
	if err != nil {
		return Checkpoint{}, err
	}
	if p.Number < 1 || p.Number > c.Size {
		return Checkpoint{}, fmt.Errorf("%w: no entry %d in a log of %d", ErrProof, p.Number, c.Size)
	}
	leaf := hasher{}.HashLeaf(p.Entry)
	index, size := uint64(p.Number-1), uint64(c.Size) //nolint:gosec // both positive here
	if err := proof.VerifyInclusion(hasher{}, index, size, leaf, p.Path, c.Root); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return c, nil
}
