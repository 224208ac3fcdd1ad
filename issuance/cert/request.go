package cert

import (
	"errors"
	"fmt"
	"time"
)

// Request is what the signer executes. It is committed in the console's database before the signer hears of it, so
// that the same request, and never a second one, is sent again after a crash.
type Request struct {
	V             int    `json:"v"`
	ID            string `json:"id"`            // UUID
	Authorisation string `json:"authorisation"` // digest (hex)
	SignSerial    string `json:"sign_serial"`   // Serial
	EncSerial     string `json:"enc_serial"`    // Serial
	NotBefore     string `json:"not_before"`    // RFC 3339, UTC, whole seconds
	NotAfter      string `json:"not_after"`     // likewise
	SignKey       string `json:"sign_key"`      // SubjectPublicKeyInfo, DER, base64
	EncKey        string `json:"enc_key"`       // likewise
	Proof         string `json:"proof"`         // digest (hex) of the holder's proof, "" without one
	KMC           string `json:"kmc"`           // digest (hex) of the key centre's evidence, "" without one
}

// Canonical returns the bytes that are hashed and sent to the signer.
func (r Request) Canonical() []byte { return canonical(r) }

// Digest is the SM3 of Canonical.
func (r Request) Digest() Digest { return SM3(r.Canonical()) }

// Validity returns the two ends of the new certificates; zero times if they are malformed.
func (r Request) Validity() (notBefore, notAfter time.Time) {
	return parseTime(r.NotBefore), parseTime(r.NotAfter)
}

// ParseRequest accepts canonical bytes only. Fails with Invalid "request_malformed".
func ParseRequest(raw []byte) (Request, error) {
	return parseCanonical(raw, Request.check, "request_malformed")
}

func (r Request) check() error {
	if r.V != Version {
		return fmt.Errorf("version %d", r.V)
	}
	if !IsID(r.ID) {
		return errors.New("id is no UUID")
	}
	if _, err := ParseDigest(r.Authorisation); err != nil {
		return err
	}
	for _, d := range []string{r.Proof, r.KMC} {
		if _, err := ParseDigest(d); d != "" && err != nil {
			return err
		}
	}
	if r.SignSerial == r.EncSerial {
		return errors.New("one serial for both certificates")
	}
	for _, s := range []string{r.SignSerial, r.EncSerial} {
		if err := checkSerial(Serial(s)); err != nil {
			return err
		}
	}
	for _, k := range []string{r.SignKey, r.EncKey} {
		if _, err := ParseKey(parseBase64(k)); err != nil {
			return err
		}
	}
	if r.SignKey == r.EncKey {
		return errors.New("one key for both certificates")
	}
	from, to := r.Validity()
	if from.IsZero() || to.IsZero() || !from.Before(to) {
		return errors.New("validity is no span of UTC times")
	}
	return nil
}

// checkSerial accepts new serials only: canonical, positive in 20 octets, and long enough to hold 64 random bits.
func checkSerial(s Serial) error {
	n := s.Int()
	if n.Sign() <= 0 || SerialFromInt(n) != s || n.BitLen() > serialOctets*8-1 || n.BitLen() < 64 {
		return fmt.Errorf("serial %q", string(s))
	}
	return nil
}
