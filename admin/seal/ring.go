package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// Purposes of the keys in a ring.
const (
	purposeSeal       = "seal"
	purposeIndex      = "index"
	purposeCheckpoint = "checkpoint"

	secretSize = 32
)

// ErrKeys tells what is wrong with the text of a key ring, never what is in it.
var ErrKeys = errors.New("seal: key ring unusable")

// Ring holds the keys of one installation: sealing keys (the first seals, all open), the blind index key, and the
// audit log's checkpoint key. It is safe for concurrent use.
type Ring struct {
	sealing    []sealingKey
	index      []byte
	checkpoint []byte
}

type sealingKey struct {
	id  [keyIDSize]byte
	prk []byte // pseudorandom key of HKDF-SM3; column keys are expanded from it
}

// ParseKeys reads a ring from its text, the value of CACONSOLE_SEAL_KEYS: entries "purpose:id:secret" separated by
// commas or spaces, where purpose is seal, index or checkpoint, id 8 hex digits and secret 32 bytes in unpadded
// base64url. There is at least one seal key and exactly one of the other two. To rotate, put a new seal key in front
// and keep the old ones behind it until nothing is sealed by them any more. Error: ErrKeys.
func ParseKeys(text string) (*Ring, error) {
	r := &Ring{}
	for _, entry := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\n' }) {
		if err := r.add(entry); err != nil {
			return nil, err
		}
	}
	switch {
	case len(r.sealing) == 0:
		return nil, fmt.Errorf("%w: no seal key", ErrKeys)
	case r.index == nil:
		return nil, fmt.Errorf("%w: no index key", ErrKeys)
	case r.checkpoint == nil:
		return nil, fmt.Errorf("%w: no checkpoint key", ErrKeys)
	}
	if _, err := r.CheckpointKey(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Ring) add(entry string) error {
	parts := strings.Split(entry, ":")
	if len(parts) != 3 {
		return fmt.Errorf("%w: an entry is not purpose:id:secret", ErrKeys)
	}
	id, err := hex.DecodeString(parts[1])
	if err != nil || len(id) != keyIDSize {
		return fmt.Errorf("%w: the id of a %q key is not 8 hex digits", ErrKeys, parts[0])
	}
	secret, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(secret) != secretSize {
		return fmt.Errorf("%w: key %s is not %d bytes in base64url", ErrKeys, parts[1], secretSize)
	}
	switch parts[0] {
	case purposeSeal:
		return r.addSealing([keyIDSize]byte(id), secret)
	case purposeIndex:
		return once(&r.index, purposeIndex, secret)
	case purposeCheckpoint:
		return once(&r.checkpoint, purposeCheckpoint, secret)
	default:
		return fmt.Errorf("%w: unknown purpose %q", ErrKeys, parts[0])
	}
}

func (r *Ring) addSealing(id [keyIDSize]byte, secret []byte) error {
	if _, twice := r.byID(id); twice {
		return fmt.Errorf("%w: seal key %x stands twice", ErrKeys, id)
	}
	prk, err := hkdf.Extract(sm3.New, secret, []byte("caconsole/seal"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKeys, err)
	}
	r.sealing = append(r.sealing, sealingKey{id: id, prk: prk})
	return nil
}

func once(slot *[]byte, purpose string, secret []byte) error {
	if *slot != nil {
		return fmt.Errorf("%w: more than one %s key", ErrKeys, purpose)
	}
	*slot = secret
	return nil
}

func (r *Ring) byID(id [keyIDSize]byte) (sealingKey, bool) {
	for _, k := range r.sealing {
		if k.id == id {
			return k, true
		}
	}
	return sealingKey{}, false
}

// CheckpointKey returns the SM2 key that signs the audit log's checkpoints. Its public half is kept by the auditor,
// outside this system.
func (r *Ring) CheckpointKey() (*sm2.PrivateKey, error) {
	key, err := sm2.NewPrivateKey(r.checkpoint)
	if err != nil {
		return nil, fmt.Errorf("%w: the checkpoint key is no SM2 key", ErrKeys)
	}
	return key, nil
}

// NewKeys makes the text of a fresh ring with one key for each purpose.
func NewKeys() (string, error) {
	checkpoint, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("seal: make the checkpoint key: %w", err)
	}
	secret := make([]byte, secretSize)
	entries := []string{
		entry(purposeSeal, random(secretSize)),
		entry(purposeIndex, random(secretSize)),
		entry(purposeCheckpoint, checkpoint.D.FillBytes(secret)),
	}
	return strings.Join(entries, ","), nil
}

// Rotate returns the text of a ring with a fresh seal key in front of the others, which go on opening.
// Error: ErrKeys when the given text is no ring.
func Rotate(text string) (string, error) {
	if _, err := ParseKeys(text); err != nil {
		return "", err
	}
	return entry(purposeSeal, random(secretSize)) + "," + strings.TrimSpace(text), nil
}

func entry(purpose string, secret []byte) string {
	return purpose + ":" + hex.EncodeToString(random(keyIDSize)) + ":" + base64.RawURLEncoding.EncodeToString(secret)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	return b
}
