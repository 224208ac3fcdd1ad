package issuance

import "caconsole/issuance/cert"

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
