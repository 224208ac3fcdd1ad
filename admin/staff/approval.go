package staff

import (
	"context"
	"encoding/hex"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// ApprovalKey is the public half of a key a member approves with, and whose it is: a line of the signer's staff list.
type ApprovalKey struct {
	KeyID     string // the first 16 hex digits of the SM3 of PublicKey
	StaffID   uuid.UUID
	Login     string
	No        string
	Roles     []string
	PublicKey []byte // DER SubjectPublicKeyInfo
}

// ApprovalKeys lists the keys of active members, by staff number.
func (s *Accounts) ApprovalKeys(_ context.Context, q pg.Q) ([]ApprovalKey, error) { return listKeys(q) }

// SignApproval signs a message with the member's software key: SM2-SM3, default user id, DER. It returns the public
// half (DER SubjectPublicKeyInfo) with the signature.
// Error: Conflict "approval_key_missing" where the console keeps no key of this person.
func (s *Accounts) SignApproval(_ context.Context, q pg.Q, staffID uuid.UUID, message []byte) (public, sig []byte, err error) {
	key, err := loadKey(q, staffID)
	if err != nil {
		return nil, nil, err
	}
	private, err := s.ring.OpenBytes(keyField, key.RowID, key.PrivateSealed)
	if err != nil {
		return nil, nil, err
	}
	sig, err = seal.SignSoftware(private, message)
	if err != nil {
		return nil, nil, fault.Wrap("approval_sign_failed", err)
	}
	return key.PublicKey, sig, nil
}

func (s *Accounts) addSoftwareKey(tx pg.Tx, staffID uuid.UUID) error {
	private, public, err := seal.NewSoftwareKey()
	if err != nil {
		return fault.Wrap("random_unavailable", err)
	}
	row, err := uuid.NewV7()
	if err != nil {
		return fault.Wrap("random_unavailable", err)
	}
	sealed, err := s.ring.SealBytes(keyField, row, private)
	if err != nil {
		return err
	}
	return insertKey(tx, keyRow{
		ID: hex.EncodeToString(seal.Digest(public)[:8]), StaffID: staffID, RowID: row, PublicKey: public,
		PrivateSealed: sealed, CreatedAt: s.now(),
	})
}
