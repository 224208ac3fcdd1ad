package audit

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// origin names the log in its checkpoints and the key in their signatures.
const origin = "caconsole/audit"

// pemType is the block type of a public key file.
const pemType = "PUBLIC KEY"

// signatureType is the type byte of C2SP signed-note for a signature it does not list; the name follows it.
const signatureType = "\xffSM2-SM3"

// ErrCheckpoint tells that a text is no checkpoint, or not one signed by the expected key.
var ErrCheckpoint = errors.New("audit: checkpoint not valid")

// Checkpoint is a signed statement of how many entries the log had, and of their root hash.
type Checkpoint struct {
	Number int64 // gapless, from 1
	Size   int64 // entries covered
	Root   []byte
	At     time.Time // UTC, whole seconds
	// Note is the signed text: five lines, an empty one, and the signature, in the manner of C2SP tlog-checkpoint.
	Note string
}

// body is the signed part of the note.
func (c Checkpoint) body() string {
	return fmt.Sprintf("%s\n%d\n%s\nnumber %d\ntime %s\n", origin, c.Size,
		base64.StdEncoding.EncodeToString(c.Root), c.Number, c.At.UTC().Format(time.RFC3339))
}

// sign fills in Note.
func (c Checkpoint) sign(key *sm2.PrivateKey) (Checkpoint, error) {
	body := c.body()
	sig, err := sm2.SignASN1(rand.Reader, key, []byte(body), sm2.DefaultSM2SignerOpts)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: sign a checkpoint: %w", err)
	}
	line := base64.StdEncoding.EncodeToString(append(keyHash(&key.PublicKey), sig...))
	c.Note = body + "\n— " + origin + " " + line + "\n"
	return c, nil
}

// ParseCheckpoint reads a note and verifies its signature. Error: ErrCheckpoint.
func ParseCheckpoint(note string, pub *ecdsa.PublicKey) (Checkpoint, error) {
	body, sigLine, ok := strings.Cut(note, "\n\n")
	if !ok {
		return Checkpoint{}, fmt.Errorf("%w: no signature", ErrCheckpoint)
	}
	body += "\n"
	c, err := parseBody(body)
	if err != nil {
		return Checkpoint{}, err
	}
	encoded, ok := strings.CutPrefix(sigLine, "— "+origin+" ")
	if !ok {
		return Checkpoint{}, fmt.Errorf("%w: signed in another name", ErrCheckpoint)
	}
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(encoded, "\n"))
	if err != nil || len(sig) < 5 {
		return Checkpoint{}, fmt.Errorf("%w: signature unreadable", ErrCheckpoint)
	}
	if string(sig[:4]) != string(keyHash(pub)) {
		return Checkpoint{}, fmt.Errorf("%w: signed by another key", ErrCheckpoint)
	}
	if !sm2.VerifyASN1WithSM2(pub, nil, []byte(body), sig[4:]) {
		return Checkpoint{}, fmt.Errorf("%w: wrong signature", ErrCheckpoint)
	}
	c.Note = note
	return c, nil
}

func parseBody(body string) (Checkpoint, error) {
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	if len(lines) != 5 || lines[0] != origin {
		return Checkpoint{}, fmt.Errorf("%w: not a checkpoint of %s", ErrCheckpoint, origin)
	}
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	number, err3 := strconv.ParseInt(strings.TrimPrefix(lines[3], "number "), 10, 64)
	at, err4 := time.Parse(time.RFC3339, strings.TrimPrefix(lines[4], "time "))
	if err := errors.Join(err1, err2, err3, err4); err != nil || len(root) != sm3.Size {
		return Checkpoint{}, fmt.Errorf("%w: unreadable lines", ErrCheckpoint)
	}
	c := Checkpoint{Number: number, Size: size, Root: root, At: at.UTC()}
	if c.body() != body { // one way to write a checkpoint, so that equal means equal
		return Checkpoint{}, fmt.Errorf("%w: not in its one form", ErrCheckpoint)
	}
	return c, nil
}

// keyHash identifies a key in a signature line: the first 4 bytes of SM3(name || newline || type || public key).
func keyHash(pub *ecdsa.PublicKey) []byte {
	h := sm3.New()
	h.Write([]byte(origin + "\n" + signatureType))
	h.Write(pub.X.FillBytes(make([]byte, 32))) //nolint:staticcheck // PublicKey.Bytes knows no SM2 curve
	h.Write(pub.Y.FillBytes(make([]byte, 32))) //nolint:staticcheck // as above
	return h.Sum(nil)[:4]
}

// PublicKeyPEM renders the checkpoint key's public half for the auditor to keep outside.
func (l *Log) PublicKeyPEM() ([]byte, error) {
	der, err := smx509.MarshalPKIXPublicKey(&l.key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("audit: public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// ParsePublicKey reads the auditor's key file.
func ParsePublicKey(file []byte) (*ecdsa.PublicKey, error) {
	block, _ := pem.Decode(file)
	if block == nil || block.Type != pemType {
		return nil, errors.New("audit: the file holds no PEM public key")
	}
	key, err := smx509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("audit: public key: %w", err)
	}
	pub, ok := key.(*ecdsa.PublicKey)
	if !ok || pub.Curve != sm2.P256() {
		return nil, errors.New("audit: the file holds no SM2 public key")
	}
	return pub, nil
}
