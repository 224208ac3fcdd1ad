package cert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math/big"
	"slices"

	"caconsole/admin/fault"
)

// Assertion is what a passkey answers besides its signature (WebAuthn Level 2, section 5.2.2), as the browser gave it.
type Assertion struct {
	CredentialID      []byte `json:"credential_id"`
	AuthenticatorData []byte `json:"authenticator_data"`
	ClientData        []byte `json:"client_data"` // clientDataJSON
}

// RelyingParty is for whom passkeys sign: the console's host name and the addresses under which it is opened.
type RelyingParty struct {
	ID      string   `json:"id"`
	Origins []string `json:"origins"`
}

// Sizes and flags of authenticator data (WebAuthn Level 2, section 6.1).
const (
	authDataMin    = sha256.Size + 1 + 4
	authDataMax    = 4 << 10
	clientDataMax  = 4 << 10
	flagPresent    = 0x01
	flagVerified   = 0x04
	flagAttested   = 0x40
	flagExtensions = 0x80
)

// collectedClientData is section 5.8.1; what else stands in it is passed over, as the standard demands.
type collectedClientData struct {
	Type        string `json:"type"`
	Challenge   string `json:"challenge"`
	Origin      string `json:"origin"`
	CrossOrigin bool   `json:"crossOrigin"`
}

// Challenge is what a passkey is asked to sign in place of a message: base64url of its SHA-256, without padding.
func Challenge(message []byte) string {
	sum := sha256.Sum256(message)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Verify checks an assertion over a message by WebAuthn Level 2, section 7.2, steps 11 to 20: type, challenge, origin,
// relying party, presence and verification of the user, and the ES256 signature. The signature counter is not looked
// at: synchronised passkeys have none. Fails with Forbidden "signature_wrong", "assertion_origin_wrong",
// "assertion_party_wrong" or "assertion_unverified_user".
func (w Assertion) Verify(pub *ecdsa.PublicKey, rp RelyingParty, message, signature []byte) error {
	// The signature first: what was not signed by the key is not worth a more precise answer.
	client := sha256.Sum256(w.ClientData)
	sum := sha256.Sum256(append(bytes.Clone(w.AuthenticatorData), client[:]...))
	if pub == nil || len(w.AuthenticatorData) > authDataMax || len(w.ClientData) > clientDataMax || !ecdsa.VerifyASN1(pub, sum[:], signature) {
		return fault.New(fault.Forbidden, "signature_wrong", nil)
	}
	var c collectedClientData
	if err := json.Unmarshal(w.ClientData, &c); err != nil || c.Type != "webauthn.get" || c.Challenge != Challenge(message) {
		return &fault.Error{Kind: fault.Forbidden, Key: "signature_wrong", Cause: err}
	}
	if c.CrossOrigin || !slices.Contains(rp.Origins, c.Origin) {
		return fault.New(fault.Forbidden, "assertion_origin_wrong", nil)
	}
	return w.verifyData(rp)
}

func (w Assertion) verifyData(rp RelyingParty) error {
	party := sha256.Sum256([]byte(rp.ID))
	if len(w.AuthenticatorData) < authDataMin || !bytes.Equal(w.AuthenticatorData[:sha256.Size], party[:]) {
		return fault.New(fault.Forbidden, "assertion_party_wrong", nil)
	}
	flags := w.AuthenticatorData[sha256.Size]
	if flags&flagPresent == 0 || flags&flagVerified == 0 {
		return fault.New(fault.Forbidden, "assertion_unverified_user", nil)
	}
	// An assertion attests no credential, and without extensions nothing follows the counter.
	if rest := len(w.AuthenticatorData) > authDataMin; flags&flagAttested != 0 || rest != (flags&flagExtensions != 0) {
		return fault.New(fault.Forbidden, "signature_wrong", nil)
	}
	return nil
}

// ParsePasskey reads the public key of a passkey or of a browser's key: P-256, DER SubjectPublicKeyInfo.
func ParsePasskey(der []byte) (*ecdsa.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	pub, ok := key.(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return nil, errors.New("cert: not a P-256 public key")
	}
	again, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil || !bytes.Equal(again, der) {
		return nil, errors.New("cert: P-256 public key is not in DER")
	}
	return pub, nil
}

// AuthenticatorData makes what an authenticator signs, for one that lives in software: tests and simulators.
func AuthenticatorData(rpID string, verified bool, counter uint32) []byte {
	party := sha256.Sum256([]byte(rpID))
	flags := byte(flagPresent)
	if verified {
		flags |= flagVerified
	}
	return binary.BigEndian.AppendUint32(append(party[:], flags), counter)
}

// verifyRaw checks an ECDSA P-256 signature over SHA-256 as WebCrypto makes it: r ‖ s, 32 octets each.
func verifyRaw(pub *ecdsa.PublicKey, message, signature []byte) error {
	const half = 32
	if pub == nil || len(signature) != 2*half {
		return fault.New(fault.Forbidden, "signature_wrong", nil)
	}
	sum := sha256.Sum256(message)
	if !ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])) {
		return fault.New(fault.Forbidden, "signature_wrong", nil)
	}
	return nil
}
