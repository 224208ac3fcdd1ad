// Package seal keeps personal data and files unreadable to whoever holds the database or the object store alone.
//
// Fields are sealed one by one with SM4-GCM under a key derived for their column, and bound to their row: a
// ciphertext copied to another row or column does not open. What must be searched for has a blind index beside it
// (HMAC-SM3 of the normalised value), what is listed has a mask. Files are sealed as objects, each under a data key
// of its own.
//
// In this package, and in the code of the whole module, "seal" means encryption; a company's red seal is a "stamp".
package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"github.com/google/uuid"

	"caconsole/admin/fault"
)

// Layout of a sealed value: version | key id | nonce | ciphertext and tag.
const (
	version   = 1
	keyIDSize = 4
	nonceSize = 12
	tagSize   = 16
	headSize  = 1 + keyIDSize + nonceSize

	// Overhead is how many bytes longer a sealed value is than its plain text.
	Overhead = headSize + tagSize
	// IndexSize is the length of a blind index in bytes.
	IndexSize = 16
)

// ErrEmpty tells that an empty value was to be sealed: a missing value is NULL in its column, for a sealed empty
// string would show by its length that there is nothing in it.
var ErrEmpty = errors.New("seal: nothing to seal")

// errSealed is the cause of every value that does not open; which byte was wrong is nobody's business.
var errSealed = errors.New("seal: value was changed, moved, or sealed elsewhere")

// Seal encrypts a text for one field of one row. field is "table.column", row the row's primary key.
// Error: ErrEmpty.
func (r *Ring) Seal(field string, row uuid.UUID, plain string) ([]byte, error) {
	return r.SealBytes(field, row, []byte(plain))
}

// Open decrypts what Seal made for the same field and row.
// Errors: Internal "sealed_value_unreadable" (changed, moved), "seal_key_missing" (sealed by a key not in the ring).
func (r *Ring) Open(field string, row uuid.UUID, sealed []byte) (string, error) {
	plain, err := r.OpenBytes(field, row, sealed)
	return string(plain), err
}

// SealBytes is Seal for bytes.
func (r *Ring) SealBytes(field string, row uuid.UUID, plain []byte) ([]byte, error) {
	if len(plain) == 0 {
		return nil, ErrEmpty
	}
	key := r.sealing[0]
	aead, err := key.aead(field)
	if err != nil {
		return nil, fault.Wrap("seal_failed", err)
	}
	out := make([]byte, headSize, len(plain)+Overhead)
	out[0] = version
	copy(out[1:], key.id[:])
	nonce := out[1+keyIDSize : headSize]
	_, _ = rand.Read(nonce) // crypto/rand.Read never fails: it ends the process instead
	return aead.Seal(out, nonce, plain, place(field, row)), nil
}

// OpenBytes is Open for bytes.
func (r *Ring) OpenBytes(field string, row uuid.UUID, sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead || sealed[0] != version {
		return nil, fault.Wrap("sealed_value_unreadable", errSealed)
	}
	key, ok := r.byID([keyIDSize]byte(sealed[1 : 1+keyIDSize]))
	if !ok {
		return nil, fault.Wrap("seal_key_missing", fmt.Errorf("seal: key %x is not in the ring", sealed[1:1+keyIDSize]))
	}
	aead, err := key.aead(field)
	if err != nil {
		return nil, fault.Wrap("sealed_value_unreadable", err)
	}
	plain, err := aead.Open(nil, sealed[1+keyIDSize:headSize], sealed[headSize:], place(field, row))
	if err != nil {
		return nil, fault.Wrap("sealed_value_unreadable", errSealed)
	}
	return plain, nil
}

// Index makes the blind index of a value, to be stored beside it and searched by. The value must have been normalised
// by the Norm function of its kind, or equal values would not be found. The index key does not rotate with the
// sealing keys, so that old rows stay findable.
func (r *Ring) Index(field, normalised string) []byte {
	mac := hmac.New(sm3.New, r.index)
	mac.Write([]byte(field))
	mac.Write([]byte{0}) // ends the field name, so that no field and value run into each other
	mac.Write([]byte(normalised))
	return mac.Sum(nil)[:IndexSize]
}

// place is the additional data that ties a ciphertext to its column and row. The row has a fixed length and stands
// last, so that no two places read the same.
func place(field string, row uuid.UUID) []byte {
	b := make([]byte, 0, len(field)+1+len(row))
	b = append(b, field...)
	b = append(b, '|')
	return append(b, row[:]...)
}

// aead derives the column's SM4 key. One key a column keeps the number of random nonces under one key far below the
// limit of GCM (2^32 messages).
func (k sealingKey) aead(field string) (cipher.AEAD, error) {
	key, err := hkdf.Expand(sm3.New, k.prk, "caconsole/field/1|"+field, sm4.BlockSize)
	if err != nil {
		return nil, err
	}
	return newGCM(key)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
