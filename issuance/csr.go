package issuance

import (
	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// CSRFacts are what a CSR says, for people to read.
type CSRFacts struct {
	Subject string // a suggestion, no more: what stands in the certificate comes from the old one
	KeyID   string // SM3 of the public key as we write it, hex
	SM3     string // of the DER, hex
}

// ReadCSR reads a CSR for display. Fails like cert.ParseCSR.
func ReadCSR(raw []byte) (CSRFacts, error) {
	c, err := cert.ParseCSR(raw)
	if err != nil {
		return CSRFacts{}, err
	}
	return CSRFacts{Subject: nameText(c.Subject), KeyID: cert.SM3(c.SPKI).Hex(), SM3: cert.SM3(c.DER).Hex()}, nil
}

// NewKey reads the CSR that a driver brought for a pair's renewal and returns its DER. Fails like cert.ParseCSR, and with
// Invalid "csr_key_kept" where the key is one the pair has already.
func (s *Service) NewKey(p Pair, raw []byte) ([]byte, error) {
	c, err := cert.ParseCSR(raw)
	if err != nil {
		return nil, err
	}
	old, err := cert.ParseOld(p.DER())
	if err != nil {
		return nil, err
	}
	sign, enc, err := old.Keys()
	if err != nil {
		return nil, err
	}
	if sign.Equal(c.Key) || enc.Equal(c.Key) {
		return nil, fault.New(fault.Invalid, "csr_key_kept", nil)
	}
	return c.DER, nil
}
