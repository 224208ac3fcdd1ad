package cert

import (
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// ProvenBy returns the request with the digest of the holder's signature in it, for a renewal that the Ukey itself
// authorises.
func (r Request) ProvenBy(signature []byte) Request {
	r.Proof = SM3(signature).Hex()
	return r
}

// VerifyHolder checks that the holder of the old pair authorised its renewal by a signature of the Ukey, and that the
// pair gave the power to at a moment: the request names just this signature, which the old sign key made over
// ToSignRenew of the authorisation, while the sign certificate held and was one for signatures. Whether its issuer is
// trusted and whether it was revoked is the caller's to ask. Fails with Forbidden "holder_signature_wrong", Conflict
// "holder_certificate_expired".
func VerifyHolder(a Authorisation, r Request, o Old, signature []byte, now time.Time) error {
	key, err := sm2Key(o.Sign.PublicKey)
	if err != nil || r.Proof != SM3(signature).Hex() || o.Sign.KeyUsage&smx509.KeyUsageDigitalSignature == 0 ||
		VerifyProof(key, ToSignRenew(a.Canonical(), nil), signature) != nil {
		return &fault.Error{Kind: fault.Forbidden, Key: "holder_signature_wrong", Cause: err}
	}
	if a.Term.Rule != RuleValid || now.Before(o.Sign.NotBefore) || now.After(o.Sign.NotAfter) {
		return fault.New(fault.Conflict, "holder_certificate_expired", nil)
	}
	return nil
}
