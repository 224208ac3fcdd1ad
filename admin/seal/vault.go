package seal

import (
	"bytes"
	"context"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"github.com/google/uuid"

	"caconsole/admin/fault"
)

const (
	chunkSize     = 64 << 10
	objectVersion = 1
	dataKeyField  = "object.data_key"
)

// Blobs stores opaque bytes by key. A backend is a folder or an S3 bucket; it never sees plain text.
type Blobs interface {
	// Put stores the reader's bytes under key and returns once they would survive a power cut. What was there before
	// is replaced whole or not at all.
	Put(ctx context.Context, key string, r io.Reader) error
	// Get opens the bytes under key; the caller closes the reader. Error: ErrNoBlob.
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	// Delete removes key; a key that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// keyPattern admits object keys only: nothing that could climb out of a folder or mean something to a URL.
var keyPattern = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// CheckKey is what a backend asks before it uses a key: 8 to 64 lower-case hex digits.
func CheckKey(key string) error {
	if !keyPattern.MatchString(key) {
		return fmt.Errorf("seal: %q is no object key", key)
	}
	return nil
}

// ErrNoBlob tells that a backend holds nothing under a key.
var ErrNoBlob = errors.New("seal: no such blob")

// Object describes a sealed file; its fields are columns of the table that owns the file.
type Object struct {
	Key     string // 32 hex digits, random: says nothing of what is inside
	SM3     []byte // digest of the plain bytes
	Size    int64  // plain bytes
	DataKey []byte // the file's own SM4 key, sealed by the ring and bound to Key
}

// Vault seals whole files into a blob store.
type Vault struct {
	Ring  *Ring
	Blobs Blobs
}

// Put seals plain under a new random key and stores it durably. It is called before the transaction that stores the
// Object: a transaction that fails leaves a blob nobody can find or read, never a row without its file.
// Error: Internal "object_store_failed".
func (v Vault) Put(ctx context.Context, plain []byte) (Object, error) {
	id, dataKey := uuid.UUID(random(16)), random(sm4.BlockSize)
	sealedKey, err := v.Ring.SealBytes(dataKeyField, id, dataKey)
	if err != nil {
		return Object{}, err
	}
	body, err := sealChunks(dataKey, id, plain)
	if err != nil {
		return Object{}, fault.Wrap("object_store_failed", err)
	}
	digest := sm3.Sum(plain)
	o := Object{Key: hex.EncodeToString(id[:]), SM3: digest[:], Size: int64(len(plain)), DataKey: sealedKey}
	if err := v.Blobs.Put(ctx, o.Key, bytes.NewReader(body)); err != nil {
		return Object{}, fault.Wrap("object_store_failed", err)
	}
	return o, nil
}

// Open reads a file back and checks it against the digest and size in the Object.
// Errors: Internal "object_unreadable" (missing, changed, cut, or another file's), "seal_key_missing".
func (v Vault) Open(ctx context.Context, o Object) ([]byte, error) {
	raw, err := hex.DecodeString(o.Key)
	if err != nil || len(raw) != 16 {
		return nil, fault.Wrap("object_unreadable", fmt.Errorf("seal: %q is no object key", o.Key))
	}
	id := uuid.UUID(raw)
	dataKey, err := v.Ring.OpenBytes(dataKeyField, id, o.DataKey)
	if err != nil {
		return nil, err
	}
	body, err := v.read(ctx, o)
	if err != nil {
		return nil, fault.Wrap("object_unreadable", err)
	}
	plain, err := openChunks(dataKey, id, body)
	if err != nil {
		return nil, fault.Wrap("object_unreadable", err)
	}
	if digest := sm3.Sum(plain); int64(len(plain)) != o.Size || !bytes.Equal(digest[:], o.SM3) {
		return nil, fault.Wrap("object_unreadable", errors.New("seal: the file is not the one the database describes"))
	}
	return plain, nil
}

func (v Vault) read(ctx context.Context, o Object) (_ []byte, err error) {
	r, err := v.Blobs.Get(ctx, o.Key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	// One byte more than it may be, so that a blob that grew is refused without being read whole.
	return io.ReadAll(io.LimitReader(r, sealedSize(o.Size)+1))
}

// sealedSize is how long the blob of a plain file of n bytes is.
func sealedSize(n int64) int64 {
	chunks := max(1, (n+chunkSize-1)/chunkSize)
	return 1 + n + chunks*tagSize
}

// sealChunks encrypts in chunks of 64 KiB. The nonce counts the chunks and marks the last one, so that chunks taken
// away, added or put in another order do not open; it may count because the key is used for this file only.
func sealChunks(key []byte, id uuid.UUID, plain []byte) ([]byte, error) {
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, sealedSize(int64(len(plain))))
	out = append(out, objectVersion)
	for n := uint32(0); ; n++ {
		chunk := plain[:min(chunkSize, len(plain))]
		plain = plain[len(chunk):]
		last := len(plain) == 0
		out = aead.Seal(out, chunkNonce(n, last), chunk, id[:])
		if last {
			return out, nil
		}
	}
}

func openChunks(key []byte, id uuid.UUID, body []byte) ([]byte, error) {
	if len(body) < 1+tagSize || body[0] != objectVersion {
		return nil, errSealed
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	body = body[1:]
	plain := make([]byte, 0, len(body))
	for n := uint32(0); ; n++ {
		chunk := body[:min(chunkSize+tagSize, len(body))]
		body = body[len(chunk):]
		last := len(body) == 0
		if plain, err = openChunk(aead, plain, n, last, chunk, id); err != nil || last {
			return plain, err
		}
	}
}

func openChunk(aead cipher.AEAD, dst []byte, n uint32, last bool, chunk []byte, id uuid.UUID) ([]byte, error) {
	out, err := aead.Open(dst, chunkNonce(n, last), chunk, id[:])
	if err != nil {
		return nil, fmt.Errorf("chunk %d: %w", n, errSealed)
	}
	return out, nil
}

func chunkNonce(n uint32, last bool) []byte {
	nonce := make([]byte, nonceSize)
	binary.BigEndian.PutUint32(nonce[nonceSize-5:], n)
	if last {
		nonce[nonceSize-1] = 1
	}
	return nonce
}
