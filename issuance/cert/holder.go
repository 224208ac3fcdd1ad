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
// ToSignRenew of the authorisation and of the CSR that comes with it (nil without one), while the sign certificate held and was one for signatures. Whether its issuer is
// trusted and whether it was revoked is the caller's to ask. Fails with Forbidden "holder_signature_wrong", Conflict
// "holder_certificate_expired".
func VerifyHolder(a Authorisation, r Request, o Old, csr, signature []byte, now time.Time) error {
	if err := verifyOldKey(r, o, ToSignRenew(a.Canonical(), csr), signature); err != nil {
		return err
	}
	if a.Term.Rule != RuleValid || now.Before(o.Sign.NotBefore) || now.After(o.Sign.NotAfter) {
		return fault.New(fault.Conflict, "holder_certificate_expired", nil)
	}
	return nil
}

// VerifyCollect checks that the Ukey that holds the old sign key brought a CSR: the request names just this signature,
// which the old sign key made over ToSignCollect. It authorises nothing, so an expired certificate will do. id and nonce
// are those of the update in which the CSR came. Fails with Forbidden "holder_signature_wrong".
func VerifyCollect(r Request, o Old, id, nonce string, csr, signature []byte) error {
	if !IsID(id) || len(csr) == 0 {
		return fault.New(fault.Forbidden, "holder_signature_wrong", nil)
	}
	return verifyOldKey(r, o, ToSignCollect(id, nonce, csr), signature)
}

func verifyOldKey(r Request, o Old, msg, signature []byte) error {
	key, err := sm2Key(o.Sign.PublicKey)
	if err != nil || r.Proof != SM3(signature).Hex() || o.Sign.KeyUsage&smx509.KeyUsageDigitalSignature == 0 || VerifyProof(key, msg, signature) != nil {
		return &fault.Error{Kind: fault.Forbidden, Key: "holder_signature_wrong", Cause: err}
	}
	return nil
}
