package staffkey

import (
	"bytes"
	"encoding/hex"
	"encoding/json"

	"caconsole/admin/fault"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// enrolDomain is the first line of what a Ukey signs to show itself. The second is the login, which the agent compares
// with the Ukey it was asked for.
const enrolDomain = "caconsole/enrol/1\n"

func ukeyMessage(p Person, nonce []byte) []byte {
	return []byte(enrolDomain + p.Login + "\n" + p.ID.String() + "\n" + issuance.SessionDigest(p.Session) + "\n" + hex.EncodeToString(nonce))
}

// ShowUkey checks a Ukey's signature over the message it was given, SM2-SM3 with the default ID, DER. Fails with
// Invalid "key_malformed" or "key_proof_wrong".
func ShowUkey(message, public, signature []byte) (Shown, error) {
	key, err := cert.ParseKey(public)
	if err != nil {
		return Shown{}, &fault.Error{Kind: fault.Invalid, Key: "key_malformed", Cause: err}
	}
	// Tools write the algorithm in two ways; the registry has one.
	der, err := cert.EncodeKey(key)
	if err != nil {
		return Shown{}, &fault.Error{Kind: fault.Invalid, Key: "key_malformed", Cause: err}
	}
	if err := cert.VerifyProof(key, bytes.Clone(message), signature); err != nil {
		return Shown{}, &fault.Error{Kind: fault.Invalid, Key: "key_proof_wrong", Cause: err}
	}
	proof, err := json.Marshal(map[string][]byte{"message": message, "signature": signature})
	if err != nil {
		return Shown{}, fault.Wrap("key_proof_unwritable", err)
	}
	return Shown{Kind: cert.KindSM2, Public: der, Proof: proof}, nil
}
