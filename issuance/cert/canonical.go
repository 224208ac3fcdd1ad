package cert

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm3"
	"github.com/gowebpki/jcs"

	"caconsole/admin/fault"
)

// Digest is an SM3 hash.
type Digest [sm3.Size]byte

// SM3 hashes bytes.
func SM3(b []byte) Digest { return sm3.Sum(b) }

// Hex returns the digest in lower-case hex, as it stands in canonical objects.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads a digest in lower-case hex.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(d) || hex.EncodeToString(b) != s {
		return d, fmt.Errorf("cert: %q is no SM3 digest in lower-case hex", s)
	}
	copy(d[:], b)
	return d, nil
}

// canonical encodes v by RFC 8785. The types of this package hold strings and small integers only, which always have
// a canonical form; one that has none is a mistake of the program.
func canonical(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("cert: %T has no JSON form: %v", v, err))
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		panic(fmt.Sprintf("cert: %T has no canonical form: %v", v, err))
	}
	return out
}

// parseCanonical reads a canonical object and checks it. The re-encoded object is compared with the input, so that
// duplicate names, other letter cases and any second way of writing the same object are refused: one object, one digest.
// Fails with Invalid under the key.
func parseCanonical[T interface{ Canonical() []byte }](raw []byte, check func(T) error, key string) (T, error) {
	var v, none T
	err := decodeStrict(raw, &v)
	if err == nil {
		err = check(v)
	}
	if err == nil && !bytes.Equal(v.Canonical(), raw) {
		err = errNotCanonical
	}
	if err != nil {
		return none, &fault.Error{Kind: fault.Invalid, Key: key, Cause: err}
	}
	return v, nil
}

// decodeStrict reads one object and refuses unknown fields and bytes after it.
func decodeStrict(raw []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("bytes after the object")
	}
	return nil
}

var errNotCanonical = errors.New("not in the canonical form of RFC 8785")
