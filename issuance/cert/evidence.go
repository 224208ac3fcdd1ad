package cert

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// maxEnvelope bounds an envelope in octets; one has about 242.
const maxEnvelope = 1 << 10

// Evidence is what the key management centre (密钥管理中心, KMC) answered to the request for an encryption key: the
// third canonical object, pinned by its digest in the Request. The private key in it is for the Ukey alone.
type Evidence struct {
	V         int    `json:"v"`
	RequestID string `json:"request_id"` // UUID of the Request, under which the key was asked for
	EncKey    string `json:"enc_key"`    // SubjectPublicKeyInfo, DER, base64
	Enveloped string `json:"enveloped"`  // SM2EnvelopedKey as it came, DER, base64
	Centre    string `json:"centre"`     // SM3 (hex) of the certificate the centre signed with
	Signature string `json:"signature"`  // over KMCMessage: SM2-SM3, default ID, DER, base64
}

// NewEvidence makes evidence of a centre's answer. key is its encryption key as DER SubjectPublicKeyInfo, centre the
// digest of its certificate. Fails with Invalid "evidence_malformed".
func NewEvidence(requestID string, key, enveloped, signature []byte, centre Digest) (Evidence, error) {
	b64 := base64.StdEncoding.EncodeToString
	return ParseEvidence(Evidence{
		V: Version, RequestID: requestID, EncKey: b64(key), Enveloped: b64(enveloped), Centre: centre.Hex(), Signature: b64(signature),
	}.Canonical())
}

// KMCMessage returns the bytes by which a key centre binds an encryption key to a request and to the sign key that
// alone can open the envelope. Both keys are DER SubjectPublicKeyInfo. The envelope itself does not show for whom it is
// wrapped, which is why the centre says so here.
func KMCMessage(requestID string, signKey, encKey, enveloped []byte) []byte {
	return []byte("caconsole/kmc/1\n" + requestID + "\n" + SM3(signKey).Hex() + "\n" + SM3(encKey).Hex() + "\n" + SM3(enveloped).Hex())
}

// Canonical returns the bytes that are hashed and sent to the signer.
func (e Evidence) Canonical() []byte { return canonical(e) }

// Digest is the SM3 of Canonical.
func (e Evidence) Digest() Digest { return SM3(e.Canonical()) }

// EnvelopeDER returns the envelope as the centre sent it; nil if it is malformed.
func (e Evidence) EnvelopeDER() []byte { return parseBase64(e.Enveloped) }

// ParseEvidence accepts canonical bytes only. Fails with Invalid "evidence_malformed".
func ParseEvidence(raw []byte) (Evidence, error) {
	return parseCanonical(raw, Evidence.check, "evidence_malformed")
}

func (e Evidence) check() error {
	if e.V != Version {
		return fmt.Errorf("version %d", e.V)
	}
	if !IsID(e.RequestID) {
		return errors.New("request id is no UUID")
	}
	der := parseBase64(e.EncKey)
	key, err := ParseKey(der)
	if err != nil {
		return err
	}
	if again, err := EncodeKey(key); err != nil || !bytes.Equal(again, der) {
		return errors.New("encryption key is not written as id-ecPublicKey with the SM2 curve")
	}
	if n := len(e.EnvelopeDER()); n == 0 || n > maxEnvelope {
		return errors.New("envelope is missing or too long")
	}
	if len(parseBase64(e.Signature)) == 0 {
		return errors.New("signature is missing")
	}
	_, err = ParseDigest(e.Centre)
	return err
}

// Check compares evidence with the request it is for and the sign key it is wrapped to, without the centre's
// certificate: structure, request id, key inside = key named, both different from the sign key. It returns the
// encryption key. Fails with Invalid "evidence_malformed", "envelope_malformed", Conflict "kmc_mismatch" or "envelope_mismatch".
func (e Evidence) Check(requestID string, sign *ecdsa.PublicKey) (*ecdsa.PublicKey, error) {
	if _, err := ParseEvidence(e.Canonical()); err != nil {
		return nil, err
	}
	if e.RequestID != requestID {
		return nil, fault.New(fault.Conflict, "kmc_mismatch", nil)
	}
	enc, err := ParseKey(parseBase64(e.EncKey))
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Key: "evidence_malformed", Cause: err}
	}
	env, err := ParseEnvelope(e.EnvelopeDER())
	if err != nil {
		return nil, err
	}
	return enc, env.CheckFor(sign, enc)
}

// Verify checks that one of the centres signed the evidence for a sign key. Fails with Forbidden "kmc_unknown" where
// the evidence names none of them, "kmc_signature_wrong".
func (e Evidence) Verify(centres []*smx509.Certificate, sign *ecdsa.PublicKey) error {
	spki, err := EncodeKey(sign)
	if err != nil {
		return &fault.Error{Kind: fault.Forbidden, Key: "kmc_signature_wrong", Cause: err}
	}
	for _, c := range centres {
		if SM3(c.Raw).Hex() != e.Centre {
			continue
		}
		key, err := sm2Key(c.PublicKey)
		msg := KMCMessage(e.RequestID, spki, parseBase64(e.EncKey), e.EnvelopeDER())
		if err != nil || VerifyProof(key, msg, parseBase64(e.Signature)) != nil {
			return fault.New(fault.Forbidden, "kmc_signature_wrong", nil)
		}
		return nil
	}
	return fault.New(fault.Forbidden, "kmc_unknown", nil)
}
