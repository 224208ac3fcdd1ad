package staffkey

import (
	"crypto/x509"
	"encoding/json"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// partyName is what a browser shows as the site a passkey is for.
const partyName = "CA 控制台"

// holder is a person as the library wants one.
type holder struct{ Person }

// WebAuthnID is the id of the account: stable, and no personal data.
func (h holder) WebAuthnID() []byte { return h.ID[:] }

// WebAuthnName is the login.
func (h holder) WebAuthnName() string { return h.Login }

// WebAuthnDisplayName is what the browser's own dialogue shows.
func (h holder) WebAuthnDisplayName() string { return h.Name }

// WebAuthnCredentials is not asked for: known ones are excluded by the options.
func (h holder) WebAuthnCredentials() []webauthn.Credential { return nil }

func relying(party cert.RelyingParty) (*webauthn.WebAuthn, error) {
	w, err := webauthn.New(&webauthn.Config{RPID: party.ID, RPDisplayName: partyName, RPOrigins: party.Origins})
	return w, fault.Wrap("passkey_party_unusable", err)
}

// creation begins a registration: ES256 only, the user verified, no attestation.
func creation(p Person, party cert.RelyingParty, known [][]byte) (options, session []byte, err error) {
	w, err := relying(party)
	if err != nil {
		return nil, nil, err
	}
	excluded := make([]protocol.CredentialDescriptor, 0, len(known))
	for _, id := range known {
		excluded = append(excluded, protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: id})
	}
	c, s, err := w.BeginRegistration(holder{p}, webauthn.WithConveyancePreference(protocol.PreferNoAttestation), webauthn.WithExclusions(excluded),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{UserVerification: protocol.VerificationRequired}),
		webauthn.WithCredentialParameters([]protocol.CredentialParameter{{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256}}))
	if err != nil {
		return nil, nil, fault.Wrap("passkey_party_unusable", err)
	}
	if options, err = json.Marshal(c.Response); err == nil {
		session, err = json.Marshal(s)
	}
	return options, session, fault.Wrap("passkey_party_unusable", err)
}

// ShowPasskey checks a browser's answer to a creation by WebAuthn Level 2, section 7.1. Fails with Invalid
// "passkey_answer_wrong", "passkey_origin_wrong", "passkey_unverified_user", "passkey_algorithm_wrong", Conflict
// "key_challenge_used".
func ShowPasskey(p Person, party cert.RelyingParty, session, answer []byte) (Shown, error) {
	wrong := func(key string, cause error) (Shown, error) {
		return Shown{}, &fault.Error{Kind: fault.Invalid, Key: key, Cause: cause}
	}
	var s webauthn.SessionData
	if err := json.Unmarshal(session, &s); err != nil {
		return Shown{}, fault.Wrap("passkey_party_unusable", err)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return wrong("passkey_answer_wrong", err)
	}
	client, data := parsed.Response.CollectedClientData, parsed.Response.AttestationObject.AuthData
	switch { // the library says no to all of these; a person wants to know which
	case client.Challenge != s.Challenge:
		return Shown{}, fault.New(fault.Conflict, "key_challenge_used", nil)
	case !slices.Contains(party.Origins, client.Origin) || client.CrossOrigin:
		return wrong("passkey_origin_wrong", nil)
	case !data.Flags.HasUserVerified():
		return wrong("passkey_unverified_user", nil)
	}
	w, err := relying(party)
	if err != nil {
		return Shown{}, err
	}
	made, err := w.CreateCredential(holder{p}, s, parsed)
	if err != nil {
		return wrong("passkey_answer_wrong", err)
	}
	public, err := spki(made.PublicKey)
	if err != nil {
		return wrong("passkey_algorithm_wrong", err)
	}
	return Shown{Kind: cert.KindWebAuthn, Public: public, Credential: made.ID, Proof: answer}, nil
}

// spki turns a COSE key into DER, if it is one for ES256.
func spki(cose []byte) ([]byte, error) {
	parsed, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return nil, err
	}
	ec, ok := parsed.(webauthncose.EC2PublicKeyData)
	if !ok || webauthncose.COSEAlgorithmIdentifier(ec.Algorithm) != webauthncose.AlgES256 {
		return nil, fault.New(fault.Invalid, "passkey_algorithm_wrong", nil)
	}
	key, err := ec.ToECDSA()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	_, err = cert.ParsePasskey(der)
	return der, err
}
